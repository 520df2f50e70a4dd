// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Waits for the fences of readers and writers, and leaves out those of bookkeeping.
///
/// ```diff
///   try await dmabuf.invalidateMappings()
/// - try await dmabuf.reservation.wait(.bookkeep)
/// + try await dmabuf.reservation.wait(.read)
/// ```
struct WaitsForReaders: VfioDmaBufDriver {
  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
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
      try await dmabuf.reservation.wait(.read)  // dma_resv_wait_timeout
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
}
