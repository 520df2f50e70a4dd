// SPDX-License-Identifier: GPL-2.0-only

/// What a search without a failure has done and seen.
public struct ExplorationReport: Sendable, Hashable, CustomStringConvertible {
  /// What it has shown.
  public let verdict: Verdict
  /// How many schedules were run.
  public let executions: Int
  /// How many of them the strategy gave up half-way: none in an exhaustive search by reduction, most in one by states.
  public let abandoned: Int
  /// How many steps they took in all.
  public let steps: Int
  /// How often they went from one thread to another.
  public let switches: Int
  /// How often each named condition was seen.
  public let conditions: [ConditionCount]

  /// In how many executions a condition was seen; zero for one that nobody looked at.
  public func executions(seeing name: String) -> Int { conditions.first { $0.name == name }?.executions ?? 0 }

  /// The conditions that should have been seen and were not.
  func unseen(_ required: [String]) -> [String] {
    let never = conditions.filter { $0.executions == 0 }.map(\.name)
    return never + required.filter { name in !conditions.contains { $0.name == name } }
  }

  /// A line for the search and one for each condition.
  public var description: String {
    let lines = conditions.map { "  sometimes \($0.name): \($0.executions) of \(executions)" }
    return (["\(verdict): \(steps) steps, \(switches) switches"] + lines).joined(separator: "\n")
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
    "never seen: \(names.joined(separator: ", ")); a race that never happened proves nothing\n\(report)"
  }
}
