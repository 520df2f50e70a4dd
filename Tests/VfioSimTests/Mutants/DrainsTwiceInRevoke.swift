// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Drains again when a temporary revoke becomes a permanent one, as the second draft did.
///
/// ```diff
///   try await dmabuf.reservation.lock()
/// - let wasRevoked = try await buffer.status.load() != .ok
///   if revoked { try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked) }
/// - if wasRevoked && revoked {
/// - try await dmabuf.reservation.unlock()
/// - return
/// - }
/// ```
struct DrainsTwiceInRevoke: VfioDmaBufDriver {
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
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
    if revoked { try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked) }

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
