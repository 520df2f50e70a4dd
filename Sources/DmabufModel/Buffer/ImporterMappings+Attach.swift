// SPDX-License-Identifier: GPL-2.0-only

extension ImporterMappings {
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
}
