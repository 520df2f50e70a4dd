// SPDX-License-Identifier: GPL-2.0-only

/// Something that threads wait for until another thread says that it is done.
///
/// Each ``complete(file:line:)`` leaves a token that one wait takes (semantics CO1 to CO6).
///
/// The corresponding C type is `struct completion`.
public actor Completion: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The completion's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var done: UInt32 = 0

  /// Makes a completion with nothing done.
  ///
  /// Not a step: no other thread knows it yet.
  ///
  /// The corresponding C function is `init_completion`.
  public init(_ kernel: Kernel, _ name: StaticString = "completion", in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
  }

  /// Clears every token, without a look at the waiters (semantics CO1).
  ///
  /// A thread that was woken and has not run yet then waits again (semantics CO10).
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C function is `reinit_completion`.
  public func reset(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "reinit_completion", file: file, line: line)
    returned()
    done = 0
    announce()
  }

  /// Leaves a token for one wait (semantics CO2).
  ///
  /// - Context: Atomic; any context, with any lock held.
  ///
  /// The corresponding C function is `complete`.
  public func complete(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.wake, "complete", file: file, line: line)
    returned()
    if done != .max { done += 1 }
    announce()
  }

  /// Ends every wait, now and later, until ``reset(file:line:)`` (semantics CO3).
  ///
  /// - Context: Atomic; any context, with any lock held.
  ///
  /// The corresponding C function is `complete_all`.
  public func completeAll(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.wake, "complete_all", file: file, line: line)
    returned()
    done = .max
    announce()
  }

  /// Waits for a token and consumes it.
  ///
  /// - Context: Sleeps until there is a token, without a timeout; no signal ends it (semantics CO4). No lock may be
  ///   held that the thread that completes needs.
  ///
  /// The corresponding C function is `wait_for_completion`.
  public func wait(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.wait, "wait_for_completion", until: .done, file: file, line: line)
    returned()
    if done != .max { done -= 1 }
    announce()
  }

  /// Consumes a token if there is one.
  ///
  /// - Returns: Whether there was one.
  /// - Context: Never sleeps; any context (semantics CO9).
  ///
  /// The corresponding C function is `try_wait_for_completion`.
  public func tryWait(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await step(.write, "try_wait_for_completion", file: file, line: line)
    returned(done != 0)
    if done == 0 {
      kernel.changedNothing()
      return false
    }
    if done != .max { done -= 1 }
    announce()
    return true
  }

  /// Whether a wait would return at once.
  ///
  /// - Context: Never sleeps; any context (semantics CO9).
  ///
  /// The corresponding C function is `completion_done`.
  public func isDone(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await step(.read, "completion_done", file: file, line: line)
    returned(done != 0)
    return done != 0
  }

  /// Adds the tokens.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(done) }

  private func announce() {
    note("done = \(done)")
    offer(done == 0 ? Offer() : .done)
  }
}
