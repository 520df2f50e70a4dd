// SPDX-License-Identifier: GPL-2.0-only

/// What the machine does at the end of a scenario, in the order in which a kernel goes down.
public enum EndPhase: Int, Sendable, Comparable {
  /// What the scenario itself has to put back.
  case scenario
  /// Processes exit: they unmap their memory and close their files.
  case processesExit
  /// Drivers are taken from their devices.
  case driversUnbind

  /// Orders phases by their time.
  public static func < (left: EndPhase, right: EndPhase) -> Bool { left.rawValue < right.rawValue }
}

/// Something to be done at the end.
struct EndHook {
  var phase: EndPhase
  /// The thread that asked for it; with the place among what that thread asked for, an order that no schedule changes.
  var thread: Int
  var body: @Sendable () async throws -> Void
}

extension Kernel {
  /// Runs something when the scenario has returned and all threads have ended, before leaks are looked for.
  ///
  /// Not a step, and not for kernel threads, which are not waited for. Phases come one after the other, whatever was
  /// asked for first: a process exits before the driver is taken from the device that it has open. Within a phase the
  /// last one asked for comes first; of several threads, what the one that was started later has asked for. Hooks run
  /// in the scenario's own thread. A closure with `[unowned self]` in its capture list leaves the machine (Swift 6.3);
  /// capture strongly, the machine lets go of the hook when the execution is over.
  ///
  /// - Parameters:
  ///   - phase: When.
  ///   - hook: What is to be done.
  public func atEnd(_ phase: EndPhase = .scenario, _ hook: @escaping @Sendable () async throws -> Void) {
    if isOfKernelThread(current) { return refuse(.hookOfKernelThread(thread: threads[current].name)) }
    endHooks.append(EndHook(phase: phase, thread: current, body: hook))
  }

  /// Whether a thread is a kernel thread or was started by one: such a thread is not joined, so it may still be on its
  /// way when the hooks run.
  private func isOfKernelThread(_ thread: Int) -> Bool {
    var thread = thread
    while thread != 0 {
      if idlers.contains(thread) { return true }
      thread = threads[thread].parent.index
    }
    return false
  }

  nonisolated func runEndHooks() async throws {
    while let next = takeNextEndHook() { try await next() }
  }

  private func takeNextEndHook() -> (@Sendable () async throws -> Void)? {
    var best: Int?
    for index in endHooks.indices {
      guard let other = best else {
        best = index
        continue
      }
      if comesBefore(endHooks[index], endHooks[other]) { best = index }
    }
    return best.map { endHooks.remove(at: $0).body }
  }

  /// Whether a hook that was asked for later than another one comes before it.
  private func comesBefore(_ later: EndHook, _ earlier: EndHook) -> Bool {
    if later.phase != earlier.phase { return later.phase < earlier.phase }
    return later.thread == earlier.thread || isEarlier(earlier.thread, later.thread)
  }

  /// Ends an execution in which nothing is left but kernel threads that wait for work; false if it is not so.
  func endIdle() -> Bool {
    for thread in live {
      let isAtLock = threads[thread].access == .acquire || threads[thread].access == .acquireShared
      if !idlers.contains(thread) || isAtLock { return false }
    }
    for thread in 0..<threadCount where live.contains(thread) {
      guard let held = lockdep.stillHeld(by: thread, self, "waits for work at the end") else { continue }
      current = thread
      _ = fail(.lockHeldAtExit, held)
      return true
    }
    notePending()
    isUnwinding = true
    return true
  }
}
