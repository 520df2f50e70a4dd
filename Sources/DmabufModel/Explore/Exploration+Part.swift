// SPDX-License-Identifier: GPL-2.0-only

extension Exploration {
  /// Runs executions for as long as a strategy has some, and counts them apart from any before.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - strategy: Who decides.
  ///   - stopsAtFinding: Whether the first finding ends the part.
  ///   - most: The number of executions that it may run, counted or not.
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
