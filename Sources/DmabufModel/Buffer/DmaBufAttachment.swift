// SPDX-License-Identifier: GPL-2.0-only

/// A driver that uses buffers of others.
///
/// The corresponding C type is `struct dma_buf_attach_ops`.
public protocol Importer: AnyObject, Sendable {
  /// Whether the importer's device can reach memory of other devices.
  ///
  /// The corresponding C member is `allow_peer2peer`.
  var allowsPeerToPeer: Bool { get }
  /// The name by which reports know it.
  var name: String { get }
}

extension Importer {
  /// The name of the type.
  public var name: String { "\(Self.self)" }
}

/// An importer that gives its mappings up when it is told to.
///
/// The corresponding C function is `dma_buf_attach_revocable`.
public protocol RevocableImporter: Importer {
  /// Stops the use of the buffer, and unmaps it in bounded time: here, or later from elsewhere.
  ///
  /// - Context: May sleep. Runs with the reservation lock held, and with VFIO's `memory_lock` held for writing by the
  ///   same thread; must take neither, nor `mmap_lock` (semantics DB21).
  ///
  /// The corresponding C member is `invalidate_mappings`, once `move_notify`.
  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault)
}

/// A device's share in a buffer.
///
/// The corresponding C type is `struct dma_buf_attachment`.
public final class DmaBufAttachment: Sendable {
  /// The structure itself.
  public let allocation: Allocation
  /// The buffer.
  public unowned let dmabuf: DmaBuf
  /// The importer; nothing for an attachment that is not dynamic.
  public let importer: (any Importer)?
  /// Whether the importer's device can reach memory of other devices.
  ///
  /// The corresponding C member is `peer2peer`.
  public let isPeerToPeer: Bool

  init(_ dmabuf: DmaBuf, _ importer: (any Importer)?) {
    self.dmabuf = dmabuf
    self.importer = importer
    isPeerToPeer = importer?.allowsPeerToPeer ?? false
    allocation = dmabuf.kernel.allocate("struct dma_buf_attachment")
  }

  /// Whether the importer gives its mappings up when it is told to (semantics DB14).
  ///
  /// The corresponding C function is `dma_buf_attach_revocable`.
  public var isRevocable: Bool { importer is any RevocableImporter }

  /// Follows the pointer to the attachment.
  fileprivate func access(_ label: StaticString, file: StaticString, line: UInt) async throws(KernelFault) {
    try await dmabuf.kernel.take(Step(allocation.object, .read, label, file: file, line: line))
  }

  /// The importer's name, for reports.
  var importerName: String { importer?.name ?? "a device" }
}

extension DmaBuf {
  /// Attaches an importer.
  ///
  /// It takes no reference on the buffer: the importer keeps its own (semantics DB11). A revoke that completes between
  /// the exporter's look and the insertion is not noticed here (DB13).
  ///
  /// - Returns: The attachment, or why the exporter refuses.
  /// - Context: May sleep for the reservation lock, which it takes and which must not be held. Undone by
  ///   ``detach(_:file:line:)``.
  ///
  /// The corresponding C function is `dma_buf_dynamic_attach`.
  public func attach(
    _ importer: (any Importer)?, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<DmaBufAttachment, Errno> {
    let attachment = DmaBufAttachment(self, importer)
    if let errno = try await operations.attach(self, attachment) {
      try await kernel.free(attachment.allocation, file: file, line: line)
      return .failure(errno)
    }
    try await reservation.lock(file: file, line: line)
    try await attachments.insert(attachment, file: file, line: line)
    try await reservation.unlock(file: file, line: line)
    return .success(attachment)
  }

  /// Ends an attachment; its mappings must have been unmapped, which is not checked here (semantics DB15).
  ///
  /// An attachment that is not on the buffer's list is a finding.
  ///
  /// - Context: May sleep for the reservation lock, which it takes and which must not be held.
  ///
  /// The corresponding C function is `dma_buf_detach`.
  public func detach(
    _ attachment: DmaBufAttachment, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await reservation.lock(file: file, line: line)
    try await attachments.remove(attachment, file: file, line: line)
    try await reservation.unlock(file: file, line: line)
    try await operations.detach(self, attachment)
    try await kernel.free(attachment.allocation, file: file, line: line)
  }

  /// Makes the buffer's memory reachable for the importer's device.
  ///
  /// - Returns: The mapping, or why the exporter refuses.
  /// - Context: May sleep in the exporter. The reservation lock must be held, or it is a finding (semantics DB18).
  ///   Undone by ``unmapAttachment(_:_:file:line:)``.
  ///
  /// The corresponding C function is `dma_buf_map_attachment`.
  public func mapAttachment(
    _ attachment: DmaBufAttachment, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await attachment.access("dma_buf_map_attachment", file: file, line: line)
    try reservation.assertHeld(file: file, line: line)
    let mapped = try await operations.map(attachment)
    if case .success(let table) = mapped {
      try await mapping.reach.mappings?.add(table, of: attachment, file: file, line: line)
    }
    return mapped
  }

  /// Undoes a mapping; the importer's device must not use it any more.
  ///
  /// - Context: May sleep in the exporter. The reservation lock must be held, or it is a finding (semantics DB19).
  ///
  /// The corresponding C function is `dma_buf_unmap_attachment`.
  public func unmapAttachment(
    _ attachment: DmaBufAttachment, _ table: ScatterTable, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    if kernel.isUnwinding { try await kernel.unwind() }
    try reservation.assertHeld(file: file, line: line)
    try await mapping.reach.mappings?.remove(table, of: attachment, file: file, line: line)
    try await operations.unmap(attachment, table)
  }
}
