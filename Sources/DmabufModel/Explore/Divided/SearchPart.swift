// SPDX-License-Identifier: GPL-2.0-only

/// What one part of a search has come to.
struct SearchPart: Sendable {
  /// What was done and seen; its verdict is not that of the search.
  var report: ExplorationReport
  /// What was found, with the number of executions, where the search does not stop at a finding.
  var findings: [Survey.Count] = []
  /// Where the search was to stop at a finding, and did.
  var failure: FoundFailure?
  /// How many executions were run and not counted.
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
  /// How many executions the part had run, this one included.
  var executions: Int
}

extension SearchPart {
  static let empty = SearchPart(
    report: ExplorationReport(
      verdict: .sampled(schedules: 0), executions: 0, abandoned: 0, steps: 0, switches: 0, conditions: []))

  /// Adds what another part has come to.
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
    return sum
  }

  func with(_ verdict: Verdict) -> ExplorationReport {
    var copy = ExplorationReport(
      verdict: verdict, executions: executions, abandoned: abandoned, steps: steps, switches: switches,
      conditions: conditions)
    copy.outcomes = OutcomeCount.ofWhole(outcomes)
    copy.pairs = pairs
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

extension Exploration {
  /// Runs executions for as long as a strategy has some, and counts them apart from any before.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - strategy: Who decides.
  ///   - stopsAtFinding: Whether the first finding ends the part.
  ///   - most: How many executions it may run, counted or not.
  ///   - isCounted: Whether the last execution counts.
  ///   - scenario: The scenario.
  func part(
    _ kernel: Kernel, _ strategy: some Strategy, stopsAtFinding: Bool, atMost most: Int = .max,
    isCounted: () -> Bool = { true }, _ scenario: @escaping Scenario
  ) -> SearchPart {
    kernel.limits = limits
    kernel.conditions = Conditions()
    kernel.outcomes = Outcomes()
    var counter = Exploration(name: name, limits: limits, options: options)
    var part = SearchPart.empty
    var left = most
    while part.failure == nil && part.error == nil && strategy.beginExecution() {
      if left == 0 || isOver {
        part.isCut = true
        break
      }
      left -= 1
      let recorder = options.coversPairs ? Recorder(.labels) : nil
      kernel.isChecked = strategy.reliesOnIndependence && counter.executions < limits.checkedExecutions
      let conditions = kernel.conditions
      let outcome = kernel.execute(scenario, under: strategy, recording: recorder)
      let counts = isCounted()
      if counts {
        counter.count(outcome, kernel, recorder)
      } else {
        part.repeated += 1
        kernel.conditions = conditions
      }
      if let misuse = outcome.misuse {
        part.error = misuse
      } else if let finding = outcome.finding, stopsAtFinding {
        part.failure = FoundFailure(
          finding: finding, threads: kernel.events.map(\.thread), executions: counter.executions)
      } else {
        if counts, let finding = outcome.finding { Survey.Count.add(finding, to: &part.findings) }
        strategy.endExecution(Execution(kernel: kernel, hasFailed: outcome.finding != nil))
        part.error = strategy.objection
      }
    }
    kernel.isChecked = false
    part.report = counter.report(.sampled(schedules: counter.executions), kernel)
    part.report.outcomes = kernel.outcomes.countsOfPart
    return part
  }
}
