// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// What a process does with a VFIO device, as system calls.
extension UserProcess {
  /// Opens a device.
  ///
  /// - Returns: The device's descriptor, `Errno.invalidArgument` if it is open already, `Errno.noSuchDevice` if it goes
  ///   away, or `Errno.tooManyOpenFiles`.
  /// - Context: A system call. May sleep for `dev_set->lock`, which it takes. No lock may be held: put-off work runs at
  ///   its end. Undone by `UserProcess.close(_:)`.
  ///
  /// The corresponding system call is `open` of `/dev/vfio/devices/vfioN`, with its binding.
  public func open(_ device: VfioPciDevice) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    switch try await VfioDeviceFile.open(device) {
    case .failure(let errno): return .failure(errno)
    case .success(let file):
      let installed = try await files.install(file)
      if case .failure = installed { try await file.put() }
      try await kernel.returnToUserMode()
      return installed
    }
  }

  /// Exports a part of a BAR as a buffer.
  ///
  /// - Parameters:
  ///   - device: The device's descriptor.
  ///   - bar: The BAR.
  ///   - offset: Where in the BAR the buffer starts, in bytes.
  ///   - length: The length in bytes.
  ///   - flags: The mode in which the buffer's file is open.
  /// - Returns: The buffer's descriptor, or what is wrong (semantics §8.4).
  /// - Context: A system call. May sleep for `memory_lock`, which it takes for writing. No lock may be held: put-off
  ///   work runs at its end. Undone by `UserProcess.close(_:)`.
  ///
  /// The corresponding system call is `ioctl` with `VFIO_DEVICE_FEATURE` and `VFIO_DEVICE_FEATURE_DMA_BUF`.
  public func exportDmaBuf(
    _ device: FileDescriptor, bar: Int, offset: UInt64 = 0, length: UInt64 = Page.size, flags: OpenFlags = .readWrite
  ) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    let range = PhysicalRange(address: offset, length: length)
    let feature = ExportArguments(region: bar, ranges: [range], openFlags: flags)
    return try await ioctl(device, VfioDeviceRequest.featureDmaBuf(feature)).map {
      FileDescriptor(rawValue: Int32(truncatingIfNeeded: $0))
    }
  }

  /// Revokes a buffer for good.
  ///
  /// - Returns: What is wrong (semantics §12.8), or nothing.
  /// - Context: A system call. May sleep for `memory_lock`, which it takes for writing and holds until every importer
  ///   has unmapped. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `ioctl` with `VFIO_DEVICE_PCI_DMABUF_REVOKE`.
  @discardableResult
  public func revokeDmaBuf(
    _ dmabuf: FileDescriptor, on device: FileDescriptor
  ) async throws(KernelFault) -> Errno? {
    let request = VfioDeviceRequest.dmaBufRevoke(.value(RevokeArguments(descriptor: dmabuf)))
    return try await ioctl(device, request).failure
  }

  /// Resets a device.
  ///
  /// - Returns: `Errno.invalidArgument` for a function that cannot be reset alone, `Errno.badFileDescriptor`, or
  ///   nothing.
  /// - Context: A system call. May sleep for `memory_lock`, which it takes for writing and holds until every importer
  ///   has unmapped. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `ioctl` with `VFIO_DEVICE_RESET`.
  @discardableResult
  public func reset(_ device: FileDescriptor) async throws(KernelFault) -> Errno? {
    try await ioctl(device, VfioDeviceRequest.reset).failure
  }

  /// Writes the command register of a device.
  ///
  /// - Returns: `Errno.badFileDescriptor`, `Errno.invalidArgument` for a file that is no device, or nothing.
  /// - Context: A system call. May sleep for `memory_lock`, which it takes for writing; without the memory bit it holds
  ///   it until every importer has unmapped. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `pwrite` at the configuration region.
  @discardableResult
  public func writeCommand(_ device: FileDescriptor, _ bits: CommandBits) async throws(KernelFault) -> Errno? {
    try await onDevice(device) { (open) async throws(KernelFault) in try await open.writeCommand(bits) }
  }

  /// Writes the power state of a device.
  ///
  /// - Returns: `Errno.badFileDescriptor`, `Errno.invalidArgument` for a file that is no device, or nothing.
  /// - Context: A system call. May sleep for `memory_lock`, which it takes for writing; for D3hot it holds it until
  ///   every importer has unmapped. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `pwrite` at the configuration region.
  @discardableResult
  public func writePowerState(_ device: FileDescriptor, _ state: PowerState) async throws(KernelFault) -> Errno? {
    try await onDevice(device) { (open) async throws(KernelFault) in try await open.lockAndSetPowerState(state) }
  }

  /// The buffer of a descriptor, with a reference, for an importer in the kernel (semantics DB4).
  ///
  /// - Returns: The buffer, `Errno.badFileDescriptor` for no open file, or `Errno.invalidArgument` for one that is no
  ///   DMABUF.
  /// - Context: Never sleeps and takes no lock. Undone by `File.put()`.
  public func importDmaBuf(_ descriptor: FileDescriptor) async throws(KernelFault) -> Result<DmaBuf, Errno> {
    try await files.dmaBuf(descriptor)  // dma_buf_get
  }

  private func onDevice(
    _ descriptor: FileDescriptor, _ body: (VfioPciDevice) async throws(KernelFault) -> Void
  ) async throws(KernelFault) -> Errno? {
    kernel.spend(.systemCall)
    guard let file = try await files.get(descriptor) else { return .badFileDescriptor }
    if let open = file as? VfioDeviceFile { try await body(open.device) }
    try await file.put()
    try await kernel.returnToUserMode()
    return file is VfioDeviceFile ? nil : .invalidArgument
  }
}

extension Result where Failure == Errno {
  /// The errno, if there is one.
  public var failure: Errno? {
    if case .failure(let errno) = self { return errno }
    return nil
  }
}
