// SPDX-License-Identifier: GPL-2.0-only

/// Runs a scenario under many schedules and throws the first failure.
///
/// Synchronous: one machine, driven by the calling operating-system thread from start to end. The same strategy with the
/// same seed takes the same steps on every run and every machine.
///
/// ```swift
/// try explore(.random(seed: 1, schedules: 10_000)) { kernel in
///   let references = Kref(kernel)
///   kernel.thread("a") { try await references.get() }
///   kernel.thread("b") { try await references.get() }
///   try await kernel.join()
///   try kernel.check(await references.read() == 3, "a reference was lost")
/// }
/// ```
///
/// - Parameters:
///   - strategy: Who decides at each step.
///   - limits: When to stop; `DMABUF_MAX_STEPS` and `DMABUF_MAX_SCHEDULES` override them.
///   - conditions: Names of conditions that must have been seen; see ``Kernel/sometimes(_:_:)``.
///   - name: The name under which the search is found again, for the line that replays a failure.
///   - scenario: Sets up, starts threads, joins them and checks. Runs once for each schedule, on fresh objects.
/// - Returns: What was done and seen.
/// - Throws: ``ScheduleFailure`` for a defect, ``ScenarioError`` for a mistake in the use of this package,
///   ``SearchStopped`` when an exhaustive search comes to a limit.
@discardableResult
public func explore(
  _ strategy: some Strategy = RandomStrategy.random(), limits: Limits = Limits(), seeing conditions: [String] = [],
  name: String = #function, _ scenario: @escaping Scenario
) throws -> ExplorationReport {
  if let text = Environment.replay, text.hasPrefix("\(Exploration.tag(name))/") {
    return try replay(String(text.drop { $0 != "/" }.dropFirst()), name: name, scenario)
  }
  let kernel = Kernel()
  defer { kernel.shutDown() }
  var exploration = Exploration(name: name, limits: limits.overridden)
  return try exploration.run(kernel, strategy, seeing: conditions, scenario)
}

/// Runs a scenario under the one schedule that a replay string names.
///
/// - Parameters:
///   - text: The schedule's short name, as a report gives it.
///   - name: The name of the search.
///   - scenario: The scenario of that search.
/// - Returns: A report, when the schedule passes.
/// - Throws: ``ScheduleFailure`` when it fails; ``ReplayDivergence`` when the scenario no longer takes those steps;
///   ``ScenarioError`` when the text is not a schedule.
@discardableResult
public func replay(
  _ text: String, name: String = #function, _ scenario: @escaping Scenario
) throws -> ExplorationReport {
  let schedule = try Schedule(text)
  let kernel = Kernel()
  defer { kernel.shutDown() }
  kernel.limits = Limits().overridden
  let strategy = ReplayStrategy(schedule)
  let recorder = Recorder()
  let outcome = kernel.execute(scenario, under: strategy, recording: recorder) { strategy.finish(kernel) }
  if let misuse = outcome.misuse { throw misuse }
  let recording = Recording(kernel, recorder, strategy.enabled, schedule: schedule)
  if let divergence = strategy.divergence { throw ReplayDivergence(summary: divergence, recording: recording) }
  if let finding = outcome.finding {
    throw ScheduleFailure(finding: finding, recording: recording, name: name, executions: 1)
  }
  return ExplorationReport(
    verdict: .sampled(1), executions: 1, abandoned: 0, steps: outcome.steps, switches: outcome.switches,
    conditions: kernel.conditions.counts.map { ConditionCount(name: $0.name, executions: $0.executions) })
}

/// One search: its counters, and what it does about a failure.
struct Exploration {
  let name: String
  let limits: Limits
  private var executions = 0
  private var abandoned = 0
  private var steps = 0
  private var switches = 0

  init(name: String, limits: Limits) {
    self.name = name
    self.limits = limits
  }

  mutating func run(
    _ kernel: Kernel, _ strategy: some Strategy, seeing required: [String], _ scenario: @escaping Scenario,
    collect: ((Finding) -> Void)? = nil
  ) throws -> ExplorationReport {
    kernel.limits = limits
    var isComplete = true
    while strategy.beginExecution() {
      if executions == limits.executions {
        isComplete = false
        break
      }
      let outcome = kernel.execute(scenario, under: strategy, recording: nil)
      executions += 1
      steps += outcome.steps
      switches += outcome.switches
      if let misuse = outcome.misuse { throw misuse }
      if outcome.wasAbandoned { abandoned += 1 }
      if let finding = outcome.finding {
        guard let collect else { throw try failure(kernel, finding, scenario) }
        collect(finding)
      }
      strategy.endExecution(Execution(kernel: kernel, hasFailed: outcome.finding != nil))
      if let objection = strategy.objection { throw objection }
    }
    let report = ExplorationReport(
      verdict: isComplete ? strategy.verdict(executions: executions) : .stoppedAtLimit(executions),
      executions: executions, abandoned: abandoned, steps: steps, switches: switches,
      conditions: kernel.conditions.counts.map { ConditionCount(name: $0.name, executions: $0.executions) })
    if !isComplete && strategy.mustFinish { throw SearchStopped(report: report) }
    if strategy.reliesOnIndependence && collect == nil {
      var check = CommutationCheck(pairs: limits.commutingPairs)
      _ = try check.run(kernel, scenario)
    }
    let unseen = report.unseen(required)
    if !unseen.isEmpty { throw UnseenConditions(names: unseen, report: report) }
    return report
  }

  /// Runs a failing execution again, this time written down.
  private func failure(_ kernel: Kernel, _ finding: Finding, _ scenario: @escaping Scenario) throws -> ScheduleFailure {
    let follow = FollowStrategy(kernel.events.map(\.thread))
    let recorder = Recorder()
    let again = kernel.execute(scenario, under: follow, recording: recorder)
    if let misuse = again.misuse { throw misuse }
    guard let finding2 = again.finding, finding2.kind == finding.kind, finding2.summary == finding.summary else {
      let second = again.finding.map { "'\($0)'" } ?? "nothing"
      throw ScenarioError.notDeterministic("the schedule that found '\(finding)' then found \(second)")
    }
    let recording = Recording(kernel, recorder, follow.enabled, schedule: nil)
    return ScheduleFailure(finding: finding2, recording: recording, name: name, executions: executions)
  }

  /// The short tag by which a replay string finds its search again.
  static func tag(_ name: String) -> String { String(name.prefix { $0 != "(" }) }
}

extension Limits {
  /// The limits with what the environment says.
  var overridden: Limits {
    var limits = self
    if let steps = Environment.stepsPerExecution { limits.stepsPerExecution = steps }
    if let executions = Environment.executions { limits.executions = executions }
    if let pairs = Environment.commutingPairs { limits.commutingPairs = pairs }
    return limits
  }
}
