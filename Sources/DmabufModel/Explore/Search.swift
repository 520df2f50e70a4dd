// SPDX-License-Identifier: GPL-2.0-only

/// What a search was asked for: what explore, replay and survey do, with and without `await`.
struct Search: Sendable {
  var name: SearchName
  var limits: Limits
  var options: ReportOptions
  var jobs: Int?
  /// Conditions that must have been seen.
  var conditions: [String] = []
  /// A folder for a checkpoint.
  var checkpoint: String?

  /// Runs a scenario under many schedules and throws the first failure.
  func explore(
    _ strategy: some Strategy, _ scenario: @escaping Scenario, _ cancellation: SearchCancellation? = nil
  ) throws -> ExplorationReport {
    let environment = try Environment()
    var exploration = try exploration(environment, cancellation)
    var wanted = DivisionOptions(jobs: try environment.jobs(asked: jobs), stopsAtFinding: true, required: conditions)
    if let schedule = environment.replay?.schedule(for: name.tag) {
      return try exploration.replay(schedule, scenario)
    }
    (strategy as? ExhaustiveStrategy)?.estimator = { try? estimateClasses(limits: limits, scenario) }
    wanted.checkpointFolder = checkpoint ?? Environment.checkpointDirectory
    if let folder = wanted.checkpointFolder { try Checkpoint.require(folder) }
    if wanted.jobs > 1 || wanted.checkpointFolder != nil {
      if let division = strategy.divided { return try exploration.run(division, wanted, strategy, scenario).report }
      if checkpoint != nil { throw CheckpointError.unsupported }
    }
    let kernel = Kernel()
    defer { kernel.shutDown() }
    return try exploration.run(kernel, strategy, seeing: conditions, scenario)
  }

  /// Runs a scenario under the one schedule that a replay string names.
  func replay(_ text: String, _ scenario: @escaping Scenario) throws -> ExplorationReport {
    var exploration = try exploration(Environment(), nil)
    return try exploration.replay(Schedule(text), scenario)
  }

  /// Runs a scenario under all schedules of a strategy and counts what goes wrong.
  func survey(
    _ strategy: some Strategy, _ scenario: @escaping Scenario, _ cancellation: SearchCancellation? = nil
  ) throws -> Survey {
    let environment = try Environment()
    environment.replay?.noteThatOthersRun("a survey")
    var exploration = try exploration(environment, cancellation)
    let jobs = try environment.jobs(asked: jobs)
    if jobs > 1, let division = strategy.divided {
      var (report, findings) = try exploration.run(
        division, DivisionOptions(jobs: jobs, stopsAtFinding: false), strategy, scenario)
      report.name = ""
      return Survey(report: report, findings: findings)
    }
    let kernel = Kernel()
    defer { kernel.shutDown() }
    var findings: [Survey.Count] = []
    var report = try exploration.run(kernel, strategy, seeing: [], scenario) { finding in
      Survey.Count.add(finding, to: &findings)
    }
    report.name = ""
    return Survey(report: report, findings: findings)
  }

  private func exploration(
    _ environment: Environment, _ cancellation: SearchCancellation?
  ) throws -> Exploration {
    let options = try options.overridden(by: environment)
    return Exploration(
      name: name, limits: try limits.overridden(by: environment), options: options, cancellation: cancellation)
  }
}

extension SearchName {
  /// The name of a survey: nothing is replayed or drawn, so it does not matter.
  static let survey = SearchName(file: "", line: 0, function: "survey", name: "survey")
}
