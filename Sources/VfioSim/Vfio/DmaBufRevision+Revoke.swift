// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension DmaBufRevision {
  /// Revokes a buffer, or ends a temporary revoke.
  ///
  /// `memory_lock` must be held for writing, and the caller must own a reference on the buffer. Sleeps until every fence
  /// is signalled and every importer has unmapped, however long that takes, and nothing ends the wait. Semantics §12.6.
  /// The corresponding C function is `__vfio_pci_dma_buf_revoke`.
  ///
  /// - Parameters:
  ///   - buffer: The buffer.
  ///   - revoked: Whether the buffer is to be revoked; else a temporary revoke ends.
  ///   - permanently: Whether for good.
  public func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
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
    try await dmabuf.reservation.unlock()  // dma_resv_unlock
    if revoked {
      if try await buffer.kref.put() { try await buffer.comp.complete() }  // kref_put, vfio_pci_dma_buf_done
      try await buffer.comp.wait()  // wait_for_completion
      try await dmabuf.mapping.unmapMappingRange(start: 0, length: dmabuf.size)  // unmap_mapping_range
    } else {
      // The drain took the count to zero, and nothing has been mapped since.
      try await buffer.kref.reset()  // kref_init
      try await buffer.comp.reset()  // reinit_completion
      try await dmabuf.reservation.lock()  // dma_resv_lock
      try await buffer.status.store(.ok)
      try await dmabuf.reservation.unlock()  // dma_resv_unlock
    }
  }

  /// Revokes every buffer of a device temporarily, or ends that, one after the other.
  ///
  /// `memory_lock` must be held for writing. A buffer whose last reference is gone is passed over: its release will take
  /// it off the list. Semantics §12.7. The corresponding C function is `vfio_pci_dma_buf_move`.
  public func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try vdev.memoryLock.assertHeldWrite()  // lockdep_assert_held_write
    for buffer in try await vdev.dmabufs.all() {  // list_for_each_entry_safe
      guard try await buffer.dmabuf.getActive() else {  // get_file_active
        vdev.kernel.sometimes("the walk passed over a dying buffer")
        continue
      }
      try await vdev.revision.revoke(buffer, revoked: revoked, permanently: false)  // __vfio_pci_dma_buf_revoke
      try await buffer.dmabuf.put()  // fput
    }
  }

  /// Revokes one buffer for good, on request of the one who holds the device.
  ///
  /// May sleep; takes `memory_lock` for writing. Semantics §12.8. The corresponding C function is
  /// `vfio_pci_dma_buf_revoke`.
  ///
  /// - Returns: `Errno.badFileDescriptor` for no open file, `Errno.invalidArgument` for no DMABUF,
  ///   `Errno.noSuchDevice` for a buffer that is not of this open device, `Errno.badFileDescriptorState` for one that
  ///   is revoked for good already, or nothing.
  public func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: Process
  ) async throws(KernelFault) -> Errno? {
    let dmabuf: DmaBuf
    switch try await process.files.dmaBuf(descriptor) {  // dma_buf_get
    case .success(let found): dmabuf = found
    case .failure(let errno): return errno
    }

    // Another exporter's buffer is none of this driver's business.
    guard let buffer = VfioPciDmaBuf(dmabuf) else {
      try await dmabuf.put()  // dma_buf_put
      return .noSuchDevice
    }

    var errno: Errno?
    try await vdev.memoryLock.downWrite()  // scoped_guard(rwsem_write)
    let owner = try await buffer.vdev.load()
    if owner == nil || owner !== vdev {
      errno = .noSuchDevice
    } else if try await buffer.status.load() == .permanentlyRevoked {
      errno = .badFileDescriptorState
    } else {
      try await vdev.revision.revoke(buffer, revoked: true, permanently: true)  // __vfio_pci_dma_buf_revoke
    }
    try await vdev.memoryLock.upWrite()

    try await dmabuf.put()  // dma_buf_put
    return errno
  }
}
