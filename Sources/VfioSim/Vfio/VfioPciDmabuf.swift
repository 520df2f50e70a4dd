// SPDX-License-Identifier: GPL-2.0-only

// The driver's part for buffers, as the first posting has it, in the order of vfio_pci_dmabuf.c.

public import DmabufModel

// MARK: What the buffer core calls

extension VfioDmaBufDriver {
  /// Looks at a device that wants to import the buffer (semantics §6.5).
  ///
  /// - Returns: `Errno.notSupported` without peer-to-peer or without a callback, `Errno.noSuchDevice` for a revoked
  ///   buffer, or nothing.
  /// - Context: Waits for nothing. The reservation lock is not held, so the status may be old: the map looks again.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_attach`.
  public func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    if !attachment.isPeerToPeer { return .notSupported }
    if try await buffer.status.load() != .ok { return .noSuchDevice }
    if !attachment.isRevocable { return .notSupported }  // dma_buf_attach_revocable
    return nil
  }

  /// Prepares a mapping by user code (semantics §12.5).
  ///
  /// - Returns: `Errno.noSuchDevice` for a revoked buffer, `Errno.invalidArgument` for a private mapping or one that is
  ///   too long, or what the area needs.
  /// - Context: Runs with `mmap_lock` held for writing; waits for nothing. The status may be old: a fault looks again.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_mmap`.
  public func mmap(
    _ buffer: VfioPciDmaBuf, _ request: MmapRequest
  ) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    if try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
    if !request.flags.contains(.shared) { return .failure(.invalidArgument) }
    let (start, overflows) = request.pageOffset.multipliedReportingOverflow(by: Page.size)
    if overflows || request.length > buffer.size || start > buffer.size - request.length {
      return .failure(.invalidArgument)
    }
    return .success(AreaSetup(operations: VfioPciAreaOperations(buffer), flags: .barMapping))
  }

  /// Makes the memory reachable for an importer, and counts the mapping (semantics §12.11).
  ///
  /// A status that is OK under the reservation lock stays so until it is unlocked, and a revoke that comes next waits
  /// for this mapping.
  ///
  /// - Returns: The mapping, or `Errno.noSuchDevice` for a revoked buffer.
  /// - Context: Waits for nothing. The reservation lock must be held, or it is a finding. Undone by ``unmap(_:_:_:)``.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_map`.
  public func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try buffer.dmabuf.reservation.assertHeld()  // dma_resv_assert_held
    if try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
    let table = ScatterTable(buffer.kernel, buffer.ranges)  // dma_buf_phys_vec_to_sgt
    try await buffer.kref.get()  // kref_get
    return .success(table)
  }

  /// Undoes a mapping; after the last one, of a buffer that is being revoked, it wakes the revoker.
  ///
  /// - Context: Waits for nothing. The reservation lock must be held, or it is a finding; the status may be any.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_unmap`.
  public func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    try buffer.dmabuf.reservation.assertHeld()  // dma_resv_assert_held
    try await table.free(buffer.kernel)  // dma_buf_free_sgt
    try await buffer.kref.put(buffer.done)  // kref_put
  }

  /// Takes a buffer back after its last reference (semantics §12.10).
  ///
  /// The device is read without a lock: cleanup needs a reference of its own, and the last one is gone.
  ///
  /// - Context: Runs as task work, without any lock. May sleep for `memory_lock`, which it takes for writing.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_release`.
  public func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    if let vdev = try await buffer.vdev.load() {
      try await vdev.memoryLock.downWrite()  // down_write
      try await vdev.dmabufs.remove(buffer)  // list_del_init
      try await vdev.memoryLock.upWrite()  // up_write
      try await vdev.putRegistration()  // vfio_device_put_registration
    }
    if let deviceFile = buffer.deviceFile { try await deviceFile.put() }  // fput
    try await buffer.kernel.free(buffer.allocation)  // kfree
  }
}

// MARK: Export

extension VfioDmaBufDriver {
  /// Makes a buffer and puts it on the device's list, with the status that the device's memory has at that moment.
  ///
  /// The caller owns the buffer's first reference. Undone by ``release(_:)``, after the last one (semantics §12.3).
  ///
  /// - Returns: The buffer, or `Errno.noSuchDevice` when the device is going away.
  /// - Context: May sleep for `memory_lock`, which it takes for writing, and under it for the reservation lock. Neither
  ///   may be held; `mmap_lock` may.
  ///
  /// The corresponding C function is `vfio_pci_dmabuf_export`.
  public func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    guard try await vdev.tryGetRegistration() else { return .failure(.noSuchDevice) }  // …_try_get_registration
    // dma_buf_export, kref_init, init_completion
    let buffer = VfioPciDmaBuf(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
    try await vdev.memoryLock.downWrite()  // down_write
    try await buffer.dmabuf.reservation.lock()  // dma_resv_lock
    let enabled = try await vdev.isMemoryEnabled()  // __vfio_pci_memory_enabled
    try await buffer.status.store(enabled ? .ok : .temporarilyRevoked)
    try await vdev.dmabufs.append(buffer)  // list_add_tail
    try await buffer.dmabuf.reservation.unlock()  // dma_resv_unlock
    try await vdev.memoryLock.upWrite()  // up_write
    return .success(buffer)
  }
}

extension VfioPciDevice {
  /// Exports ranges of a BAR as a buffer, with a descriptor; the checks come in the order of semantics §8.4.
  ///
  /// - Returns: The descriptor, or `Errno.invalidArgument`, `Errno.noSuchDevice`, `Errno.overflow` or
  ///   `Errno.tooManyOpenFiles`.
  /// - Context: May sleep for `memory_lock`, which it takes for writing, and the reservation lock. No lock may be held.
  ///
  /// The corresponding C function is `vfio_pci_core_feature_dma_buf`.
  public func featureDmaBuf(
    _ feature: ExportArguments, _ process: UserProcess
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
    switch try await driver.export(self, ranges, bar, flags: feature.openFlags, deviceFile: nil) {
    case .success(let exported): buffer = exported
    case .failure(let errno): return .failure(errno)
    }
    let installed = try await process.files.install(buffer.dmabuf)  // dma_buf_fd
    if case .failure = installed { try await buffer.dmabuf.put() }  // dma_buf_put
    return installed
  }

  /// Each range must be whole pages, and their sum a size that a file can have.
  ///
  /// The corresponding C function is `validate_dma_ranges`.
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

// MARK: Find a page

/// What lies at an address of an area, for a page of some order.
public enum PfnLookup: Sendable, Hashable {
  /// The page frame.
  case found(Pfn)
  /// A page of that order does not fit; a smaller one may.
  ///
  /// The corresponding C error is `-EAGAIN`.
  case tryAgainSmaller
  /// Nothing.
  ///
  /// The corresponding C error is `-EFAULT`.
  case outside
}

extension VfioPciDmaBuf {
  /// Finds what lies at a faulting address: pure arithmetic over the buffer's ranges.
  ///
  /// Any context. A huge page must lie in the area and in one range, and be aligned there as well. A single page that
  /// does not is a mistake of the driver, which has let the area be mapped: it warns (semantics §12.2).
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_find_pfn`.
  public func findPfn(_ fault: PageFault, _ order: PageOrder) throws(KernelFault) -> PfnLookup {
    let area = fault.area
    let page = order.size
    let low = fault.address & ~(page - 1)
    if low < area.start || page > area.end - low {
      if order > .page { return .tryAgainSmaller }
      try kernel.warn("vfio_pci_dma_buf_find_pfn: \(hex(fault.address)) is outside of its area")  // WARN
      return .outside
    }
    let (start, overflows) = area.pageOffset.multipliedReportingOverflow(by: Page.size)
    let (offset, overflowsToo) = start.addingReportingOverflow(low - area.start)
    if overflows || overflowsToo { return .outside }

    var base: UInt64 = 0
    for range in ranges {
      let (end, overflows) = offset.addingReportingOverflow(page)
      if overflows || end <= base { break }
      if offset >= base && end <= base &+ range.length {
        let frame = (range.address &+ (offset - base)) / Page.size
        return frame % (page / Page.size) == 0 ? .found(Pfn(rawValue: frame)) : .tryAgainSmaller
      }
      base &+= range.length
    }

    if order > .page { return .tryAgainSmaller }
    try kernel.warn("vfio_pci_dma_buf_find_pfn: \(hex(fault.address)) is in no range of the buffer")  // WARN_ONCE
    return .outside
  }
}

// MARK: Revoke

extension VfioPciDmaBuf {
  /// Wakes the thread that waits until no importer has a mapping.
  ///
  /// - Context: Atomic; any context. The last put of ``kref`` calls it.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_done`.
  public func done() async throws(KernelFault) {
    try await comp.complete()  // complete
  }
}

extension VfioDmaBufDriver {
  /// Revokes a buffer, or ends a temporary revoke (semantics §12.6).
  ///
  /// A temporary revoke is undone by a call without `revoked`; a permanent one by nothing.
  ///
  /// - Parameters:
  ///   - buffer: The buffer; the caller owns a reference to it.
  ///   - revoked: Whether the buffer is to be revoked; else a temporary revoke ends.
  ///   - permanently: Whether for good.
  /// - Context: May sleep for the reservation lock, until every fence is signalled, and in a revoke until every
  ///   importer has unmapped, without an end of its own. `memory_lock` must be held for writing, or it is a finding.
  ///
  /// The corresponding C function is `__vfio_pci_dma_buf_revoke`.
  public func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let dmabuf = buffer.dmabuf
    guard let vdev = try await buffer.vdev.load() else {
      throw buffer.kernel.fail(.oops, "NULL pointer dereference of priv->vdev in __vfio_pci_dma_buf_revoke")
    }
    try vdev.memoryLock.assertHeldWrite()  // lockdep_assert_held_write

    let status = try await buffer.status.load()
    if status == .permanentlyRevoked
      || (status == .ok && !revoked)
      || (status == .temporarilyRevoked && revoked && !permanently)
    {
      return
    }

    try await dmabuf.reservation.lock()  // dma_resv_lock
    let wasRevoked = try await buffer.status.load() != .ok

    if revoked { try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked) }

    // From temporary to permanent: everything was drained and zapped the first time.
    if wasRevoked && revoked {
      try await dmabuf.reservation.unlock()  // dma_resv_unlock
      return
    }

    try await dmabuf.invalidateMappings()  // dma_buf_invalidate_mappings
    try await dmabuf.reservation.wait(.bookkeep)  // dma_resv_wait_timeout
    // The importers that unmap need the lock, so it cannot be held while they are waited for.
    try await dmabuf.reservation.unlock()  // dma_resv_unlock
    if revoked {
      try await buffer.kref.put(buffer.done)  // kref_put
      try await buffer.comp.wait()  // wait_for_completion
      try await dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.size)  // unmap_mapping_range
    } else {
      // The revoke took the count to zero, so that it could wait for it.
      try await buffer.kref.reset()  // kref_init
      // Nothing was mapped while the buffer was revoked, so there is nothing to wait for.
      try await buffer.comp.reset()  // reinit_completion
      try await dmabuf.reservation.lock()  // dma_resv_lock
      try await buffer.status.store(.ok)
      try await dmabuf.reservation.unlock()  // dma_resv_unlock
    }
  }

  /// Revokes every buffer of a device temporarily, or ends that, one after the other (semantics §12.7).
  ///
  /// A buffer whose last reference is gone is passed over: its release removes it from the list.
  ///
  /// - Context: May sleep for each buffer as ``applyRevoke(_:revoked:permanently:)`` does. `memory_lock` must be held
  ///   for writing, or it is a finding.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_move`.
  public func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try vdev.memoryLock.assertHeldWrite()  // lockdep_assert_held_write
    // A fault looks at the status under this lock as well: it is either through already, or sees the new status.
    for buffer in try await vdev.dmabufs.all() {  // list_for_each_entry_safe
      guard try await buffer.dmabuf.getActive() else {  // get_file_active
        vdev.kernel.sometimes("the walk passed over a dying buffer")
        continue
      }
      try await vdev.driver.applyRevoke(buffer, revoked: revoked, permanently: false)  // __vfio_pci_dma_buf_revoke
      try await buffer.dmabuf.put()  // fput
    }
  }

  /// Revokes every buffer for good and removes it from the list, at the device's last close (semantics §12.9).
  ///
  /// A buffer whose last reference is gone is left to its release.
  ///
  /// - Context: Runs with `dev_set->lock` held. May sleep for `memory_lock`, which it takes for writing and holds until
  ///   every importer of every buffer has unmapped.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_cleanup`.
  public func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
    try await vdev.memoryLock.downWrite()  // down_write
    for buffer in try await vdev.dmabufs.all() {  // list_for_each_entry_safe
      let dmabuf = buffer.dmabuf
      guard try await dmabuf.getActive() else {  // get_file_active
        vdev.kernel.sometimes("the walk passed over a dying buffer")
        continue
      }

      try await dmabuf.reservation.lock()  // dma_resv_lock
      try await vdev.dmabufs.remove(buffer)  // list_del_init
      try await buffer.vdev.clear()
      let wasRevoked = try await buffer.status.load() != .ok
      try await buffer.status.store(.permanentlyRevoked)
      try await dmabuf.invalidateMappings()  // dma_buf_invalidate_mappings
      try await dmabuf.reservation.wait(.bookkeep)  // dma_resv_wait_timeout
      try await dmabuf.reservation.unlock()  // dma_resv_unlock

      // A buffer that was revoked before has been drained and zapped, and its count is at zero.
      if !wasRevoked {
        try await buffer.kref.put(buffer.done)  // kref_put
        try await buffer.comp.wait()  // wait_for_completion
        try await dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.size)  // unmap_mapping_range
      }
      try await vdev.putRegistration()  // vfio_device_put_registration
      try await dmabuf.put()  // fput
    }
    try await vdev.memoryLock.upWrite()  // up_write
  }

  /// Revokes one buffer for good, on request of the process that has the device open (semantics §12.8).
  ///
  /// - Returns: `Errno.badFileDescriptor` for no open file, `Errno.invalidArgument` for no DMABUF, `Errno.noSuchDevice`
  ///   for a buffer that is not of this open device, `Errno.badFileDescriptorState` for one that is revoked for good
  ///   already, or nothing.
  /// - Context: May sleep for `memory_lock`, which it takes for writing and holds until every importer has unmapped.
  ///   Neither that lock nor a reservation lock may be held.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_revoke`.
  public func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    let dmabuf: DmaBuf
    switch try await process.files.dmaBuf(descriptor) {  // dma_buf_get
    case .success(let found): dmabuf = found
    case .failure(let errno): return errno
    }

    var errno: Errno?
    // The buffer has to be one that VFIO has exported, and, see below, of this device.
    if let buffer = VfioPciDmaBuf(dmabuf) {
      try await vdev.memoryLock.downWrite()  // scoped_guard(rwsem_write)
      // The lock is more than is needed: cleanup, which writes the device, cannot run while the caller has it open.
      let owner = try await buffer.vdev.loadOnce()
      if owner == nil || owner !== vdev {
        errno = .noSuchDevice
      } else if try await buffer.status.load() == .permanentlyRevoked {
        errno = .badFileDescriptorState
      } else {
        try await vdev.driver.applyRevoke(buffer, revoked: true, permanently: true)  // __vfio_pci_dma_buf_revoke
      }
      try await vdev.memoryLock.upWrite()
    } else {
      errno = .noSuchDevice
    }

    try await dmabuf.put()  // dma_buf_put
    return errno
  }
}
