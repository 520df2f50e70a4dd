// SPDX-License-Identifier: GPL-2.0-only

extension Exploration {
  /// Makes the report of a failing execution: runs it again, makes it smaller, writes it down, looks for the pair of
  /// steps that decides.
  ///
  /// On a machine of its own, since the search's own may have lost a thread.
  ///
  /// - Parameters:
  ///   - finding: What was found.
  ///   - threads: Who took each step of the execution.
  ///   - scenario: The scenario.
  func failure(_ finding: Finding, _ threads: [UInt8], _ scenario: @escaping Scenario) throws -> ScheduleFailure {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    let again = kernel.execute(scenario, under: FollowStrategy(threads, timed: timed?.strategy), recording: nil)
    try requireSame(finding, again)
    var shrinker = Shrinker(
      kernel, finding, executions: options.shrinkingExecutions, steps: options.shrinkingSteps, scenario)
    // Other schedules than its own a machine with a clock does not run.
    let canShrink = options.shrinkingExecutions > 0 && finding.kind != .stepLimit && timed == nil
    let shrinking = canShrink ? shrinker.run() : nil
    var (failure, machine) = try record(shrinker.best.threads, finding, scenario)
    defer { machine.shutDown() }
    failure.shrinking = shrinking
    explain(&failure, machine, scenario)
    return failure
  }

  /// Runs the one schedule that a replay string names.
  mutating func replay(_ schedule: Schedule, _ scenario: @escaping Scenario) throws -> ExplorationReport {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    let strategy = ReplayStrategy(schedule)
    let recorder = Recorder()
    var hasChanged = false
    let outcome = kernel.execute(scenario, under: strategy, recording: recorder) {
      strategy.finish(kernel)
      hasChanged = strategy.hasChanged(kernel)
    }
    count(outcome, kernel, nil)
    if let misuse = outcome.misuse { throw misuse }
    let recording = Recording(kernel, recorder, strategy.enabled, schedule: schedule)
    if let divergence = strategy.divergence {
      throw ReplayDivergence(summary: divergence, recording: recording, options: options)
    }
    guard let finding = outcome.finding else {
      var report = report(.sampled(schedules: 1), kernel)
      if options.tracing { report.trace = text(of: recording) }
      return report
    }
    var failure = ScheduleFailure(
      finding: finding, recording: recording, name: name, executions: executions, command: options.replayCommand)
    failure.hasChanged = hasChanged
    explain(&failure, kernel, scenario)
    throw failure
  }

  /// Runs an execution a last time, written down.
  private func record(
    _ threads: [UInt8], _ finding: Finding, _ scenario: @escaping Scenario
  ) throws -> (ScheduleFailure, Kernel) {
    let kernel = Kernel()
    kernel.limits = limits
    let follow = FollowStrategy(threads, timed: timed?.strategy)
    let recorder = Recorder()
    let outcome = kernel.execute(scenario, under: follow, recording: recorder)
    let names = (0..<kernel.threadCount).map { kernel.threads[$0].name }
    guard let found = outcome.finding, found.isSame(as: finding, threadNames: names) else {
      kernel.shutDown()
      throw notDeterministic(finding, outcome)
    }
    let recording = Recording(kernel, recorder, follow.enabled, schedule: nil)
    var failure = ScheduleFailure(
      finding: found, recording: recording, name: name, executions: executions, command: options.replayCommand)
    failure.isTimed = timed != nil
    return (failure, kernel)
  }

  /// Looks for the pair of steps that decides, and writes the pictures where they were asked for.
  private func explain(_ failure: inout ScheduleFailure, _ kernel: Kernel, _ scenario: @escaping Scenario) {
    failure.showsEveryStep = options.showsEveryStep
    failure.columns = options.width
    if options.shrinkingExecutions > 0 && failure.finding.kind != .stepLimit && timed == nil {
      var search = FlipSearch(kernel, failure.recording, scenario)
      failure.flip = search.run()
      failure.flipsTried = search.wasCut ? 0 : search.tried
    }
    if let folder = options.traceFolder { failure.writePictures(in: folder) }
  }

  /// The table of an execution that passes, which is run again for it.
  ///
  /// - Parameter threads: Who took each step.
  func trace(_ threads: [UInt8], _ scenario: @escaping Scenario) -> String {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    let follow = FollowStrategy(threads, timed: timed?.strategy)
    let recorder = Recorder()
    _ = kernel.execute(scenario, under: follow, recording: recorder)
    return text(of: Recording(kernel, recorder, follow.enabled, schedule: nil))
  }

  /// The table of the first execution of a strategy that has not begun.
  func firstTrace(_ strategy: some Strategy, _ scenario: @escaping Scenario) throws -> String? {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    guard strategy.beginExecution() else { return nil }
    let outcome = kernel.execute(scenario, under: strategy, recording: nil)
    if let misuse = outcome.misuse { throw misuse }
    return trace(kernel.events.map(\.thread), scenario)
  }

  private func text(of recording: Recording) -> String {
    let table = TraceTable(recording, isUnfolded: options.showsEveryStep, columns: options.width)
    return (table.lines + ["", "schedule: \(recording.schedule)"])
      .joined(separator: "\n")
  }

  private func requireSame(_ finding: Finding, _ outcome: Outcome) throws {
    if let misuse = outcome.misuse { throw misuse }
    guard let found = outcome.finding, found.kind == finding.kind, found.summary == finding.summary else {
      throw notDeterministic(finding, outcome)
    }
  }

  private func notDeterministic(_ finding: Finding, _ outcome: Outcome) -> ScenarioError {
    let second = outcome.finding.map { "'\($0)'" } ?? "nothing"
    return .notDeterministic("the schedule that found '\(finding)' then found \(second)")
  }
}
