// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// Where the regions of a VFIO device lie in its file: each BAR, the ROM and the configuration space 2^40 bytes apart.
public enum VfioRegion {
  /// The index of the configuration space.
  ///
  /// The corresponding C constant is `VFIO_PCI_CONFIG_REGION_INDEX`.
  public static let config = 7

  /// The offset of a region in the file, in bytes.
  ///
  /// The corresponding C macro is `VFIO_PCI_INDEX_TO_OFFSET`.
  public static func offset(of index: Int) -> UInt64 { UInt64(index) << 40 }
}

extension VfioPciDevice {
  /// Maps a BAR: exports a buffer over it that nobody has a descriptor of, and puts it behind the area.
  ///
  /// Runs with `mmap_lock` held for writing, and takes `memory_lock` for writing under it. The buffer keeps the device's
  /// file open. Semantics §12.4, VF23. The corresponding C functions are `vfio_pci_core_mmap` and
  /// `vfio_pci_core_mmap_prep_dmabuf`.
  func mmapBar(
    _ request: MmapRequest, _ deviceFile: VfioDeviceFile
  ) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    let index = Int(request.pageOffset >> 28)
    let pageOffset = request.pageOffset & (1 << 28 - 1)
    guard request.flags.contains(.shared), index < PciBar.romIndex, let bar = pci.bar(index) else {
      return .failure(.invalidArgument)
    }
    // A small BAR needs a page of its own, or the area would show its neighbours.
    guard bar.bar.size >= Page.size || Page.isAligned(bar.bar.address) else { return .failure(.invalidArgument) }
    let size = Page.alignUp(bar.bar.size)
    let start = pageOffset * Page.size
    if start >= size || request.length > size - start { return .failure(.invalidArgument) }

    // The buffer begins where the BAR does, so that the offset of the area is an offset into the buffer.
    let ranges = [PhysicalRange(address: bar.bar.address, length: start + request.length)]
    switch try await revision.export(self, ranges, bar, flags: .readWrite, deviceFile: deviceFile) {
    case .failure(let errno): return .failure(errno)
    case .success(let buffer):
      return .success(
        AreaSetup(
          operations: VfioPciAreaOperations(buffer), flags: .barMapping, file: buffer.dmabuf, pageOffset: pageOffset))
    }
  }

  /// Reads from a BAR for the user, as `pread` on the device's file does.
  ///
  /// May sleep; takes `memory_lock` for reading. Semantics VF24. The corresponding C function is `vfio_pci_core_ioread32`.
  ///
  /// - Returns: The value, `Errno.invalidArgument` for a place outside of the BAR, `Errno.ioError` while the memory is
  ///   off.
  public func readBar(
    _ index: Int, at offset: UInt64, width: Int = 4
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    guard let bar = pci.bar(index), width > 0, offset < bar.bar.size, UInt64(width) <= bar.bar.size - offset else {
      return .failure(.invalidArgument)
    }
    try await memoryLock.downRead()  // down_read
    let isEnabled = try await isMemoryEnabled()  // __vfio_pci_memory_enabled
    let value = isEnabled ? try await bar.read(at: offset, width: width) : 0
    try await memoryLock.upRead()  // up_read
    return isEnabled ? .success(value) : .failure(.ioError)
  }

  /// Writes to a BAR for the user, as `pwrite` on the device's file does.
  ///
  /// May sleep; takes `memory_lock` for reading. Semantics VF24. The corresponding C function is
  /// `vfio_pci_core_iowrite32`.
  ///
  /// - Returns: `Errno.invalidArgument` for a place outside of the BAR, `Errno.ioError` while the memory is off.
  public func writeBar(
    _ index: Int, at offset: UInt64, width: Int = 4, _ value: UInt64
  ) async throws(KernelFault) -> Errno? {
    guard let bar = pci.bar(index), width > 0, offset < bar.bar.size, UInt64(width) <= bar.bar.size - offset else {
      return .invalidArgument
    }
    try await memoryLock.downRead()  // down_read
    let isEnabled = try await isMemoryEnabled()  // __vfio_pci_memory_enabled
    if isEnabled { try await bar.write(at: offset, width: width, value) }
    try await memoryLock.upRead()  // up_read
    return isEnabled ? nil : .ioError
  }
}
