// SPDX-License-Identifier: GPL-2.0-only

/// A buffer that one driver lends to others.
///
/// The buffer is its file: the file's references are the only ones (semantics DB1).
///
/// The corresponding C type is `struct dma_buf`.
public final class DmaBuf: File {
  /// The buffer's file.
  public let core: FileCore
  /// The exporter's functions, and its own part of the buffer.
  ///
  /// The corresponding C members are `ops` and `priv`.
  public let operations: any DmaBufOperations
  /// The length in bytes.
  public let size: UInt64
  /// Its lock and its fences.
  ///
  /// The corresponding C member is `resv`.
  public let reservation: Reservation
  /// The importers that are attached to it.
  ///
  /// The corresponding C member is `attachments`.
  package let attachments: AttachmentList

  /// Makes a buffer with one reference, which the caller owns.
  ///
  /// Not a step: no other thread knows the buffer yet. Of the flags the file keeps what it is opened for and whether
  /// calls wait (semantics DB2). Undone by ``MappedFile/put(file:line:)``, which is `dma_buf_put`.
  ///
  /// The corresponding C function is `dma_buf_export`.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - operations: The exporter's part.
  ///   - size: The length in bytes.
  ///   - flags: What the buffer's file is opened for.
  ///   - rules: When nothing may reach the buffer any more; the machine then looks by itself.
  public init(
    _ kernel: Kernel, _ operations: any DmaBufOperations, size: UInt64, flags: OpenFlags = .readWrite,
    revokedWhen rules: [RevokeRule] = []
  ) {
    self.operations = operations
    self.size = size
    let file = kernel.allocate("struct file")
    let reservation = Reservation(kernel, "dmabuf->resv", in: file)
    let kept = flags.intersection([.accessMode, .nonBlocking])
    let needsLock = rules.contains { $0.lock == nil }
    let rules = needsLock ? rules.map { $0.under(reservation) } : rules
    core = FileCore(kernel, file, kept, hasImporters: true, rules)
    self.reservation = reservation
    attachments = AttachmentList(kernel, in: file)
    kernel.keep(self)
    // The exporter learns of a buffer that no other thread knows.
    operations.exported(as: self)
    kernel.acceptChanges()
  }

  /// The machine.
  public var kernel: Kernel { core.kernel }

  // MARK: File

  /// Prepares a mapping by user code, after the checks that every buffer gets (semantics DB26).
  ///
  /// - Returns: ``Errno/invalidArgument`` for a part that ends outside of the buffer, else the exporter's answer.
  /// - Context: May sleep in the exporter. Runs with `mmap_lock` held for writing. The reservation lock must not be
  ///   held (semantics DB22), which is not checked.
  ///
  /// The corresponding C function is `dma_buf_mmap_internal`.
  public func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    let pages = request.length / Page.size
    let (end, overflows) = request.pageOffset.addingReportingOverflow(pages)
    if overflows || end > size / Page.size { return .failure(.invalidArgument) }
    return try await operations.mmap(self, request)
  }

  /// Lets the exporter take the buffer back; an attachment that is left is a finding (semantics DB7).
  ///
  /// - Context: May sleep in the exporter. Runs as task work, without any lock.
  ///
  /// The corresponding C function is `dma_buf_release`.
  public func release() async throws(KernelFault) {
    try await operations.release(self)
    if try await !attachments.isEmpty() { try kernel.warn("dma_buf_release: attachments are left") }
  }

  // MARK: Importers

  /// The number of mappings of importers that are alive.
  ///
  /// The machine's own look: the kernel keeps no such number.
  ///
  /// - Context: Any context. It takes no lock and changes nothing.
  public func mappingCount(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await mapping.reach.mappings?.count(file: file, line: line) ?? 0
  }

  /// Tells every importer that has a callback that its mappings are no longer good, the newest attachment first.
  ///
  /// - Context: May sleep in the callbacks. The reservation lock must be held, or it is a finding; the callbacks run
  ///   under it (semantics DB20).
  ///
  /// The corresponding C function is `dma_buf_invalidate_mappings`.
  public func invalidateMappings(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    if kernel.isUnwinding { try await kernel.unwind() }
    try reservation.assertHeld(file: file, line: line)
    for attachment in try await attachments.all(file: file, line: line) {
      guard let importer = attachment.importer as? any RevocableImporter else { continue }
      kernel.spend(.callback)
      try await importer.invalidateMappings(attachment)
    }
  }
}
