// SPDX-License-Identifier: GPL-2.0-only

/// What an exporter does for the buffers that it lends out.
///
/// Which locks are held when a function runs is the convention of semantics DB22.
///
/// The corresponding C type is `struct dma_buf_ops`.
public protocol DmaBufOperations: AnyObject, Sendable {
  /// Tells the exporter the buffer that it is the exporter of; called once, when the buffer is made.
  ///
  /// Not a step. In C the exporter has the buffer from `dma_buf_export`.
  func exported(as dmabuf: DmaBuf)

  /// Looks at a device that wants to import the buffer, before the attachment is on the list.
  ///
  /// - Returns: Why the importer is refused, or nothing.
  /// - Context: May sleep. Runs without the reservation lock. Undone by ``detach(_:_:)``.
  ///
  /// The corresponding C member is `attach`.
  func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno?

  /// Undoes ``attach(_:_:)``, after the attachment has left the list.
  ///
  /// - Context: May sleep. Runs without the reservation lock.
  ///
  /// The corresponding C member is `detach`.
  func detach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault)

  /// Makes the buffer's memory reachable for an importer's device.
  ///
  /// - Returns: The mapping, or an errno.
  /// - Context: May sleep. Runs with the reservation lock held. Undone by ``unmap(_:_:)``.
  ///
  /// The corresponding C member is `map_dma_buf`.
  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno>

  /// Undoes ``map(_:)``.
  ///
  /// - Context: May sleep. Runs with the reservation lock held.
  ///
  /// The corresponding C member is `unmap_dma_buf`.
  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault)

  /// Prepares a mapping of the buffer by user code.
  ///
  /// - Returns: What the area needs, or why the buffer cannot be mapped in this way.
  /// - Context: May sleep. Runs with `mmap_lock` held for writing and without the reservation lock.
  ///
  /// The corresponding C member is `mmap`.
  func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno>

  /// Takes the buffer back for good; called once, after the last reference.
  ///
  /// - Context: May sleep. Runs as task work, without any lock (semantics DB7).
  ///
  /// The corresponding C member is `release`.
  func release(_ dmabuf: DmaBuf) async throws(KernelFault)
}

extension DmaBufOperations {
  /// Does nothing.
  public func exported(as dmabuf: DmaBuf) {}

  /// Accepts every importer.
  ///
  /// - Context: Waits for nothing and takes no lock.
  public func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? { nil }

  /// Does nothing.
  ///
  /// - Context: Waits for nothing and takes no lock.
  public func detach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) {}

  /// Refuses: without this member a buffer cannot be mapped by user code (semantics DB26).
  ///
  /// - Returns: ``Errno/invalidArgument``.
  /// - Context: Waits for nothing and takes no lock.
  public func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    .failure(.invalidArgument)
  }
}
