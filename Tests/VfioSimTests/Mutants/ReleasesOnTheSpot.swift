// SPDX-License-Identifier: GPL-2.0-only

import VfioSim

@testable import DmabufModel

/// Releases a buffer after its last reference in place, and not as task work.
///
/// ```diff
///   try await vdev.driver.applyRevoke(buffer, revoked: revoked, permanently: false)
/// - try await buffer.dmabuf.put()
/// + if try await buffer.dmabuf.core.references.put(file: #fileID, line: #line) { try await buffer.dmabuf.finalPut() }
/// ```
struct ReleasesOnTheSpot: VfioDmaBufDriver {
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try vdev.memoryLock.assertHeldWrite()  // lockdep_assert_held_write
    // A fault looks at the status under this lock as well: it is either through already, or sees the new status.
    for buffer in try await vdev.dmabufs.all() {  // list_for_each_entry_safe
      guard try await buffer.dmabuf.getActive() else {  // get_file_active
        vdev.kernel.sometimes("the walk passed over a dying buffer")
        continue
      }
      try await vdev.driver.applyRevoke(buffer, revoked: revoked, permanently: false)  // __vfio_pci_dma_buf_revoke
      if try await buffer.dmabuf.core.references.put(file: #fileID, line: #line) { try await buffer.dmabuf.finalPut() }
    }
  }
}
