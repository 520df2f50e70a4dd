// SPDX-License-Identifier: GPL-2.0-only

/// Where threads sleep until a condition holds that they look at themselves.
///
/// A wake-up carries nothing: a thread that is woken looks again. So a thread that makes the condition true has to do
/// that first and wake then, and a thread that waits has to be on the queue before it looks a last time.
/// ``wait(until:file:line:)`` does it in that order; the pieces are public for code that does it in another one.
/// Waiters are not exclusive, and no signal and no timeout ends a wait.
///
/// The corresponding C type is `struct wait_queue_head`.
public actor WaitQueue: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The queue's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// The last one to come is the first one to be woken.
  private var entries: [WaitQueueEntry] = []

  /// Makes a queue on which no thread waits.
  ///
  /// The corresponding C function is `init_waitqueue_head`.
  public init(_ kernel: Kernel, _ name: StaticString = "wq", in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
  }

  /// Waits until a condition holds.
  ///
  /// The condition is looked at once before anything else, and then each time after the thread has put itself on the
  /// queue.
  ///
  /// - Parameters:
  ///   - condition: Looks at what the thread waits for; its steps are the thread's own. An error of it that is no
  ///     ``KernelFault`` is a finding, as it would be if it left the thread's body.
  ///   - file: Where the wait was asked for.
  ///   - line: Where the wait was asked for.
  /// - Context: May sleep until the thread is woken and the condition holds; no signal and no timeout ends it. No lock
  ///   may be held that the thread that wakes needs.
  ///
  /// The corresponding C macro is `wait_event`.
  public nonisolated func wait(
    until condition: () async throws -> Bool, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    if try await holds(condition) { return }
    let entry = WaitQueueEntry(kernel)
    while true {
      try await prepareToWait(entry, file: file, line: line)
      if try await holds(condition) { break }
      try await entry.schedule(file: file, line: line)
    }
    try await finishWait(entry, file: file, line: line)
  }

  /// Puts a thread on the queue, so that it sleeps the next time that it gives up its processor.
  ///
  /// What the thread looks at from here on cannot change without a wake-up of the thread.
  ///
  /// - Context: Never sleeps itself. Undone by ``finishWait(_:file:line:)``.
  ///
  /// The corresponding C function is `prepare_to_wait`.
  public func prepareToWait(
    _ entry: WaitQueueEntry, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "prepare_to_wait", also: ObjectAccess(entry.object, .write), file: file, line: line)
    returned()
    if !entries.contains(where: { $0 === entry }) { entries.append(entry) }
    kernel.offer(Offer(), by: entry.object)
  }

  /// Removes a thread from the queue; it is awake from here on, whether or not it was woken.
  ///
  /// - Context: Never sleeps. Undoes ``prepareToWait(_:file:line:)``.
  ///
  /// The corresponding C function is `finish_wait`.
  public func finishWait(
    _ entry: WaitQueueEntry, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "finish_wait", also: ObjectAccess(entry.object, .write), file: file, line: line)
    returned()
    entries.removeAll { $0 === entry }
    kernel.offer(.done, by: entry.object)
  }

  /// Wakes every thread on the queue, the newest first.
  ///
  /// A thread that puts itself on the queue while others are being woken is too late for it.
  ///
  /// - Context: Never sleeps; any context, with any lock held.
  ///
  /// The corresponding C function is `wake_up_all`.
  public nonisolated func wakeUpAll(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    for entry in try await takeAll(file: file, line: line) { try await entry.wake(file: file, line: line) }
  }

  /// Whether a thread is on the queue.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `waitqueue_active`.
  public func isActive(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await step(.read, "waitqueue_active", file: file, line: line)
    note("= \(entries.isEmpty ? 0 : 1)")
    returned(!entries.isEmpty)
    return !entries.isEmpty
  }

  /// Adds the threads on the queue, in order.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(entries.map(\.object)) }

  private nonisolated func holds(_ condition: () async throws -> Bool) async throws(KernelFault) -> Bool {
    do { return try await condition() } catch let fault as KernelFault { throw fault } catch {
      throw kernel.fail(.uncaughtError, "the condition of a wait ended with an error: \(error)")
    }
  }

  private func takeAll(file: StaticString, line: UInt) async throws(KernelFault) -> [WaitQueueEntry] {
    try await step(.wake, "wake_up_all", file: file, line: line)
    let woken = Array(entries.reversed())
    note("\(woken.count) waiting")
    returned(woken.map(\.object))
    entries.removeAll()
    return woken
  }
}

/// One thread's place on a ``WaitQueue``, and whether it sleeps.
///
/// The corresponding C type is `struct wait_queue_entry`, with the state of the task that it is of.
public actor WaitQueueEntry: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The entry's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// Makes an entry of the current thread, which is awake.
  ///
  /// Not a step: it is on the thread's own stack.
  ///
  /// The corresponding C macro is `DEFINE_WAIT`.
  public init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("wait")
    offer(.done)
  }

  /// Sleeps until the thread is woken; not at all if it was woken since it put itself on the queue.
  ///
  /// - Context: Sleeps; no signal and no timeout ends it. No lock may be held that the thread that wakes needs.
  ///
  /// The corresponding C function is `schedule`.
  public func schedule(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.read, "schedule", until: .done, file: file, line: line)
    returned()
  }

  /// Wakes the thread.
  ///
  /// Any context.
  ///
  /// The corresponding C function is `try_to_wake_up`.
  func wake(file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.wake, "try_to_wake_up", file: file, line: line)
    returned()
    offer(.done)
  }

  /// Adds nothing: what the entry offers is all that there is to it.
  public func describe(to fingerprint: inout Fingerprint) {}
}
