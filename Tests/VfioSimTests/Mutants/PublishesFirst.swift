// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Says OK, then arms the count, then the completion.
///
/// ```diff
///   } else {
/// - try await buffer.kref.reset()
/// - try await buffer.comp.reset()
///   try await dmabuf.reservation.unlock()
/// + try await buffer.kref.reset()
/// + try await buffer.comp.reset()
/// ```
struct PublishesFirst: VfioDmaBufDriver {
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
      try await dmabuf.reservation.lock()  // dma_resv_lock
      try await buffer.status.store(.ok)
      try await dmabuf.reservation.unlock()  // dma_resv_unlock
      try await buffer.kref.reset()  // kref_init
      try await buffer.comp.reset()  // reinit_completion
    }
  }
}
