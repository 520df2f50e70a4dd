// SPDX-License-Identifier: GPL-2.0-only

extension Exploration {
  /// Runs a search on several machines, each driven by a thread of its own.
  mutating func run(
    _ division: SearchDivision, jobs: Int, seeing required: [String], _ strategy: some Strategy,
    _ scenario: @escaping Scenario,
    stopsAtFinding: Bool
  ) throws -> (ExplorationReport, [Survey.Count]) {
    let sum: SearchPart
    var isComplete = true
    switch division.kind {
    case .exhaustive:
      let source = search(DividedSearch(limit: limits.executions), jobs: jobs, stopsAtFinding: stopsAtFinding, scenario)
      isComplete = !source.isOverLimit
      sum = source.sum
    case .samples(let count, let part):
      isComplete = count <= limits.executions
      sum = sample(min(count, limits.executions), part, jobs: jobs, stopsAtFinding: stopsAtFinding, scenario)
    }
    if let error = sum.error { throw error }
    if let found = sum.failure {
      executions = found.executions
      throw try failure(found.finding, found.threads, scenario)
    }
    let count = sum.report.executions
    guard isComplete else {
      let stopped = sum.report.with(.stoppedAtLimit(limits.executions))
      if strategy.mustFinish { throw SearchStopped(report: stopped) }
      return (stopped, sum.findings)
    }
    let report = sum.report.with(strategy.verdict(executions: count))
    let unseen = report.unseen(required)
    if !unseen.isEmpty { throw UnseenConditions(names: unseen, report: report) }
    return (report, sum.findings)
  }

  private func search(
    _ source: DividedSearch, jobs: Int, stopsAtFinding: Bool, _ scenario: @escaping Scenario
  ) -> DividedSearch {
    let pool = WorkPool(source, window: DividedSearch.window)
    drive(pool, jobs: jobs) {
      let strategy = ExhaustiveStrategy(sharing: source.registry)
      return { [self] unit, kernel in
        strategy.explore(unit, kernel, self, stopsAtFinding: stopsAtFinding, scenario)
      }
    }
    return pool.source
  }

  private func sample(
    _ count: Int, _ part: @escaping @Sendable (Range<Int>) -> any Strategy, jobs: Int, stopsAtFinding: Bool,
    _ scenario: @escaping Scenario
  ) -> SearchPart {
    let pool = WorkPool(SampleBlocks(0..<count), window: DividedSearch.window)
    drive(pool, jobs: jobs) {
      { [self] block, kernel in self.part(kernel, part(block), stopsAtFinding: stopsAtFinding, scenario) }
    }
    return pool.source.sum
  }

  /// Has the units of a pool done by several machines.
  ///
  /// - Parameters:
  ///   - pool: The units.
  ///   - jobs: How many machines.
  ///   - makeWorker: Makes, on the thread that drives a machine, what does a unit on it.
  private func drive<Source: WorkSource>(
    _ pool: WorkPool<Source>, jobs: Int,
    _ makeWorker: @escaping @Sendable () -> (Source.Unit, Kernel) -> Source.Result
  ) {
    OperatingSystemThreads.run(jobs) {
      let kernel = Kernel()
      defer { kernel.shutDown() }
      let work = makeWorker()
      while true {
        switch pool.take() {
        case .unit(let unit, let slot): pool.put(work(unit, kernel), slot: slot)
        // Nothing to do happens at the beginning and at the end: not worth more than a look now and then.
        case .wait: OperatingSystemThreads.nap(microseconds: 20)
        case .over: return
        }
      }
    }
  }
}
