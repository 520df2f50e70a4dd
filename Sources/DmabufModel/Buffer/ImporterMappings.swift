// SPDX-License-Identifier: GPL-2.0-only

/// A mapping of a buffer for an importer's device, as the machine knows it.
struct ImporterMapping: Sendable {
  /// The structure that stands for the mapping.
  var table: ObjectID
  var attachment: ObjectID
  /// The importer's name.
  var importer: String
  /// Who made it, and in which step of the execution.
  var thread: ThreadID
  var step: Int

  func text(_ kernel: Kernel) -> String {
    "\(importer)'s mapping, made by \(kernel.threads[thread.index].name),"
  }
}

/// The mappings of a buffer that are alive: which, and whose.
///
/// Not a part of the modelled kernel, which knows no more than a count; see ``Reach``.
actor ImporterMappings: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private(set) var all: [ImporterMapping] = []

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("importer mappings")
  }

  /// Notes a mapping that the exporter has made; one of what must not be reached is a finding.
  func add(
    _ table: ScatterTable, of attachment: DmaBufAttachment, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    let reach = attachment.dmabuf.mapping.reach
    try await step(
      on: object, .write, "dma_buf_map_attachment", also: ObjectAccess(attachment.allocation.object, .read),
      touching: { { list in reach.declareRules(&list) } }, file: file, line: line)
    let mapping = ImporterMapping(
      table: table.allocation.object, attachment: attachment.allocation.object, importer: attachment.importerName,
      thread: kernel.currentThread, step: kernel.stepCount)
    all.append(mapping)
    kernel.remark("\(mapping.importer) has \(kernel.name(of: mapping.table))")
    kernel.returned()
    note()
    try reach.check(mapping)
  }

  /// Notes that a mapping ends; nothing for one that is not there, which the exporter finds out.
  func remove(
    _ table: ScatterTable, of attachment: DmaBufAttachment, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    try await step(
      .write, "dma_buf_unmap_attachment", also: ObjectAccess(attachment.allocation.object, .read), file: file,
      line: line)
    kernel.remark("\(attachment.importerName)")
    kernel.returned()
    all.removeAll { $0.table == table.allocation.object && $0.attachment == attachment.allocation.object }
    note()
  }

  /// The number of mappings.
  func count(file: StaticString, line: UInt) async throws(KernelFault) -> Int {
    try await step(.look, "debug_dma_dump", file: file, line: line)
    kernel.remark("= \(all.count)")
    kernel.returned(all.count)
    return all.count
  }

  /// What is left at the end is a leak.
  private func note() { kernel.hold(object, all.count) }

  /// Adds which mappings there are.
  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(all.map(\.table))
    fingerprint.add(all.map(\.attachment))
  }
}
