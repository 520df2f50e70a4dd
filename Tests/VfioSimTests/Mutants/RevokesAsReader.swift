// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Takes `memory_lock` as a reader, as the drafts before the first posting did.
///
/// ```diff
///   if let buffer = VfioPciDmaBuf(dmabuf) {
/// - try await vdev.memoryLock.downWrite()
/// + try await vdev.memoryLock.downRead()
///   }
/// - try await vdev.memoryLock.upWrite()
/// + try await vdev.memoryLock.upRead()
/// ```
struct RevokesAsReader: VfioDmaBufDriver {
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
}
