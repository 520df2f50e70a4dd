// SPDX-License-Identifier: GPL-2.0-only

/// What a search without a failure has done and seen.
public struct ExplorationReport: Sendable, Hashable, CustomStringConvertible {
  /// The name of the search, as replay strings have it: the file, the function, and the name that it was given.
  public internal(set) var name = ""
  /// What it has shown.
  public let verdict: Verdict
  /// The number of schedules that were run.
  public let executions: Int
  /// The number of those that the strategy gave up half-way: none in an exhaustive search by reduction, most in one by
  /// states.
  public let abandoned: Int
  /// The number of steps that they took in all.
  public let steps: Int
  /// How often they went from one thread to another.
  public let switches: Int
  /// How often each named condition was seen.
  public let conditions: [ConditionCount]
  /// The results that the scenario named, the most frequent first; see ``Kernel/outcome(_:)``.
  public internal(set) var outcomes: [OutcomeCount] = []
  /// The pairs of dependent steps and the orders in which they came, if ``ReportOptions/coversPairs`` was set.
  package internal(set) var pairs: [StepPair] = []

  /// Whether locks queued as in the kernel, which the verdict is then about; see ``Kernel/queueLocks()``.
  var locksQueue = false

  /// The table of one execution that passed, the first one, if ``ReportOptions/tracing`` was set.
  ///
  /// Its last line is the schedule, as ``replay(_:limits:reporting:name:function:file:line:_:)-4ipu9`` takes it.
  public internal(set) var trace: String?

  /// In how many executions a condition was seen; zero for one that was not looked at.
  public func executions(seeing name: String) -> Int { conditions.first { $0.name == name }?.executions ?? 0 }

  /// In how many executions a result came out.
  public func executions(endingIn outcome: String) -> Int { outcomes.first { $0.outcome == outcome }?.executions ?? 0 }

  /// The conditions that should have been seen and were not.
  func unseen(_ required: [String]) -> [String] {
    let never = conditions.filter { $0.executions == 0 }.map(\.name)
    return never + required.filter { name in !conditions.contains { $0.name == name } }
  }

  /// A line for the search, which begins with its name, one for each condition and each result, and one for the pairs.
  public var description: String { name.isEmpty ? text : "\(name): \(text)" }

  /// The lines without the name.
  fileprivate var text: String {
    var lines = ["\(verdict): \(steps) steps, \(switches) switches"]
    if locksQueue { lines.append("  locks: queued as in the kernel") }
    lines += conditions.map { "  sometimes \($0.name): \($0.executions) of \(executions)" }
    let width = outcomes.map { "\($0.executions)".count }.max() ?? 0
    lines += outcomes.map { "  \("\($0.executions)".leftPadded(to: width))  \($0.outcome)" }
    if !pairs.isEmpty {
      let both = pairs.filter(\.hasBothOrders).count
      lines.append("  \(both) of \(pairs.count) dependent pairs were seen in both orders")
    }
    return lines.joined(separator: "\n")
  }

  /// The pairs of dependent steps that came in one order only, a line each.
  ///
  /// After an exhaustive search no schedule has the other order; after sampling it may only have been missed.
  public var pairsInOneOrder: String {
    pairs.filter { !$0.hasBothOrders }.map(\.description).joined(separator: "\n")
  }
}

/// How often a named condition was seen.
public struct ConditionCount: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// In how many executions it held.
  public let executions: Int
}

/// A search that found nothing wrong and did not see what it was for.
public struct UnseenConditions: Error, Sendable, CustomStringConvertible {
  /// The conditions that never held.
  public let names: [String]
  /// What the search did see.
  public let report: ExplorationReport

  /// One line with the names, and the report.
  public var description: String {
    "never seen: \(names.joined(separator: ", ")); a race that never happened proves nothing\n\(report.text)"
  }
}

/// Two kinds of steps of different threads whose order matters, and the orders in which they were seen.
package struct StepPair: Sendable, Hashable, CustomStringConvertible {
  /// The one that came first, where only one order was seen.
  package let first: String
  /// The other one.
  package let second: String
  /// Whether each was seen to come before the other.
  package let hasBothOrders: Bool

  /// The two steps, and which way round they came.
  package var description: String { "\(first) \(hasBothOrders ? "<->" : "->") \(second)" }
}
