// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// What all benchmarks of a run have in common.
struct Setting {
  /// The memory that is lent out.
  let window: LentWindow
  /// The driver under test.
  var revision: any VfioDmaBufDriver = PostedV1()
  /// What random decisions are made from.
  let seed: UInt64
  /// The number of schedules of the race that are run.
  let schedules: Int
  /// Where progress is shown.
  let progress: ProgressLine

  /// A size that goes with ``schedules``: that number in the default run, and at least one.
  func scaled(_ count: Int) -> Int { max(1, count * schedules / ToolName.defaultSchedules) }

  /// Runs a search several times and takes the time of each.
  ///
  /// - Parameters:
  ///   - name: The name of the search, which its replay strings begin with.
  ///   - repetitions: The number of repetitions: an odd number, so that the median is one of them.
  ///   - schedules: The number of schedules that the search tries.
  ///   - strategy: Makes the strategy anew for each repetition.
  ///   - tally: Makes counters anew for each repetition.
  ///   - outcomes: What the counters say, to be reported beside the conditions of the search.
  ///   - scenario: Makes the scenario, which may count.
  /// - Throws: What the search throws, and ``UnstableCounts`` if two repetitions do not count the same.
  func measure<Tally, Kind: Strategy>(
    _ name: String, repetitions: Int, schedules: Int, strategy: () -> Kind, tally: () -> Tally,
    outcomes: (Tally) -> [String: Int], scenario: (Tally) -> Scenario
  ) throws -> Sample {
    progress.begin(name, total: schedules * repetitions)
    var limits = Limits()
    limits.executions = max(limits.executions, schedules)
    var reporting = ReportOptions()
    reporting.showsProgress = false  // There is a line for the benchmark as a whole.
    var first: (counts: ExactCounts, verdict: Verdict)?
    var seconds: [Double] = []
    for _ in 0..<repetitions {
      let metered = MeteredStrategy(strategy(), onExecution: progress.advance)
      let counters = tally()
      let body = scenario(counters)
      let start = ContinuousClock.now
      let report: ExplorationReport
      do {
        report = try explore(
          metered, limits: limits, reporting: reporting, name: name, function: ToolName.measure, file: ToolName.tool,
          body)
      } catch let unseen as UnseenConditions {
        report = unseen.report  // A short run may miss some; the counts show it.
      }
      if case .interrupted = report.verdict { throw Interrupted(description: "\(name): \(report.verdict)") }
      if report.verdict.isStopped { throw CutShort(name: name, verdict: report.verdict) }
      seconds.append(start.duration(to: .now) / .seconds(1))
      let conditions = Dictionary(report.conditions.map { ($0.name, $0.executions) }) { $0 + $1 }
      let counts = ExactCounts(
        executions: report.executions, steps: report.steps, switches: report.switches,
        checksum: Self.hexadecimal(metered.checksum), outcomes: conditions.merging(outcomes(counters)) { $0 + $1 })
      if let first, first.counts != counts { throw UnstableCounts(name: name, first: first.counts, second: counts) }
      first = (counts, report.verdict)
    }
    guard let first else { preconditionFailure("\(name): no repetition") }
    return Sample(counts: first.counts, verdict: first.verdict, seconds: seconds)
  }

  /// Runs a search several times that counts nothing but its conditions.
  func measure<Kind: Strategy>(
    _ name: String, repetitions: Int, schedules: Int, strategy: () -> Kind, scenario: @escaping Scenario
  ) throws -> Sample {
    try measure(
      name, repetitions: repetitions, schedules: schedules, strategy: strategy, tally: {}, outcomes: { _ in [:] },
      scenario: { _ in scenario })
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
