// SPDX-License-Identifier: GPL-2.0-only

/// Where the time of a timed execution went.
public struct TimeReport: Sendable, Hashable {
  /// The machine.
  public let machine: TimedMachine
  /// The number of its processors that were used.
  public let processors: Int
  /// From the start of the first thread to the end of the last one, in picoseconds.
  public internal(set) var elapsed = 0
  /// The number of steps that were timed.
  public internal(set) var steps = 0
  /// The threads, in the order in which they were started, without the one that runs the scenario.
  public internal(set) var threads: [ThreadTime] = []
  /// What was measured, by name; see ``Kernel/measure(_:outcome:_:)``.
  public internal(set) var operations: [OperationTime] = []
  /// All of the time that threads have lost, the largest part first.
  public internal(set) var lost: [LostTime] = []

  /// What happened in the time that was recorded.
  var slices: [TimeSlice] = []
  /// The names of the threads, by number.
  var names: [Int: String] = [:]

  /// The time that threads have lost, in picoseconds.
  public var timeLost: Int { lost.reduce(0) { $0 + $1.time } }

  /// The time in which threads did something, in picoseconds.
  public var timeUsed: Int { threads.reduce(0) { $0 + $1.used } }

  /// The share of the processors' time in which threads did something.
  public var utilisation: Double {
    elapsed == 0 ? 0 : Double(timeUsed) / (Double(elapsed) * Double(processors))
  }

  /// What was measured under a name.
  public func operation(_ name: String) -> OperationTime? { operations.first { $0.name == name } }
}

/// A thread's part of the time.
public struct ThreadTime: Sendable, Hashable {
  /// The thread's name.
  public let name: String
  /// From its start to its end, in picoseconds.
  public let elapsed: Int
  /// What it did itself, in picoseconds; the rest of the time it lost.
  public let used: Int
  /// The number of operations of it that were measured.
  public let operations: Int
  /// The longest time without one that ended, in picoseconds.
  public let longestGap: Int
}

/// What was measured under one name.
public struct OperationTime: Sendable, Hashable {
  /// The name.
  public let name: String
  /// How long it took.
  public let latency: LatencyHistogram
}

/// Time that threads have lost for one reason.
public struct LostTime: Sendable, Hashable {
  /// Why.
  public enum Cause: String, Sendable, CaseIterable {
    /// A line of memory was with another processor, or on its way.
    case line
    /// Another thread had a lock, or what was waited for had not happened.
    case wait
    /// The thread had no processor.
    case processor
    /// A processor went from one thread to another, or woke up.
    case `switch`
    /// A processor was interrupted to forget translations.
    case interrupt
  }

  /// The threads that have lost it: their names without a number at the end.
  public let threads: String
  /// Why they have lost it.
  public let cause: Cause
  /// The object that it was about; empty where it was about none.
  public let object: String
  /// The threads that it was lost to: those that ended the wait, or that had the line.
  public let to: String
  /// How much it was, in picoseconds.
  public let time: Int
}
