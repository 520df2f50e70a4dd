// SPDX-License-Identifier: GPL-2.0-only

/// Runs one shard of a search.
///
/// - Parameters:
///   - strategy: Who decides; `.exhaustive` or a sampler.
///   - shard: Which part.
///   - limits: When to stop; the limit of executions is for each shard, with those that it runs and does not count.
///   - options: What the report of a failure is to contain.
///   - jobs: On how many machines side by side; `DMABUF_JOBS` or one if it is not said.
///   - name: The name of the search, the same in all shards.
///   - identity: What else the result depends on, such as the seed.
///   - scenario: The scenario.
/// - Returns: What was found and counted; a failure is a part of it, and so is that a limit was hit.
/// - Throws: ``ScenarioError`` for a mistake in the use of this package, ``ShardError`` for a strategy that cannot be
///   divided.
public func explore(
  _ strategy: some Strategy, shard: Shard, limits: Limits = Limits(),
  reporting options: ReportOptions = ReportOptions(), jobs: Int? = nil, name: String, identity: String,
  _ scenario: @escaping Scenario
) throws -> ShardReport {
  guard let division = strategy.divided else { throw ShardError.indivisible }
  let environment = try Environment()
  let options = try options.overridden(by: environment)
  environment.replay?.noteThatOthersRun("shard \(shard) of '\(name)'")
  let search = SearchName(file: "shard", line: 0, function: "", name: name)
  var exploration = Exploration(name: search, limits: try limits.overridden(by: environment), options: options)
  let digest = try exploration.digest(scenario)
  let jobs = try environment.jobs(asked: jobs)
  var sum: SearchPart
  switch division.kind {
  case .exhaustive: sum = try exploration.explore(shard, jobs: jobs, scenario)
  case .samples(let count, let part):
    let all = shard.executions(of: count)
    let some = all.prefix(exploration.limits.executions)
    sum = try exploration.sample(
      some, part, jobs: jobs, stopsAtFinding: true, checkpoint: nil, progress: nil, scenario
    ).sum
    sum.isCut = sum.isCut || some != all
  }
  if let error = sum.error { throw error }
  var failure: ShardReport.Failure?
  if let found = sum.failure {
    exploration.executions = found.executions
    failure = ShardReport.Failure(try exploration.failure(found.finding, found.threads, scenario))
  }
  let report = sum.report
  return ShardReport(
    search: name, strategy: identity, scenario: digest, shard: shard.number, shards: shard.count,
    executions: report.executions, repeated: sum.repeated, blocked: report.abandoned, steps: report.steps,
    switches: report.switches,
    conditions: Dictionary(report.conditions.map { ($0.name, $0.executions) }, uniquingKeysWith: +),
    outcomes: Dictionary(report.outcomes.map { ($0.outcome, $0.executions) }, uniquingKeysWith: +),
    isExhaustive: strategy.mustFinish, isComplete: !sum.isCut, failure: failure)
}

/// The beginnings that one shard explores.
///
/// Shards share nothing while they run, so they cannot divide a search as ``DividedSearch`` does. See <doc:Search>.
struct ShardedSearch: WorkSource {
  let registry: NameRegistry
  private let limit: Int
  private var beginnings: ArraySlice<ContiguousArray<PathStep>>
  private(set) var sum = SearchPart.empty

  /// Takes from all beginnings those of a shard, each shard one in turn.
  init(_ all: [ContiguousArray<PathStep>], _ shard: Shard, _ registry: NameRegistry, limit: Int) {
    self.registry = registry
    self.limit = limit
    beginnings = all.enumerated().filter { $0.offset % shard.count == shard.number - 1 }.map(\.element)[...]
  }

  mutating func next() -> ContiguousArray<PathStep>? { beginnings.popFirst() }

  static func parts(of result: SearchPart) -> [SearchPart] { [result] }

  /// A shard is not gone on with.
  static var mergesCutUnits: Bool { true }

  mutating func merge(_ result: SearchPart) -> Bool {
    sum.add(result)
    if sum.report.executions + sum.repeated > limit { sum.isCut = true }
    return sum.failure == nil && sum.error == nil && !sum.isCut
  }
}

extension Exploration {
  /// The number of beginnings that each shard should have at least, so that all have about the same to do.
  private static var beginningsPerShard: Int { 4 }
  /// How long beginnings are at most: a scenario with one order only has one, however long it is.
  private static var longestBeginning: Int { 24 }

  fileprivate func explore(_ shard: Shard, jobs: Int, _ scenario: @escaping Scenario) throws -> SearchPart {
    let registry = NameRegistry()
    let all = try beginnings(for: shard.count, registry, scenario)
    let source = ShardedSearch(all, shard, registry, limit: limits.executions)
    let pool = WorkPool(source, window: DividedSearch.window)
    drive(pool, jobs: jobs, scenario) { scenario in
      let search = ExhaustiveStrategy(sharing: registry)
      return { [self] path, kernel in
        // No thread sleeps at the beginning: what may not be taken first has its own beginning, but its races count
        // here.
        let free = ContiguousArray(path.map { PathStep(thread: $0.thread, before: []) })
        search.begin(SearchBranch(node: 0, prefix: free), budget: .unlimited)
        let owned = OwnedClasses(search, path, registry)
        return part(
          kernel, owned, stopsAtFinding: true, atMost: limits.executions, isCounted: { owned.isOwned }, scenario)
      }
    }
    return pool.source.sum
  }

  /// The beginnings of all executions, enough for that number of shards; the same in each of them.
  private func beginnings(
    for shards: Int, _ registry: NameRegistry, _ scenario: @escaping Scenario
  ) throws -> [ContiguousArray<PathStep>] {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    if shards == 1 { return [[]] }
    var depth = 1
    while true {
      let frontier = FrontierStrategy(depth: depth, sharing: registry)
      while frontier.beginExecution() {
        let outcome = kernel.execute(scenario, under: frontier, recording: nil)
        if let misuse = outcome.misuse { throw misuse }
        frontier.endExecution(Execution(kernel: kernel, hasFailed: outcome.finding != nil))
      }
      if frontier.beginnings.count >= shards * Self.beginningsPerShard || depth >= Self.longestBeginning {
        return frontier.beginnings
      }
      depth += 1
    }
  }

  /// A digest of one execution: who did what to what, and the names of both.
  func digest(_ scenario: @escaping Scenario) throws -> String {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    kernel.limits = limits
    let outcome = kernel.execute(scenario, under: SerialStrategy(), recording: nil)
    if let misuse = outcome.misuse { throw misuse }
    var hash = StableHash()
    func add(_ word: UInt64) { hash.add(word) }
    for index in 0..<kernel.events.count {
      let event = kernel.events[index]
      add(UInt64(event.thread) << 40 | UInt64(event.access.rawValue) << 32 | UInt64(event.object.rawValue))
    }
    for index in 0..<kernel.objectNames.count { kernel.objectNames[index].description.utf8.forEach { add(UInt64($0)) } }
    for thread in 0..<kernel.threadCount { kernel.threads[thread].name.utf8.forEach { add(UInt64($0)) } }
    add(UInt64(limits.stepsPerExecution))
    if kernel.locksQueue { add(1) }
    return String(hash.bits, radix: 16)
  }
}

/// Explores a beginning and says of each execution whether its class belongs to it.
final class OwnedClasses: Strategy {
  private let search: ExhaustiveStrategy
  private let path: ContiguousArray<PathStep>
  private var names: StableNames
  /// Threads that another beginning has, until a step that does not commute with theirs.
  private var foreign = ThreadSet()
  /// Whether the execution is one of this beginning's.
  private(set) var isOwned = true

  init(_ search: ExhaustiveStrategy, _ path: ContiguousArray<PathStep>, _ registry: NameRegistry) {
    self.search = search
    self.path = path
    names = StableNames(sharing: registry)
  }

  var decidesForcedSteps: Bool { true }
  var objection: ScenarioError? { search.objection }

  func beginExecution() -> Bool {
    foreign = ThreadSet()
    isOwned = true
    names.beginExecution()
    return search.beginExecution()
  }

  func choose(_ point: DecisionPoint) -> Int {
    names.catchUp(with: point.kernel)
    foreign = point.sleepSet(after: foreign)
    if point.depth < path.count {
      for name in path[point.depth].before {
        if let thread = names.thread(named: name) { foreign.insert(thread) }
      }
    }
    let thread = search.choose(point)
    if thread >= 0 && foreign.contains(thread) { isOwned = false }
    return thread
  }

  func endExecution(_ execution: Execution) { search.endExecution(execution) }
}
