// SPDX-License-Identifier: GPL-2.0-only

// The device: what the user asks of its file, and page faults, in the order of vfio_pci_core.c.

public import DmabufModel

// MARK: Open and close

extension VfioPciDevice {
  /// Prepares the function for its user.
  ///
  /// - Context: Waits for nothing. `dev_set->lock` must be held, which is not checked.
  ///
  /// The corresponding C function is `vfio_pci_core_enable`.
  func coreEnable() async throws(KernelFault) {
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    try await pci.clearMaster()  // pci_clear_master
    try await pci.enable()  // pci_enable_device
    try await virtualConfig.fill(try await pci.decode.readCommand())  // vfio_config_init
  }

  /// Disables the function after its last user.
  ///
  /// - Context: Waits for nothing. `dev_set->lock` must be held, which is not checked (semantics VF8).
  ///
  /// The corresponding C function is `vfio_pci_core_disable`.
  func coreDisable() async throws(KernelFault) {
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    try await pci.clearMaster()  // pci_clear_master
    try await virtualConfig.clear()  // vfio_config_free
    let command = try await pci.decode.readCommand()  // pci_disable_device
    try await pci.decode.writeCommand(command.subtracting([.memory, .master]))
  }
}

// MARK: ioctl

extension VfioPciDevice {
  /// Resets the function.
  ///
  /// It revokes before the function is brought to D0, as the first posting has it (semantics V8, §12.13).
  ///
  /// - Returns: `Errno.invalidArgument` for a function that cannot be reset alone, or nothing.
  /// - Context: May sleep for `memory_lock`, which it takes for writing and holds until every importer has unmapped.
  ///   Neither that lock nor a reservation lock may be held.
  ///
  /// The corresponding C function is `vfio_pci_ioctl_reset`.
  public func reset() async throws(KernelFault) -> Errno? {
    guard pci.function.hasFunctionLevelReset else { return .invalidArgument }  // vdev->reset_works
    try await lockAndRevoke()  // vfio_pci_lock_zap_revoke_bars
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    let errno = try await pci.tryReset()  // pci_try_reset_function
    try await unrevokeIfEnabled()  // vfio_pci_unrevoke_bars
    try await memoryLock.upWrite()  // up_write
    return errno
  }

  /// Answers the request to revoke a buffer.
  ///
  /// The corresponding C function is `vfio_pci_ioctl_dmabuf_revoke`.
  ///
  /// - Returns: `Errno.badAddress` for an argument that cannot be read, `Errno.invalidArgument` for one that is too
  ///   short, what the revoke answers, or nothing.
  func ioctlDmaBufRevoke(
    _ argument: UserArgument<RevokeArguments>, _ process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    guard case .value(let revoke) = argument else { return .badAddress }  // copy_from_user
    if revoke.argumentSize < RevokeArguments.minimumSize { return .invalidArgument }
    return try await driver.revoke(self, FileDescriptor(rawValue: Int32(bitPattern: revoke.descriptor)), of: process)
  }
}

extension VfioDeviceFile {
  /// Answers the requests of a VFIO device.
  ///
  /// - Returns: Zero, a descriptor, `Errno.notATerminal` for a request of another kind, or what the request answers.
  /// - Context: May sleep for `memory_lock`, which a request takes for writing; a reset and a revoke hold it until
  ///   every importer has unmapped. No lock may be held.
  ///
  /// The corresponding C function is `vfio_pci_core_ioctl`.
  public func ioctl(
    _ request: any IoctlRequest, by process: UserProcess
  ) async throws(KernelFault) -> Result<Int, Errno> {
    guard let request = request as? VfioDeviceRequest else { return .failure(.notATerminal) }
    switch request {
    case .reset:
      if let errno = try await device.reset() { return .failure(errno) }
      return .success(0)
    case .featureDmaBuf(let feature):
      return try await device.featureDmaBuf(feature, process).map { Int($0.rawValue) }
    case .dmaBufRevoke(let argument):
      if let errno = try await device.ioctlDmaBufRevoke(argument, process) { return .failure(errno) }
      return .success(0)
    }
  }
}

// MARK: The lock that keeps the memory on

extension VfioPciDevice {
  /// Takes `memory_lock` for writing and revokes every buffer, before the device's memory goes away.
  ///
  /// Undone by ``unrevokeIfEnabled()`` and the release of the lock.
  ///
  /// - Context: May sleep for `memory_lock`, and under it until every importer has unmapped.
  ///
  /// The corresponding C function is `vfio_pci_lock_zap_revoke_bars`.
  func lockAndRevoke() async throws(KernelFault) {
    try await memoryLock.downWrite()  // down_write
    try await driver.move(self, revoked: true)  // vfio_pci_dma_buf_move
  }

  /// Makes buffers usable again if the device's memory is on.
  ///
  /// - Context: May sleep until every fence is signalled. `memory_lock` must be held for writing.
  ///
  /// The corresponding C function is `vfio_pci_unrevoke_bars`.
  func unrevokeIfEnabled() async throws(KernelFault) {
    if try await isMemoryEnabled() { try await driver.move(self, revoked: false) }  // __vfio_pci_memory_enabled, move
  }
}

// MARK: Page faults

extension VfioPciDevice {
  /// Inserts a page of a BAR into the page table of a faulting area, if the device's memory is on.
  ///
  /// - Returns: `FaultResult.sigbus` while the memory is off, else what the insertion answers.
  /// - Context: Waits for nothing. `memory_lock` must be held for reading, or it is a finding (semantics F11, F12).
  ///
  /// The corresponding C function is `vfio_pci_vmf_insert_pfn`.
  public func insertPfn(
    _ fault: PageFault, _ pfn: Pfn, _ order: PageOrder, _ bar: BarMemory
  ) async throws(KernelFault) -> FaultResult {
    try memoryLock.assertHeldRead()  // lockdep_assert_held_read
    guard try await isMemoryEnabled() else { return .sigbus }  // __vfio_pci_memory_enabled
    return try await fault.area.insert(pfn, at: fault.address, order: order, of: bar)  // vmf_insert_pfn…
  }
}

extension VfioDmaBufDriver {
  /// Answers a page fault: looks at the buffer, makes sure that the device stays, and inserts the page.
  ///
  /// It looks twice: first under the reservation lock, to get the device, then under `memory_lock`, because a whole
  /// revoke may have run between the two. The two locks are never held together (semantics §12.1).
  ///
  /// - Returns: `FaultResult.sigbus` for a buffer that is revoked or a device whose memory is off, and
  ///   `FaultResult.fallback` for a page that does not fit.
  /// - Context: Runs with the lock of the area or `mmap_lock` held for reading. May sleep for the reservation lock and,
  ///   after it has unlocked that, for `memory_lock`, which it takes for reading.
  ///
  /// The corresponding C function is `vfio_pci_mmap_huge_fault`.
  public func fault(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    let reservation = buffer.dmabuf.reservation
    var result = FaultResult.sigbus

    try await reservation.lock()  // dma_resv_lock
    let device = try await buffer.vdev.loadOnce()
    let status = try await buffer.status.loadOnce()
    guard status == .ok, let vdev = device else {
      buffer.kernel.printk(
        .debug,
        "vfio_pci_mmap_huge_fault VA \(hex(fault.address)), pgoff \(hex(fault.area.pageOffset)): "
          + "DMABUF revoked/cleaned up")
      try await reservation.unlock()  // dma_resv_unlock
      return .sigbus
    }

    // As long as the registration is held the device cannot be unregistered, and its memory_lock stays.
    guard try await vdev.tryGetRegistration() else {  // vfio_device_try_get_registration
      try buffer.kernel.warn("vfio_pci_mmap_huge_fault: a usable buffer of a device that is gone")
      try await reservation.unlock()  // dma_resv_unlock
      return .sigbus
    }
    try await reservation.unlock()  // dma_resv_unlock

    try await vdev.memoryLock.downRead()  // scoped_guard(rwsem_read)
    if try await buffer.status.loadOnce() == .ok {
      switch try buffer.findPfn(fault, order) {  // vfio_pci_dma_buf_find_pfn
      case .found(let pfn): result = try await vdev.insertPfn(fault, pfn, order, buffer.bar)
      case .tryAgainSmaller: result = .fallback
      case .outside: result = .sigbus
      }
    } else {
      buffer.kernel.sometimes("fault: revoked in the gap")
    }
    try await vdev.memoryLock.upRead()

    try await vdev.putRegistration()  // vfio_device_put_registration
    return result
  }
}

extension AreaFlags {
  /// What VFIO sets on every area that maps a BAR (semantics §12.4, step 10).
  static let barMapping: AreaFlags = [.io, .pfnMap, .dontExpand, .dontDump]
}

/// The operations of an area behind which a buffer stands.
///
/// The corresponding C variable is `vfio_pci_mmap_ops`.
final class VfioPciAreaOperations: VirtualMemoryOperations {
  private let buffer: VfioPciDmaBuf

  init(_ buffer: VfioPciDmaBuf) { self.buffer = buffer }

  func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    try await buffer.driver.fault(buffer, fault, order: order)
  }

  /// The corresponding C function is `vfio_pci_mmap_page_fault`.
  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult {
    try await buffer.driver.fault(buffer, fault, order: .page)
  }
}

// MARK: mmap

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
  /// Maps a BAR: exports a buffer over it that has no descriptor, and makes it the file of the area.
  ///
  /// The buffer keeps the device's file open (semantics §12.4, VF23).
  ///
  /// - Context: Runs with `mmap_lock` held for writing. May sleep for `memory_lock`, which it takes for writing.
  ///
  /// The corresponding C functions are `vfio_pci_core_mmap` and `vfio_pci_core_mmap_prep_dmabuf`.
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
    switch try await driver.export(self, ranges, bar, flags: .readWrite, deviceFile: deviceFile) {
    case .failure(let errno): return .failure(errno)
    case .success(let buffer):
      return .success(
        AreaSetup(
          operations: VfioPciAreaOperations(buffer), flags: .barMapping, file: buffer.dmabuf, pageOffset: pageOffset))
    }
  }
}
