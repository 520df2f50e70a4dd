// SPDX-License-Identifier: GPL-2.0-only

/// One execution, written down step by step.
public struct Recording: Sendable {
  /// The steps, set-up included.
  public let steps: [TraceStep]
  /// The names of the threads, by number.
  public let threadNames: [String]
  /// For each thread that held a lock at the end: its name and the locks.
  public let heldAtEnd: [HeldAtEnd]
  /// The kernel log.
  public let log: [MessageLog.Entry]
  /// The short name of the schedule.
  public let schedule: Schedule

  /// The locks that a thread held when the execution stopped.
  public struct HeldAtEnd: Sendable, Hashable {
    /// The thread's name.
    public let thread: String
    /// Its locks, in the order in which it took them.
    public let locks: [String]
  }

  init(_ kernel: Kernel, _ recorder: Recorder, _ enabled: [UInt64], schedule: Schedule?) {
    steps = recorder.steps
    threadNames = (0..<kernel.threadCount).map { kernel.threads[$0].name }
    heldAtEnd = recorder.heldAtEnd
    log = kernel.log.entries
    self.schedule = schedule ?? Schedule(steps: recorder.steps.filter(\.isConcurrent), enabled: enabled)
  }
}
