// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Takes `memory_lock` as a reader, and nothing in the revoke asserts the lock.
///
/// ```diff
///   let dmabuf = buffer.dmabuf
/// - guard let vdev = try await buffer.vdev.load() else {
/// + guard try await buffer.vdev.load() != nil else {
///   }
/// - try vdev.memoryLock.assertHeldWrite()
///   if let buffer = VfioPciDmaBuf(dmabuf) {
/// - try await vdev.memoryLock.downWrite()
/// + try await vdev.memoryLock.downRead()
///   }
/// - try await vdev.memoryLock.upWrite()
/// + try await vdev.memoryLock.upRead()
/// ```
struct RevokesAsReaderUnasserted: VfioDmaBufDriver {
  func revoke(
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
      try await vdev.memoryLock.downRead()  // scoped_guard(rwsem_read)
      // The lock is more than is needed: cleanup, which writes the device, cannot run while the caller has it open.
      let owner = try await buffer.vdev.loadOnce()
      if owner == nil || owner !== vdev {
        errno = .noSuchDevice
      } else if try await buffer.status.load() == .permanentlyRevoked {
        errno = .badFileDescriptorState
      } else {
        try await vdev.driver.applyRevoke(buffer, revoked: true, permanently: true)  // __vfio_pci_dma_buf_revoke
      }
      try await vdev.memoryLock.upRead()
    } else {
      errno = .noSuchDevice
    }

    try await dmabuf.put()  // dma_buf_put
    return errno
  }

  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let dmabuf = buffer.dmabuf
    guard try await buffer.vdev.load() != nil else {
      throw buffer.kernel.fail(.oops, "NULL pointer dereference of priv->vdev in __vfio_pci_dma_buf_revoke")
    }

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
      // Nothing was mapped while the buffer was revoked, so there is nobody to wait for.
      try await buffer.comp.reset()  // reinit_completion
      try await dmabuf.reservation.lock()  // dma_resv_lock
      try await buffer.status.store(.ok)
      try await dmabuf.reservation.unlock()  // dma_resv_unlock
    }
  }
}
