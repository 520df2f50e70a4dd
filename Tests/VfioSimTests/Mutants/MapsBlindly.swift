// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Maps without a look at the status.
///
/// ```diff
///   try buffer.dmabuf.reservation.assertHeld()
/// - if try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
/// ```
struct MapsBlindly: VfioDmaBufDriver {
  func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try buffer.dmabuf.reservation.assertHeld()  // dma_resv_assert_held
    let table = ScatterTable(buffer.kernel, buffer.ranges)  // dma_buf_phys_vec_to_sgt
    try await buffer.kref.get()  // kref_get
    return .success(table)
  }
}
