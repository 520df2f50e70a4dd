// SPDX-License-Identifier: GPL-2.0-only

/// One execution, written down step by step.
package struct Recording: Sendable {
  /// The steps, set-up included.
  package let steps: [TraceStep]
  /// The names of the threads, by number.
  package let threadNames: [String]
  /// For each thread that held a lock at the end: its name and the locks.
  package let heldAtEnd: [HeldAtEnd]
  /// The kernel log.
  package let log: [MessageLog.Entry]
  /// The short name of the schedule.
  package let schedule: Schedule
  /// The step that a check refused before it was taken, if one did.
  package let attempt: TraceStep?
  /// What the threads that had not ended were about to do.
  let pendingAtEnd: [TraceStep]
  /// The same for those that slept in the queue of a lock, as it is to be shown.
  private let queuedAtEnd: [TraceStep]
  /// Whether locks queued as in the kernel; see ``Kernel/queueLocks()``.
  let locksQueue: Bool
  /// For each step taken while other threads were there, who could have gone on, a bit a thread.
  let enabled: [ThreadSet]
  /// For each thread how many such steps there were when it was started.
  let firstSteps: [Int]

  /// The steps that have made what was alive at the end, and that the machine counts by itself.
  let makers: [Int]
  /// The structures that were allocated.
  let allocations: [Allocation]

  /// The birth of a structure, which is no step.
  struct Allocation: Sendable, Hashable {
    let object: ObjectID
    let name: String
    let thread: ThreadID
    /// The number of the step behind which it came.
    let after: Int
  }

  /// The locks that a thread held when the execution stopped.
  package typealias HeldAtEnd = LocksAtEnd

  init(_ kernel: Kernel, _ recorder: Recorder, _ enabled: [ThreadSet], schedule: Schedule?) {
    // An object is told from others of its name by a number only once there are others: all steps get its last name.
    func named(_ step: TraceStep) -> TraceStep {
      var step = step
      step.objectName = kernel.name(of: step.object)
      return step
    }
    steps = recorder.steps.map { named($0) }
    attempt = recorder.attempt.map { named($0) }
    pendingAtEnd = recorder.pendingAtEnd.map { named($0) }
    queuedAtEnd = recorder.queuedAtEnd.map { named($0) }
    locksQueue = kernel.locksQueue
    threadNames = (0..<kernel.threadCount).map { kernel.threads[$0].name }
    firstSteps = (0..<kernel.threadCount).map { kernel.threads[$0].firstEvent }
    heldAtEnd = recorder.heldAtEnd
    // Nothing has been unwound where there is no finding, or only that of a leak.
    if kernel.finding == nil || kernel.finding?.kind == .leak { recorder.noteAlive(kernel) }
    makers = recorder.makers
    allocations = recorder.allocations.map { birth in
      Allocation(
        object: birth.object, name: kernel.name(of: birth.object), thread: ThreadID(birth.thread), after: birth.after)
    }
    log = kernel.log.entries
    self.enabled = enabled
    self.schedule =
      schedule
      ?? Schedule(steps: recorder.steps.filter(\.isConcurrent), pending: recorder.pendingAtEnd, enabled: enabled)
  }
  /// What a thread waited for at the end, as it is to be shown.
  func wait(of thread: ThreadID) -> TraceStep? {
    queuedAtEnd.first { $0.thread == thread } ?? pendingAtEnd.first { $0.thread == thread }
  }
}
