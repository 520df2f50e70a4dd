// SPDX-License-Identifier: GPL-2.0-only

/// The attachments of a buffer, the newest first; written with the reservation lock held.
///
/// The corresponding C member is `attachments` of `struct dma_buf`.
package actor AttachmentList: KernelActor {
  /// The machine.
  package nonisolated let kernel: Kernel
  /// The list's place in the machine's table.
  package nonisolated let object: ObjectID
  /// The machine's executor.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var attachments: [DmaBufAttachment] = []

  init(_ kernel: Kernel, in owner: Allocation) {
    self.kernel = kernel
    object = kernel.register("dmabuf->attachments", in: owner)
  }

  /// Whether no importer is attached.
  ///
  /// The corresponding C function is `list_empty`.
  func isEmpty(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await step(.read, "list_empty", file: file, line: line)
    note("= \(attachments.isEmpty ? 1 : 0)")
    return attachments.isEmpty
  }

  func insert(_ attachment: DmaBufAttachment, file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.write, "list_add", file: file, line: line)
    attachments.insert(attachment, at: 0)
  }

  func remove(_ attachment: DmaBufAttachment, file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.write, "list_del", file: file, line: line)
    guard let place = attachments.firstIndex(where: { $0 === attachment }) else {
      throw kernel.fail(.warning, "list_del corruption: the attachment is not on the list")
    }
    attachments.remove(at: place)
  }

  func all(file: StaticString, line: UInt) async throws(KernelFault) -> [DmaBufAttachment] {
    try await step(.read, "dma_buf_invalidate_mappings", file: file, line: line)
    note(attachments.isEmpty ? "nobody" : "\(attachments.count) importers")
    return attachments
  }

  /// Adds the attachments, in order.
  package func describe(to fingerprint: inout Fingerprint) { fingerprint.add(attachments.map(\.allocation.object)) }
}
