// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension DmaBufRevision {
  /// Looks at a device that wants to import the buffer.
  ///
  /// Runs without the reservation lock, so what it sees of the status may be old. Semantics §6.5. The corresponding C
  /// function is `vfio_pci_dma_buf_attach`.
  ///
  /// - Returns: `Errno.notSupported` without peer-to-peer or without a callback, `Errno.noSuchDevice` for a revoked
  ///   buffer, or nothing.
  public func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    if !attachment.isPeerToPeer { return .notSupported }
    if try await buffer.status.load() != .ok { return .noSuchDevice }
    if !attachment.isRevocable { return .notSupported }  // dma_buf_attach_revocable
    return nil
  }

  /// Makes the memory reachable for an importer, and counts the mapping.
  ///
  /// The reservation lock must be held. Semantics §12.11. The corresponding C function is `vfio_pci_dma_buf_map`.
  ///
  /// - Returns: The mapping, or `Errno.noSuchDevice` for a revoked buffer.
  public func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try buffer.dmabuf.reservation.assertHeld()  // dma_resv_assert_held
    if try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
    let table = ScatterTable(buffer.kernel, buffer.priv.ranges)  // dma_buf_phys_vec_to_sgt
    try await buffer.kref.get()  // kref_get
    return .success(table)
  }

  /// Undoes a mapping; after the last one, of a buffer that is being revoked, it tells the revoker.
  ///
  /// The reservation lock must be held. Legal in every status: this is how a revoke ends. The corresponding C function is
  /// `vfio_pci_dma_buf_unmap`.
  public func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    try buffer.dmabuf.reservation.assertHeld()  // dma_resv_assert_held
    try await table.free(buffer.kernel)  // dma_buf_free_sgt
    if try await buffer.kref.put() { try await buffer.comp.complete() }  // kref_put, vfio_pci_dma_buf_done
  }

  /// Takes a buffer back after its last reference.
  ///
  /// Runs as task work, without any lock (semantics §12.10). Takes `memory_lock`. The corresponding C function is
  /// `vfio_pci_dma_buf_release`.
  public func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    if let vdev = try await buffer.vdev.load() {
      try await vdev.memoryLock.downWrite()  // down_write
      try await vdev.dmabufs.remove(buffer)  // list_del_init
      try await vdev.memoryLock.upWrite()  // up_write
      try await vdev.putRegistration()  // vfio_device_put_registration
    }
    if let deviceFile = buffer.priv.deviceFile { try await deviceFile.put() }  // fput
    try await buffer.kernel.free(buffer.priv.allocation)  // kfree
  }
}
