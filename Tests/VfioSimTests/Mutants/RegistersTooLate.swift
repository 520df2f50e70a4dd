// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Looks under the reservation lock, and gets hold of the device when it has released that lock.
///
/// ```diff
///   }
/// - guard try await vdev.tryGetRegistration() else {
/// - try buffer.kernel.warn("vfio_pci_mmap_huge_fault: a usable buffer of a device that is gone")
/// - try await reservation.unlock()
/// - return .sigbus
/// - }
///   try await reservation.unlock()
/// + guard try await vdev.tryGetRegistration() else { return .sigbus }
/// ```
struct RegistersTooLate: VfioDmaBufDriver {
  func fault(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    let reservation = buffer.dmabuf.reservation
    var result = FaultResult.sigbus

    try await reservation.lock()  // dma_resv_lock
    let device = try await buffer.vdev.loadOnce()
    let status = try await buffer.status.loadOnce()
    guard status == .ok, let vdev = device else {
      buffer.kernel.printk(
        .debug,
        "vfio_pci_mmap_huge_fault VA \(hex(fault.address)), pgoff \(hex(fault.area.pageOffset)): "
          + "DMABUF revoked/cleaned up")
      try await reservation.unlock()  // dma_resv_unlock
      return .sigbus
    }

    try await reservation.unlock()  // dma_resv_unlock
    guard try await vdev.tryGetRegistration() else { return .sigbus }  // vfio_device_try_get_registration

    try await vdev.memoryLock.downRead()  // scoped_guard(rwsem_read)
    if try await buffer.status.loadOnce() == .ok {
      switch try buffer.findPfn(fault, order) {  // vfio_pci_dma_buf_find_pfn
      case .found(let pfn): result = try await vdev.insertPfn(fault, pfn, order, buffer.bar)
      case .tryAgainSmaller: result = .fallback
      case .outside: result = .sigbus
      }
    } else {
      buffer.kernel.sometimes("fault: revoked in the gap")
    }
    try await vdev.memoryLock.upRead()

    try await vdev.putRegistration()  // vfio_device_put_registration
    return result
  }
}
