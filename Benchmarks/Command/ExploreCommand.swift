// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// Measures the explorers on the race that they are compared on.
///
/// Goals: how many executions a proof takes and how long it takes; how many schedules a second a sampler runs, all checks
/// on. The counts are exact for a seed.
///
/// Non-goals: the model of the driver, which is `Benchmarks measure`.
struct ExploreCommand: Command {
  static let name = "explore"

  static let usage =
    "usage: Benchmarks explore [--race WORD] [--strategy NAME] [--seed N] [--schedules N] [--jobs N] [--bug recheck] "
    + "[--replay SCHEDULE] [--json FILE] [--help]"

  static let help = """
    \(usage)

    Measures the explorers on one race: a buffer, page faults, a permanent revoke and importers.

      --race WORD         a letter a thread: F a fault, R the revoke, M an importer (default FR, FRM and FFRM)
      --strategy NAME     exhaustive, caching, random, pct, pos or urw (default exhaustive, then random)
      --seed N            what samplers decide from (default 1)
      --schedules N       how many schedules a sampler runs (default 200000)
      --jobs N            machines side by side, each on a thread of its own (default 1)
      --bug recheck       the fault does not look at the status again under memory_lock
      --replay SCHEDULE   run the one schedule of a report; needs --race and the same --bug
      --json FILE         one JSON object a line and row; - for standard output, which moves the text to standard error
      --help              this text

    A defect's report goes to standard error, with exit code 1. Times are the fastest of several repetitions.

    """

  let options: ExploreOptions

  init(_ arguments: [String]) throws(UsageError) { options = try ExploreOptions(arguments) }

  func run(_ console: Console) throws {
    let file = JsonFile(path: options.json)
    try file.check()
    let say = file.isStandardOutput ? console.err : console.out
    do {
      if let replay = options.replay {
        let scenario = Race.scenario(options.races[0], looksTwice: options.looksTwice)
        _ = try DmabufModel.replay(replay, name: Self.name, function: "", file: Tool.name, scenario)
        say("the schedule passes\n")
        return
      }
      var rows: [ExploreRow] = []
      for race in options.races {
        for search in options.search.map({ [$0] }) ?? [.exhaustive, .random] { rows.append(try measure(race, search)) }
      }
      say(Self.render(rows))
      try file.write(rows, console)
    } catch let failure as ScheduleFailure {
      throw RaceDefect(failure, options, console.isTerminal ? .forStandardError : .plain)
    }
  }

  private func measure(_ race: String, _ search: ExploreOptions.Search) throws -> ExploreRow {
    let scenario = Race.scenario(race, looksTwice: options.looksTwice)
    let (seed, schedules) = (options.seed, options.schedules)
    return switch search {
    case .exhaustive: try measure(race, search) { try explore(.exhaustive, scenario) }
    case .caching: try measure(race, search) { try explore(.stateCaching, scenario) }
    case .random: try measure(race, search) { try explore(.random(seed: seed, schedules: schedules), scenario) }
    case .pct: try measure(race, search) { try explore(.pct(seed: seed, schedules: schedules), scenario) }
    case .pos: try measure(race, search) { try explore(.pos(seed: seed, schedules: schedules), scenario) }
    case .urw: try measure(race, search) { try explore(.urw(seed: seed, schedules: schedules), scenario) }
    }
  }

  private func explore(_ strategy: some Strategy, _ scenario: @escaping Scenario) throws -> ExplorationReport {
    var reporting = ReportOptions()
    reporting.showsProgress = false
    return try DmabufModel.explore(
      strategy, reporting: reporting, jobs: options.jobs, name: Self.name, function: "", file: Tool.name, scenario)
  }

  private func measure(
    _ race: String, _ search: ExploreOptions.Search, _ body: () throws -> ExplorationReport
  ) throws -> ExploreRow {
    var fastest = Double.infinity
    var report = try body()
    var spent = 0.0
    var repetitions = 0
    // Short proofs are repeated until they have taken a while, long ones once more.
    while repetitions < 2 || (spent < 0.3 && repetitions < 50) {
      let start = ContinuousClock.now
      report = try body()
      let time = (ContinuousClock.now - start) / .seconds(1)
      fastest = min(fastest, time)
      spent += time
      repetitions += 1
    }
    return ExploreRow(race, search, options, report, seconds: fastest)
  }

  private static func render(_ rows: [ExploreRow]) -> String {
    var table = Table("race", "strategy", "executions", "blocked", "steps", "ms", "executions a second", "verdict")
    for row in rows {
      table.add(
        row.race, row.strategy, row.executions.grouped, row.blocked.grouped, row.steps.grouped,
        (row.seconds * 1e3).fixed(3), (Double(row.executions) / row.seconds).whole, row.verdict)
    }
    return table.text
  }
}

/// One measurement of an explorer as a JSON object.
struct ExploreRow: Codable, Equatable, Sendable {
  var schema = 1
  var benchmark = "explore"
  var race: String
  var strategy: String
  var seed: UInt64
  var jobs: Int
  /// Executions that ended; under an exhaustive strategy the classes.
  var executions: Int
  /// Executions that were given up half-way.
  var blocked: Int
  var steps: Int
  var switches: Int
  var verdict: String
  /// The fastest repetition, in seconds.
  var seconds: Double

  init(
    _ race: String, _ search: ExploreOptions.Search, _ options: ExploreOptions, _ report: ExplorationReport,
    seconds: Double
  ) {
    self.race = race
    strategy = search.rawValue
    seed = options.seed
    jobs = options.jobs
    executions = report.executions
    blocked = report.abandoned
    steps = report.steps
    switches = report.switches
    verdict = report.verdict.description
    self.seconds = seconds
  }
}

/// A schedule of the race that has shown a defect; its description is the report, with the line that replays it here.
struct RaceDefect: ToolError {
  let description: String

  init(_ failure: ScheduleFailure, _ options: ExploreOptions, _ style: ReportStyle) {
    let race = options.races.count == 1 ? options.races[0] : "WORD"
    let bug = options.looksTwice ? "" : " --bug recheck"
    let line = "swift run -c release Benchmarks explore --race \(race)\(bug) --replay '\(failure.schedule)'"
    description = failure.report(style).replacing(failure.replayLine, with: line)
  }

  var exitCode: Int32 { ExitCode.failure }
}
