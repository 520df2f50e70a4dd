// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension VfioPciDevice {
  /// Exports ranges of a BAR as a buffer, with a descriptor.
  ///
  /// May sleep. The checks come in the order of semantics §8.4. The corresponding C function is
  /// `vfio_pci_core_feature_dma_buf`.
  ///
  /// - Returns: The descriptor, or `Errno.invalidArgument`, `Errno.noSuchDevice`, `Errno.overflow` or
  ///   `Errno.tooManyOpenFiles`.
  public func featureDmaBuf(
    _ feature: DmaBufFeature, _ process: Process
  ) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    if feature.ranges.isEmpty || feature.flags != 0 { return .failure(.invalidArgument) }
    // A BAR without an address could not be claimed when the device was opened.
    guard (0..<PciBar.romIndex).contains(feature.regionIndex), let region = pci.function.bars[feature.regionIndex],
      region.isAssigned
    else { return .failure(.noSuchDevice) }
    if let errno = Self.checkLengths(feature.ranges) { return .failure(errno) }
    guard let bar = pci.bar(feature.regionIndex) else { return .failure(.invalidArgument) }  // pcim_p2pdma_provider
    var ranges: [PhysicalRange] = []
    for range in feature.ranges {
      let (start, overflows) = region.address.addingReportingOverflow(range.address)
      let (end, overflowsToo) = start.addingReportingOverflow(range.length)
      if overflows || overflowsToo { return .failure(.overflow) }
      if end > region.address + region.size { return .failure(.invalidArgument) }
      ranges.append(PhysicalRange(address: start, length: range.length))
    }
    let buffer: VfioPciDmaBuf
    switch try await revision.export(self, ranges, bar, flags: feature.openFlags, deviceFile: nil) {
    case .success(let exported): buffer = exported
    case .failure(let errno): return .failure(errno)
    }
    let installed = try await process.files.install(buffer.dmabuf)  // dma_buf_fd
    if case .failure = installed { try await buffer.dmabuf.put() }  // dma_buf_put
    return installed
  }

  /// Answers the request to revoke a buffer.
  ///
  /// The corresponding C function is `vfio_pci_ioctl_dmabuf_revoke`.
  ///
  /// - Returns: `Errno.badAddress` for an argument that cannot be read, `Errno.invalidArgument` for one that is too
  ///   short, what the revoke answers, or nothing.
  func ioctlDmaBufRevoke(
    _ argument: UserArgument<DmaBufRevoke>, _ process: Process
  ) async throws(KernelFault) -> Errno? {
    guard case .value(let revoke) = argument else { return .badAddress }  // copy_from_user
    if revoke.argumentSize < DmaBufRevoke.minimumSize { return .invalidArgument }
    return try await revision.revoke(self, FileDescriptor(bitPattern: revoke.descriptor), of: process)
  }

  /// Each range must be whole pages, and their sum a size that a file can have.
  private static func checkLengths(_ ranges: [PhysicalRange]) -> Errno? {
    var sum: UInt64 = 0
    for range in ranges {
      let isAligned = range.address % Page.size == 0 && range.length % Page.size == 0
      let (longer, overflows) = sum.addingReportingOverflow(range.length)
      if range.length == 0 || !isAligned || overflows || longer > UInt64(Int64.max) { return .invalidArgument }
      sum = longer
    }
    return nil
  }
}
