// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// Searches the race on which explorers are measured, and reports what that took.
struct ExploreCommand: Command {
  static let name = "explore"

  /// What was asked.
  let options: ExploreOptions
  private let arguments: [String]

  init(_ arguments: [String], _ environment: (String) -> String?) throws(UsageError) {
    options = try ExploreOptions(arguments, environment: environment)
    self.arguments = arguments
  }

  func run(_ console: Console) throws {
    let file = JsonFile(path: options.json)
    try file.check()
    do {
      if let text = options.replay {
        try replay(text, console)
      } else if let shard = options.shard {
        try run(shard, file, console)
      } else {
        try measure(file, console)
      }
    } catch let failure as ScheduleFailure {
      let style: ReportStyle = console.isTerminal ? .forStandardError : .plain
      throw ExplorationFailed(description: "a schedule of the race fails\n\(failure.report(style))")
    } catch let error as any Error & CustomStringConvertible
      where !(error is any ToolError || error is ScenarioError)
    {
      throw ExplorationRefused(error)
    }
  }

  private func measure(_ file: JsonFile, _ console: Console) throws {
    let say: (String) throws -> Void = file.isStandardOutput ? console.err : console.out
    let build = BuildFacts.current
    try say("build   \(build)\nseed    \(options.seed)\njobs    \(options.jobs)\n\n")
    var rows: [ExploreRow] = []
    for word in options.races {
      rows += try RaceMeasurement(word, options, reporting: reportOptions(word)).run()
    }
    try say(ExploreRow.render(rows))
    try file.write(rows, console)
  }

  private func run(_ shard: Shard, _ file: JsonFile, _ console: Console) throws {
    let word = options.races[0]
    let scenario = Race.scenario(word, looksTwice: options.looksTwice)
    let name = "race-\(word)\(options.looksTwice ? "" : "-recheck")"
    let report = try options.withStrategy { strategy in
      try explore(
        strategy, shard: shard, limits: options.limits, reporting: reportOptions(word), jobs: options.jobs, name: name,
        identity: options.identity, scenario)
    }
    if file.path == nil {
      try JsonFile(path: "-").write([report], console)
    } else {
      try file.write([report], console)
    }
    try report.requirePass()
    console.err("\(name): \(report.verdict)\n")
  }

  private func replay(_ text: String, _ console: Console) throws {
    let word = options.races[0]
    _ = try DmabufModel.replay(
      text, reporting: reportOptions(word), name: word, Race.scenario(word, looksTwice: options.looksTwice))
    try console.out("the schedule passes\n")
  }

  private func reportOptions(_ word: String) -> ReportOptions {
    var report = ReportOptions()
    report.replayCommand =
      "swift run -c release Benchmarks explore --race \(word)\(options.looksTwice ? "" : " --bug recheck") --replay"
    report.resumeCommand = ShellWord.command([Self.name] + arguments)
    return report
  }
}

extension ShardReport {
  /// Throws if a schedule fails or not all have been looked at.
  func requirePass() throws(ExplorationFailed) {
    if let failure {
      let replay = failure.command == nil ? "\nreplay: \(failure.schedule)" : ""
      throw ExplorationFailed(description: "\(search) \(verdict)\n\(failure.report)\(replay)")
    }
    if !isComplete { throw ExplorationFailed(description: "\(search) \(verdict)") }
  }
}

extension ExploreOptions {
  /// The limits, which leave room for what was asked for.
  var limits: Limits {
    var limits = Limits()
    limits.executions = max(limits.executions, schedules)
    return limits
  }

  /// The strategy, with all that its result depends on.
  var identity: String {
    strategy.isProof ? strategy.rawValue : "\(strategy.rawValue), seed \(seed), \(schedules) schedules"
  }

  /// Does something with the strategy that was asked for.
  func withStrategy<Result>(_ body: (any Strategy) throws -> Result) rethrows -> Result {
    switch strategy {
    case .exhaustive: try body(ExhaustiveStrategy())
    case .caching: try body(StateCachingStrategy())
    case .random: try body(RandomStrategy.random(seed: seed, schedules: schedules))
    case .pct: try body(PctStrategy.pct(seed: seed, schedules: schedules))
    case .pos: try body(PosStrategy.pos(seed: seed, schedules: schedules))
    case .urw: try body(UrwStrategy.urw(seed: seed, schedules: schedules))
    }
  }
}

/// A search that is no pass: its description is the report of a schedule that fails, or names the limit.
struct ExplorationFailed: ToolError {
  let description: String
  var exitCode: Int32 { ExitCode.failure }
}

/// A search that could not be done as asked: a limit, a checkpoint of something else, a replay string that does not
/// fit.
struct ExplorationRefused: ToolError {
  let description: String
  let exitCode: Int32

  init(_ error: any Error & CustomStringConvertible) {
    description = error.description
    exitCode =
      if let stopped = error as? SearchStopped, case .interrupted = stopped.report.verdict {
        Signals.exitCode
      } else if case .unwritable = error as? CheckpointError {
        ExitCode.cannotCreate
      } else {
        error is CheckpointError || error is ShardError ? ExitCode.badData : ExitCode.failure
      }
  }
}
