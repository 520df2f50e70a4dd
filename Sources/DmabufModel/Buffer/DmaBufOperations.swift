// SPDX-License-Identifier: GPL-2.0-only

/// What an exporter does for the buffers that it lends out.
///
/// Which locks are held when a function runs is the convention of semantics DB22.
///
/// The corresponding C type is `struct dma_buf_ops`.
public protocol DmaBufOperations: AnyObject, Sendable {
  /// Learns which buffer it stands behind; called once, when the buffer is made.
  ///
  /// Not a step. In C the exporter has the buffer from `dma_buf_export`.
  func exported(as dmabuf: DmaBuf)

  /// Looks at a device that wants to import the buffer.
  ///
  /// Runs without the reservation lock, before the attachment is on the list.
  ///
  /// The corresponding C member is `attach`.
  ///
  /// - Returns: Why the importer is refused, or nothing.
  func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno?

  /// Undoes ``attach(_:_:)``. Runs without the reservation lock.
  ///
  /// The corresponding C member is `detach`.
  func detach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault)

  /// Makes the buffer's memory reachable for an importer's device.
  ///
  /// Runs with the reservation lock held. Undone by ``unmap(_:_:)``.
  ///
  /// The corresponding C member is `map_dma_buf`.
  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno>

  /// Undoes ``map(_:)``. Runs with the reservation lock held.
  ///
  /// The corresponding C member is `unmap_dma_buf`.
  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault)

  /// Prepares a mapping of the buffer by user code.
  ///
  /// Runs with `mmap_lock` held for writing and without the reservation lock.
  ///
  /// The corresponding C member is `mmap`.
  func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno>

  /// Takes the buffer back for good; called once, after the last reference. Runs without any lock.
  ///
  /// The corresponding C member is `release`.
  func release(_ dmabuf: DmaBuf) async throws(KernelFault)
}

extension DmaBufOperations {
  /// Has no use for it.
  public func exported(as dmabuf: DmaBuf) {}

  /// Accepts every importer.
  public func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? { nil }

  /// Has nothing to undo.
  public func detach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) {}

  /// Refuses: without this member a buffer cannot be mapped by user code (semantics DB26).
  public func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    .failure(.invalidArgument)
  }
}
