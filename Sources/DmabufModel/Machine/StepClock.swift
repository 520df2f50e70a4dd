// SPDX-License-Identifier: GPL-2.0-only

/// What follows a machine with a clock: what each step, each wait and each stretch of work between two steps takes.
///
/// A machine without one does not know of time, and asks for nothing.
protocol StepClock: AnyObject {
  /// The time of the thread that is running, in picoseconds.
  func now(_ kernel: Kernel) -> Int

  /// A thread has been started.
  func start(_ thread: Int, _ kernel: Kernel)

  /// A thread has ended.
  func end(_ thread: Int, _ kernel: Kernel)

  /// The current thread takes a step.
  func take(_ object: ObjectID, _ access: Access, _ kernel: Kernel)

  /// The step that the current thread takes touches a further object.
  func touch(_ object: ObjectID, _ access: Access, _ kernel: Kernel)

  /// The current thread has made it possible for another one to take its pending step.
  func enable(_ thread: Int, _ kernel: Kernel)

  /// The current thread cannot have a lock; whether it is to look at it until it can, on its processor, or to sleep.
  ///
  /// A thread that spins does so until the lock is free, or the thread that has it leaves its processor.
  func beginSpinning(at lock: ObjectID, _ kernel: Kernel) -> Bool

  /// The current thread no longer spins.
  func endSpinning(_ kernel: Kernel)

  /// The current thread has joined the queue of a lock.
  func join(_ kernel: Kernel)

  /// Whether a thread has been in the queue of a lock for so long that it is to have the lock next.
  func mustHandOff(to thread: Int) -> Bool

  /// The current thread does something between two steps that takes time.
  func spend(_ work: Work, _ kernel: Kernel)

  /// An operation of the current thread that began at a time is over.
  func finish(_ operation: String, since start: Int, _ kernel: Kernel)
}

/// Work of the kernel or of a device that is no step: no other thread can tell when within it something happens.
public enum Work: Sendable, Hashable {
  /// The way into a page fault and out of it.
  case pageFault
  /// The way into a system call and out of it.
  case systemCall
  /// Setting an entry of a page table.
  case setEntry
  /// Clearing an entry of a page table.
  case clearEntry
  /// Telling the other processors that have used an object, a page table, to forget what they have read in it.
  case flushTranslations(of: ObjectID)
  /// Calling a function of an importer.
  case callback
  /// Loading from a BAR: the processor waits for the device.
  case deviceLoad
  /// Storing to a BAR: the processor does not wait for the device.
  case deviceStore
  /// Resetting a function, during which the thread sleeps.
  case functionReset
  /// Anything else, in picoseconds.
  case other(Int)
}

extension Kernel {
  /// Lets the current thread do work that takes time on a machine with a clock; nothing on any other one.
  ///
  /// Not a step.
  ///
  /// - Context: Any context; it takes no lock.
  @inline(__always)
  public nonisolated func spend(_ work: @autoclosure () -> Work) {
    if attention.contains(.timing) { clock?.spend(work(), self) }
  }

  /// The time of the current thread since the machine was switched on, in picoseconds; nothing on a machine without a
  /// clock.
  ///
  /// Not a step. A body that goes by it runs under ``TimedStrategy`` alone: a search has no time.
  public nonisolated var time: Int? { clock?.now(self) }

  /// Does something, and measures how long that takes on a machine with a clock.
  ///
  /// - Parameters:
  ///   - operation: What it is called in the report.
  ///   - outcome: Adds to the name what came of it, so that outcomes are measured apart.
  ///   - body: What to do.
  /// - Returns: What the body returns.
  /// - Context: That of the body.
  @discardableResult
  public nonisolated func measure<Result>(
    _ operation: String, outcome: ((Result) -> String)? = nil, _ body: () async throws -> Result
  ) async throws -> Result {
    guard let clock else { return try await body() }
    let start = clock.now(self)
    let result = try await body()
    clock.finish(outcome.map { "\(operation): \($0(result))" } ?? operation, since: start, self)
    return result
  }
}
