// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension DmaBufRevision {
  /// Prepares a mapping by user code.
  ///
  /// Looks at the status without a lock: a revoke that runs at the same time is caught by the fault. Semantics §12.5. The
  /// corresponding C function is `vfio_pci_dma_buf_mmap`.
  ///
  /// - Returns: `Errno.noSuchDevice` for a revoked buffer, `Errno.invalidArgument` for a private mapping or one that
  ///   is too long, or what the area needs.
  public func mmap(
    _ buffer: VfioPciDmaBuf, _ request: MmapRequest
  ) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    if try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
    if !request.flags.contains(.shared) { return .failure(.invalidArgument) }
    let (start, overflows) = request.pageOffset.multipliedReportingOverflow(by: Page.size)
    if overflows || request.length > buffer.dmabuf.size || start > buffer.dmabuf.size - request.length {
      return .failure(.invalidArgument)
    }
    return .success(AreaSetup(operations: VfioPciAreaOperations(buffer), flags: .barMapping))
  }

  /// Answers a page fault: looks at the buffer, makes sure that the device stays, and inserts the page.
  ///
  /// Runs with the area's lock or `mmap_lock` held for reading. Looks twice: first under the reservation lock, to get hold
  /// of the device, then under `memory_lock`, because a whole revoke may have run between the two; the two locks are
  /// never held together. Semantics §12.1. The corresponding C function is `vfio_pci_mmap_huge_fault`.
  public func fault(
    _ buffer: VfioPciDmaBuf, _ fault: Fault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    let reservation = buffer.dmabuf.reservation
    var result = FaultResult.sigbus

    try await reservation.lock()  // dma_resv_lock
    let device = try await buffer.vdev.load()
    let status = try await buffer.status.load()
    guard status == .ok, let vdev = device else {
      buffer.kernel.printk(.debug, "vfio_pci_mmap_huge_fault VA \(hex(fault.address)): DMABUF revoked/cleaned up")
      try await reservation.unlock()  // dma_resv_unlock
      return .sigbus
    }

    // As long as the registration is held the device cannot be unregistered, and its memory_lock stays.
    guard try await vdev.tryGetRegistration() else {  // vfio_device_try_get_registration
      try buffer.kernel.warn("vfio_pci_mmap_huge_fault: a usable buffer of a device that is gone")
      try await reservation.unlock()  // dma_resv_unlock
      return .sigbus
    }
    try await reservation.unlock()  // dma_resv_unlock

    try await vdev.memoryLock.downRead()  // scoped_guard(rwsem_read)
    if try await buffer.status.load() == .ok {
      switch buffer.findPfn(fault, order) {  // vfio_pci_dma_buf_find_pfn
      case .found(let pfn): result = try await vdev.insertPfn(fault, pfn, order, buffer.priv.bar)
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

extension AreaFlags {
  /// What VFIO sets on every area that maps a BAR (semantics §12.4, step 10).
  static let barMapping: AreaFlags = [.io, .pfnMap, .dontExpand, .dontDump]
}

/// The operations of an area behind which a buffer stands.
///
/// The corresponding C variable is `vfio_pci_mmap_ops`.
final class VfioPciAreaOperations: VirtualMemoryOperations {
  private let buffer: VfioPciDmaBuf

  init(_ buffer: VfioPciDmaBuf) { self.buffer = buffer }

  func hugeFault(_ fault: Fault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    try await buffer.priv.revision.fault(buffer, fault, order: order)
  }

  /// The corresponding C function is `vfio_pci_mmap_page_fault`.
  func fault(_ fault: Fault) async throws(KernelFault) -> FaultResult {
    try await buffer.priv.revision.fault(buffer, fault, order: .page)
  }
}
