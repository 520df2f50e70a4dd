// SPDX-License-Identifier: GPL-2.0-only

/// A mapping of a buffer for an importer's device, as the machine knows it.
struct ImporterMapping: Sendable {
  /// The structure that stands for the mapping.
  var table: ObjectID
  var attachment: ObjectID
  /// The importer's name.
  var importer: String
  /// The thread that made it, and the step of the execution.
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

  var all: [ImporterMapping] = []

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("importer mappings")
  }

  /// The number of mappings.
  func count(file: StaticString, line: UInt) async throws(KernelFault) -> Int {
    try await step(.look, "debug_dma_dump", file: file, line: line)
    note("= \(all.count)")
    returned(all.count)
    return all.count
  }

  /// What is left at the end is a leak.
  func note() { hold(all.count) }

  /// Adds which mappings there are.
  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(all.map(\.table))
    fingerprint.add(all.map(\.attachment))
  }
}
