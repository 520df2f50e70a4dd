// SPDX-License-Identifier: GPL-2.0-only

/// Runs a scenario under many schedules and throws the first failure.
///
/// Synchronous: one machine, driven by the calling operating-system thread from start to end. The same strategy with
/// the same seed takes the same steps on every run and every machine. An asynchronous function calls it with `await`,
/// and is suspended meanwhile.
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
///   - limits: When to stop; `DMABUF_MAX_STEPS`, `DMABUF_MAX_SCHEDULES` and `DMABUF_SECONDS` override them.
///   - conditions: Names of conditions that must have been seen; see ``Kernel/sometimes(_:_:)``.
///   - options: What the report is to contain.
///   - jobs: On how many machines side by side, each on a thread of its own; `DMABUF_JOBS` or one if it is not said.
///     Verdict and counts are the same for every number. It can be several for
///     `.exhaustive` and the samplers.
///   - checkpoint: A folder where a long search writes down how far it is, and goes on from when it is run again;
///     `DMABUF_CHECKPOINT_DIR` if it is not said. It has to be there.
///   - name: What tells this search from others of the same function. A parameterised test has to give one, made of its
///     arguments; else a replay string of one search is tried in all of them. So have two functions of one name in one
///     file: their suites are not known here.
///   - function: The function by which the search is found again, for the line that replays a failure; empty where the
///     name says enough.
///   - file: The file of that function.
///   - line: Where the search is called.
///   - scenario: Sets up, starts threads, joins them and checks. Runs once for each schedule, on fresh objects.
/// - Returns: What was done and seen.
/// - Throws: ``ScheduleFailure`` for a defect, ``ScenarioError`` for a mistake in the use of this package or a variable
///   with a value that it cannot have, ``SearchStopped`` when an exhaustive search comes to a limit,
///   ``CheckpointError`` for a checkpoint that cannot be used.
@discardableResult
public func explore(
  _ strategy: some Strategy = ExhaustiveStrategy.exhaustive, limits: Limits = Limits(),
  seeing conditions: [String] = [],
  reporting options: ReportOptions = ReportOptions(), jobs: Int? = nil, checkpoint: String? = nil, name: String = "",
  function: String = #function, file: String = #fileID, line: UInt = #line, _ scenario: @escaping Scenario
) throws -> ExplorationReport {
  let search = Search(
    name: SearchName(file: file, line: line, function: function, name: name), limits: limits, options: options,
    jobs: jobs, conditions: conditions, checkpoint: checkpoint)
  return try search.explore(strategy, scenario)
}

/// Runs a scenario under the one schedule that a replay string names.
///
/// - Parameters:
///   - text: The schedule's short name, as a report gives it.
///   - limits: When to stop.
///   - options: What the report is to contain.
///   - name: The name of the search.
///   - function: The function by which the search is found again.
///   - file: The file of that function.
///   - line: Where the search is called.
///   - scenario: The scenario of that search.
/// - Returns: A report, when the schedule passes.
/// - Throws: ``ScheduleFailure`` when it fails; ``ReplayDivergence`` when the scenario no longer takes those steps;
///   ``ScenarioError`` when the text is not a schedule.
@discardableResult
public func replay(
  _ text: String, limits: Limits = Limits(), reporting options: ReportOptions = ReportOptions(), name: String = "",
  function: String = #function, file: String = #fileID, line: UInt = #line, _ scenario: @escaping Scenario
) throws -> ExplorationReport {
  let search = Search(
    name: SearchName(file: file, line: line, function: function, name: name), limits: limits, options: options)
  return try search.replay(text, scenario)
}

/// One search: its counters.
struct Exploration {
  let name: SearchName
  let limits: Limits
  let options: ReportOptions
  var executions = 0
  private var abandoned = 0
  private var steps = 0
  private var switches = 0
  private var pairs = PairCoverage()
  /// The clock of the executions, if they have one.
  var timed: TimedSetup?
  /// When the search has to end.
  let deadline: Deadline?
  /// Whether the task that awaits the search has been cancelled.
  private let cancellation: SearchCancellation?

  init(name: SearchName, limits: Limits, options: ReportOptions, cancellation: SearchCancellation? = nil) {
    self.name = name
    self.limits = limits
    self.options = options
    self.cancellation = cancellation
    deadline = limits.seconds.flatMap { Deadline(seconds: $0) }
  }

  mutating func run(
    _ kernel: Kernel, _ strategy: some Strategy, seeing required: [String], _ scenario: @escaping Scenario,
    collect: ((Finding) -> Void)? = nil
  ) throws -> ExplorationReport {
    kernel.limits = limits
    timed = (strategy as? TimedStrategy)?.setup
    var progress = Progress(options, name: name.tag)
    defer { progress.finish() }
    var stop: Verdict?
    var first: [UInt8]?
    while strategy.beginExecution() {
      stop = limit()
      if stop != nil { break }
      let recorder = options.coversPairs ? Recorder(.labels) : nil
      kernel.isChecked = strategy.reliesOnIndependence && executions < limits.checkedExecutions
      let outcome = kernel.execute(scenario, under: strategy, recording: recorder)
      count(outcome, kernel, recorder)
      progress.note(executions, strategy)
      if options.tracing && first == nil { first = kernel.events.map(\.thread) }
      if let misuse = outcome.misuse { throw misuse }
      if let finding = outcome.finding {
        guard let collect else {
          progress.finish()
          throw try failure(finding, kernel.events.map(\.thread), scenario)
        }
        collect(finding)
      }
      strategy.endExecution(Execution(kernel: kernel, hasFailed: outcome.finding != nil))
      if let objection = strategy.objection { throw objection }
    }
    kernel.isChecked = false
    var report = report(stop ?? strategy.verdict(executions: executions), kernel)
    report.trace = first.map { trace($0, scenario) }
    if stop != nil { try end(report, mustFinish: strategy.mustFinish) }
    if strategy.reliesOnIndependence && collect == nil {
      var check = CommutationCheck(pairs: limits.commutingPairs)
      _ = try check.run(kernel, scenario)
    }
    let unseen = report.unseen(required)
    if !unseen.isEmpty { throw UnseenConditions(names: unseen, report: report) }
    return report
  }

  /// The verdict of a search that has to end at a limit before its next execution.
  private func limit() -> Verdict? {
    if executions == limits.executions { return .stoppedAtLimit(executions: executions) }
    return isOver ? cut(after: executions) : nil
  }

  /// Whether the time is over or an end was asked for.
  var isOver: Bool { isInterrupted || deadline?.hasPassed == true }

  private var isInterrupted: Bool { SearchInterruption.isRequested || cancellation?.isRequested == true }

  /// The verdict of a search that had to end after these executions because ``isOver``.
  func cut(after executions: Int) -> Verdict {
    if isInterrupted { return .interrupted(executions: executions) }
    return .stoppedAtTimeLimit(seconds: limits.seconds ?? 0, executions: executions)
  }

  /// Ends a search at a limit: by an error if it was to be complete.
  ///
  /// That a sampler has tried less than it was to try would else be seen only by a reader of its report.
  ///
  /// - Parameters:
  ///   - stopped: The work that is done.
  ///   - mustFinish: Whether it was to be complete.
  ///   - checkpoint: Where that is written down.
  ///   - executions: The number of executions.
  func end(
    _ stopped: ExplorationReport, mustFinish: Bool, _ checkpoint: Checkpoint? = nil, keeping executions: Int = 0
  ) throws {
    let kept = checkpoint.map { checkpoint in
      "\(executions) executions are kept in \(checkpoint.path); to go on: \(resumeLine(checkpoint, stopped.verdict))"
    }
    if mustFinish { throw SearchStopped(report: stopped, checkpoint: checkpoint?.path, kept: kept) }
    if case .stoppedAtLimit = stopped.verdict, kept == nil { return }
    let lines = ["\(name.tag): \(stopped.verdict)"] + [kept].compactMap { $0 }
    Output.writeToStandardError(lines.map { $0 + "\n" }.joined())
  }

  /// What to type to go on with a search: with a higher limit, if that is what has ended it.
  private func resumeLine(_ checkpoint: Checkpoint, _ verdict: Verdict) -> String {
    var words: [String] = []
    if checkpoint.folder == Environment.checkpointDirectory {
      words.append("DMABUF_CHECKPOINT_DIR='\(checkpoint.folder)'")
    }
    if case .stoppedAtLimit(let limit) = verdict {
      words.append("DMABUF_MAX_SCHEDULES=\(limit.multipliedReportingOverflow(by: 10).partialValue)")
    }
    let test = name.filter.isEmpty ? "run it again" : "swift test --filter \(name.filter)"
    return (words + [options.resumeCommand ?? test]).joined(separator: " ")
  }

  /// Counts an execution that has just ended.
  mutating func count(_ outcome: Outcome, _ kernel: Kernel, _ recorder: Recorder?) {
    executions += 1
    steps += outcome.steps
    switches += outcome.switches
    if outcome.wasAbandoned { abandoned += 1 }
    if outcome.wasAbandoned || outcome.finding != nil { return }
    kernel.outcomes.countExecution()
    if let recorder { pairs.count(kernel, recorder) }
  }

  func report(_ verdict: Verdict, _ kernel: Kernel) -> ExplorationReport {
    var report = ExplorationReport(
      verdict: verdict, executions: executions, abandoned: abandoned, steps: steps, switches: switches,
      conditions: kernel.conditions.counts.map { ConditionCount(name: $0.name, executions: $0.executions) })
    report.name = name.tag
    report.outcomes = kernel.outcomes.counts
    report.pairs = pairs.all
    report.locksQueue = kernel.locksQueue
    return report
  }
}
