// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Takes a reference without a look whether the last one is gone.
///
/// ```diff
///   for buffer in try await vdev.dmabufs.all() {
/// - guard try await buffer.dmabuf.getActive() else {
/// - vdev.kernel.sometimes("the walk passed over a dying buffer")
/// - continue
/// - }
/// + try await buffer.dmabuf.get()
/// ```
struct Resurrects: VfioDmaBufDriver {
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try vdev.memoryLock.assertHeldWrite()  // lockdep_assert_held_write
    // A fault looks at the status under this lock as well: it is either through already, or sees the new status.
    for buffer in try await vdev.dmabufs.all() {  // list_for_each_entry_safe
      try await buffer.dmabuf.get()
      try await vdev.driver.applyRevoke(buffer, revoked: revoked, permanently: false)  // __vfio_pci_dma_buf_revoke
      try await buffer.dmabuf.put()  // fput
    }
  }
}
