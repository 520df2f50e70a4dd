// SPDX-License-Identifier: GPL-2.0-only

/// The result of one part of a search.
struct SearchPart: Sendable {
  /// What was done and seen; its verdict is not that of the search.
  var report: ExplorationReport
  /// What was found, with the number of executions, where the search does not stop at a finding.
  var findings: [Survey.Count] = []
  /// Where the search was to stop at a finding, and did.
  var failure: FoundFailure?
  /// The number of executions that were run and not counted.
  var repeated = 0
  /// Whether a limit ended it.
  var isCut = false
  /// What made it impossible to go on.
  var error: ScenarioError?
}

/// A failing execution, as it is handed from one machine to another.
struct FoundFailure: Sendable {
  var finding: Finding
  /// Who took each step.
  var threads: [UInt8]
  /// The number of executions that the part had run, this one included.
  var executions: Int
}

extension SearchPart {
  static let empty = SearchPart(
    report: ExplorationReport(
      verdict: .sampled(schedules: 0), executions: 0, abandoned: 0, steps: 0, switches: 0, conditions: []))

  /// Adds the result of another part.
  mutating func add(_ other: SearchPart) {
    if failure == nil, var found = other.failure {
      found.executions += report.executions
      failure = found
    }
    error = error ?? other.error
    repeated += other.repeated
    isCut = isCut || other.isCut
    report = report.adding(other.report)
    for new in other.findings {
      if let index = findings.firstIndex(where: { $0.finding == new.finding }) {
        findings[index].executions += new.executions
      } else {
        findings.append(new)
      }
    }
  }
}

extension ExplorationReport {
  /// The sums of two parts of a search, in the order of this one.
  func adding(_ other: ExplorationReport) -> ExplorationReport {
    var conditions = conditions
    for new in other.conditions {
      if let index = conditions.firstIndex(where: { $0.name == new.name }) {
        conditions[index] = ConditionCount(name: new.name, executions: conditions[index].executions + new.executions)
      } else {
        conditions.append(new)
      }
    }
    var sum = ExplorationReport(
      verdict: verdict, executions: executions + other.executions, abandoned: abandoned + other.abandoned,
      steps: steps + other.steps, switches: switches + other.switches, conditions: conditions)
    sum.outcomes = OutcomeCount.sum(outcomes, other.outcomes, self, other)
    sum.pairs = StepPair.union(pairs, other.pairs)
    sum.locksQueue = locksQueue || other.locksQueue
    return sum
  }

  func with(_ verdict: Verdict) -> ExplorationReport {
    var copy = ExplorationReport(
      verdict: verdict, executions: executions, abandoned: abandoned, steps: steps, switches: switches,
      conditions: conditions)
    copy.outcomes = OutcomeCount.ofWhole(outcomes)
    copy.pairs = pairs
    copy.locksQueue = locksQueue
    return copy
  }
}

extension OutcomeCount {
  /// The results of two parts of a search, the most frequent first.
  fileprivate static func sum(
    _ left: [OutcomeCount], _ right: [OutcomeCount], _ one: ExplorationReport, _ other: ExplorationReport
  ) -> [OutcomeCount] {
    if left.isEmpty && right.isEmpty { return [] }
    var executions: [String: Int] = [:]
    for count in left + right { executions[count.outcome, default: 0] += count.executions }
    return executions.map { OutcomeCount(outcome: $0.key, executions: $0.value) }
      .sorted { ($1.executions, $0.outcome) < ($0.executions, $1.outcome) }
  }
}

extension StepPair {
  /// The pairs of two parts of a search, in the order in which they were first seen.
  fileprivate static func union(_ left: [StepPair], _ right: [StepPair]) -> [StepPair] {
    var all = left
    for pair in right {
      let index = all.firstIndex {
        ($0.first, $0.second) == (pair.first, pair.second) || ($0.first, $0.second) == (pair.second, pair.first)
      }
      guard let index else {
        all.append(pair)
        continue
      }
      if all[index].hasBothOrders || all[index] == pair { continue }
      all[index] = StepPair(first: all[index].first, second: all[index].second, hasBothOrders: true)
    }
    return all
  }
}
