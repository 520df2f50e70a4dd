// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension DmaBufRevision {
  /// Makes a buffer and puts it on the device's list, with the status that the device's memory has at that moment.
  ///
  /// May sleep; takes `memory_lock` and the reservation lock, so neither may be held. The caller owns the buffer's first
  /// reference. Semantics §12.3. The corresponding C function is `vfio_pci_dmabuf_export`.
  ///
  /// - Returns: The buffer, or `Errno.noSuchDevice` when the device is going away.
  public func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    guard try await vdev.tryGetRegistration() else { return .failure(.noSuchDevice) }  // …_try_get_registration
    let priv = VfioPciDmaBufPrivate(vdev, ranges, bar, deviceFile: deviceFile)  // kref_init, init_completion
    let rules = priv.revokeRules(vdev)
    let dmabuf = DmaBuf(vdev.kernel, priv, size: priv.size, flags: flags, revokedWhen: rules)  // dma_buf_export
    let buffer = VfioPciDmaBuf(dmabuf, priv)
    try await vdev.memoryLock.downWrite()  // down_write
    try await dmabuf.reservation.lock()  // dma_resv_lock
    let enabled = try await vdev.isMemoryEnabled()  // __vfio_pci_memory_enabled
    try await buffer.status.store(enabled ? .ok : .temporarilyRevoked)
    try await vdev.dmabufs.append(buffer)  // list_add_tail
    try await dmabuf.reservation.unlock()  // dma_resv_unlock
    try await vdev.memoryLock.upWrite()  // up_write
    return .success(buffer)
  }
}
