// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// What a divided search is to do beside searching.
struct DivisionOptions {
  /// The number of machines.
  var jobs: Int
  /// Whether the first finding ends the search.
  var stopsAtFinding: Bool
  /// Conditions that must have been seen.
  var required: [String] = []
  /// Where the search writes down how far it is; none if it does not.
  var checkpointFolder: String?
}

extension Exploration {
  /// Runs a search on several machines, each driven by a thread of its own.
  mutating func run(
    _ division: SearchDivision, _ wanted: DivisionOptions, _ strategy: some Strategy, _ scenario: @escaping Scenario
  ) throws -> (report: ExplorationReport, findings: [Survey.Count]) {
    let checkpoint = try wanted.checkpointFolder.map { folder in
      Checkpoint(
        in: folder, name, division.name, scenario: try digest(scenario),
        interval: limits.executionsPerCheckpoint)
    }
    let progress = MergeProgress(options, strategy, name: name.tag)
    defer { progress.finish() }
    let sum: SearchPart
    let kept: Int
    var isOverLimit = false
    switch division.kind {
    case .exhaustive:
      (sum, kept, isOverLimit) = try search(
        DividedSearch(limit: limits.executions), wanted, checkpoint, progress, scenario)
    case .samples(let count, let part):
      isOverLimit = count > limits.executions
      (sum, kept) = try sample(
        0..<max(0, min(count, limits.executions)), part, jobs: wanted.jobs, stopsAtFinding: wanted.stopsAtFinding,
        checkpoint: checkpoint, isWhole: !isOverLimit, progress: progress, scenario)
    }
    progress.finish()
    let stop = limit(of: sum, isOverLimit: isOverLimit)
    if stop == nil { checkpoint?.remove() }
    if let error = sum.error { throw error }
    if let found = sum.failure {
      checkpoint?.remove()
      executions = found.executions
      throw try failure(found.finding, found.threads, scenario)
    }
    var report = sum.report.with(stop ?? strategy.verdict(executions: sum.report.executions))
    report.name = name.tag
    if options.tracing { report.trace = try firstTrace(strategy, scenario) }
    if stop != nil { try end(report, mustFinish: strategy.mustFinish, checkpoint, keeping: kept) }
    if strategy.reliesOnIndependence && wanted.stopsAtFinding { try checkCommutation(scenario) }
    let unseen = report.unseen(wanted.required)
    if !unseen.isEmpty { throw UnseenConditions(names: unseen, report: report) }
    return (report, sum.findings)
  }

  /// The verdict of a search that a limit has ended.
  private func limit(of sum: SearchPart, isOverLimit: Bool) -> Verdict? {
    if sum.isCut { return cut(after: sum.report.executions) }
    return isOverLimit ? .stoppedAtLimit(executions: limits.executions) : nil
  }

  private func checkCommutation(_ scenario: @escaping Scenario) throws {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    var check = CommutationCheck(pairs: limits.commutingPairs)
    _ = try check.run(kernel, scenario)
  }

  private func search(
    _ fresh: DividedSearch, _ wanted: DivisionOptions, _ checkpoint: Checkpoint?, _ progress: MergeProgress,
    _ scenario: @escaping Scenario
  ) throws -> (sum: SearchPart, kept: Int, isOverLimit: Bool) {
    var source = fresh
    try goOn(&source, from: checkpoint)
    let pool = WorkPool(source, window: DividedSearch.window, onMerge: watcher(checkpoint, progress, over: source))
    let registry = source.registry
    let stops = wanted.stopsAtFinding
    drive(pool, jobs: wanted.jobs, scenario) { scenario in
      let strategy = ExhaustiveStrategy(sharing: registry)
      return { [self] unit, kernel in
        strategy.explore(unit) { part(kernel, strategy, stopsAtFinding: stops, scenario) }
      }
    }
    let (end, total) = (pool.source, pool.total)
    if end.isOverLimit || total.isCut { checkpoint?.write(end) }
    return (total, end.sum.report.executions, end.isOverLimit)
  }

  func sample(
    _ range: Range<Int>, _ part: @escaping @Sendable (Range<Int>) -> any Strategy, jobs: Int, stopsAtFinding: Bool,
    checkpoint: Checkpoint?, isWhole: Bool = true, progress: MergeProgress?, _ scenario: @escaping Scenario
  ) throws -> (sum: SearchPart, kept: Int) {
    var source = SampleBlocks(range)
    try goOn(&source, from: checkpoint)
    let pool = WorkPool(source, window: DividedSearch.window, onMerge: watcher(checkpoint, progress, over: source))
    drive(pool, jobs: jobs, scenario) { scenario in
      { [self] block, kernel in self.part(kernel, part(block), stopsAtFinding: stopsAtFinding, scenario) }
    }
    let (end, total) = (pool.source, pool.total)
    if !isWhole || total.isCut { checkpoint?.write(end) }
    return (total, end.sum.report.executions)
  }

  /// Goes on from where another process has left off, and says from where.
  private func goOn<Source: WorkSource & Resumable>(_ source: inout Source, from checkpoint: Checkpoint?) throws {
    guard let checkpoint, try checkpoint.read(&source) else { return }
    let done = source.sum.report.executions
    Output.writeToStandardError("\(name.tag) goes on from \(checkpoint.path), with \(done) executions done\n")
  }

  /// What looks at the sum after each merge: shows it, and writes it down now and then.
  ///
  /// - Parameters:
  ///   - checkpoint: Where it is written down.
  ///   - progress: Where it is shown.
  ///   - begun: The search before its first merge, with what another process may have done of it.
  private func watcher<Source: WorkSource & Resumable>(
    _ checkpoint: Checkpoint?, _ progress: MergeProgress?, over begun: Source
  ) -> (@Sendable (Source) -> Void)? {
    if checkpoint == nil && progress?.isShown != true { return nil }
    if checkpoint != nil { deadline?.hold() }
    let deadline = deadline
    let before = begun.sum.report.executions
    let written = Atomic(before)
    return { source in
      deadline?.release()
      let done = source.sum.report.executions
      progress?.note(done, before: before)
      guard let checkpoint, checkpoint.isDue(done - written.load(ordering: .relaxed)) else { return }
      checkpoint.write(source)
      written.store(done, ordering: .relaxed)
    }
  }

  /// Has the units of a pool done by several machines.
  ///
  /// A small search is over with its first unit: only then are there threads beside the caller's.
  ///
  /// - Parameters:
  ///   - pool: The units.
  ///   - jobs: The number of machines.
  ///   - scenario: The scenario.
  ///   - makeWorker: Makes, on the thread that drives a machine, what does a unit on it.
  func drive<Source: WorkSource>(
    _ pool: WorkPool<Source>, jobs: Int, _ scenario: @escaping Scenario,
    _ makeWorker: @escaping @Sendable (@escaping Scenario) -> (Source.Unit, Kernel) -> Source.Result
  ) {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let work = makeWorker(scenario)
    if case .unit(let unit, let slot) = pool.take() { pool.put(work(unit, kernel), slot: slot) }
    if pool.isOver { return }
    OperatingSystemThreads.with(jobs - 1) {
      let kernel = Kernel()
      defer { kernel.shutDown() }
      // A closure of its own: each execution keeps and lets go of it, and a counter that two processors write to is
      // worth a twentieth of all their time.
      let work = makeWorker { try await scenario($0) }
      pool.work { work($0, kernel) }
    } do: {
      pool.work { work($0, kernel) }
    }
  }
}

/// The progress line of a search on several machines, each of which may draw it.
final class MergeProgress: Sendable {
  private let progress: Mutex<Progress>
  private let estimate: SearchEstimate?
  let isShown: Bool

  init(_ options: ReportOptions, _ strategy: some Strategy, name: String = "") {
    let line = Progress(options, name: name)
    isShown = line.isShown
    // An estimate that takes work is made for a terminal only.
    estimate = line.isOnTerminal || line.isShown && !strategy.mustFinish ? strategy.estimated : nil
    progress = Mutex(line)
  }

  /// Draws the line now and then.
  ///
  /// - Parameters:
  ///   - executions: The number of those that have been done.
  ///   - before: The number of those that another process has done.
  func note(_ executions: Int, before: Int = 0) {
    if isShown { progress.withLock { $0.draw(executions, estimate, before: before) } }
  }

  func finish() { progress.withLock { $0.finish() } }
}
