// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// Measures the search of one race.
struct RaceMeasurement {
  private let word: String
  private let options: ExploreOptions
  private let reporting: ReportOptions
  private let scenario: Scenario

  /// Prepares to measure.
  init(_ word: String, _ options: ExploreOptions, reporting: ReportOptions) {
    self.word = word
    self.options = options
    self.reporting = reporting
    scenario = Race.scenario(word, looksTwice: options.looksTwice)
  }

  /// The rows: of a proof, and of random schedules beside it; or of the sampler.
  ///
  /// Each is done on a single machine and on several.
  func run() throws -> [ExploreRow] {
    guard options.strategy.isProof else { return try sampleAlone(andTogether: options) }
    // A search by states is one machine's.
    let isDivisible = options.strategy == .exhaustive
    var rows = [try prove(jobs: options.once && isDivisible ? options.jobs : 1, beside: nil)]
    if options.once { return rows }
    if options.jobs > 1 && isDivisible {
      rows.append(try prove(jobs: options.jobs, beside: rows[0].measures["proof_ms"]))
    }
    var random = options
    random.strategy = .random
    return try rows + sampleAlone(andTogether: random)
  }

  private func sampleAlone(andTogether options: ExploreOptions) throws -> [ExploreRow] {
    if options.once { return [try sample(options, jobs: options.jobs, beside: nil)] }
    let alone = try sample(options, jobs: 1, beside: nil)
    if options.jobs == 1 { return [alone] }
    return [alone, try sample(options, jobs: options.jobs, beside: alone.measures["schedules_per_second"])]
  }

  private func prove(jobs: Int, beside alone: Double?) throws -> ExploreRow {
    var times: [Double] = []
    var row: ExploreRow?
    // As often as there is a second for it: a single run of a few hundred microseconds says little.
    repeat {
      let start = ContinuousClock.now
      let (report, states) = try search(options, jobs: jobs)
      times.append(start.duration(to: .now) / .milliseconds(1))
      row = self.row(options, jobs, report, count: states ?? report.executions)
    } while !options.once && times.count < 15 && times.reduce(0, +) < 1_000
    guard var row else { preconditionFailure("no repetition") }
    let median = times.sorted()[times.count / 2]
    row.measures["proof_ms"] = median
    row.measures["peak_memory_mb"] = Self.peakMemory
    if let alone { row.measures["speed_up"] = alone / median }
    if options.strategy == .exhaustive && !options.once && alone == nil {
      let estimate = try estimateClasses(seed: options.seed, scenario)
      row.measures["estimate"] = estimate.executions
      row.measures["estimate_spread"] = estimate.spread
    }
    return row
  }

  private func sample(_ options: ExploreOptions, jobs: Int, beside alone: Double?) throws -> ExploreRow {
    var best: (seconds: Double, report: ExplorationReport)?
    for _ in 0..<(options.once ? 1 : 3) {
      let start = ContinuousClock.now
      let (report, _) = try search(options, jobs: jobs)
      let seconds = start.duration(to: .now) / .seconds(1)
      if best.map({ seconds < $0.seconds }) ?? true { best = (seconds, report) }
    }
    guard let best else { preconditionFailure("no repetition") }
    var row = row(options, jobs, best.report, count: best.report.executions)
    let rate = Double(best.report.executions) / best.seconds
    row.measures["schedules_per_second"] = rate
    row.measures["switches_per_schedule"] = Double(best.report.switches) / Double(best.report.executions)
    if let alone { row.measures["speed_up"] = rate / alone }
    // The floor is that of one thread, and instructions are the same on each.
    if !options.once && alone == nil {
      var floor = Double.infinity
      for _ in 0..<3 {
        let start = ContinuousClock.now
        parkAndResume(best.report.switches, threads: word.count + 1)
        floor = min(floor, start.duration(to: .now) / .seconds(1))
      }
      row.measures["floor_per_second"] = Double(best.report.executions) / floor
      row.measures["ratio_to_floor"] = best.seconds / floor
    }
    row.measures["peak_memory_mb"] = Self.peakMemory
    if options.countsInstructions && alone == nil {
      let what = ["--race", word, "--strategy", options.strategy.rawValue, "--seed", "\(options.seed)"]
      let bug = options.looksTwice ? [] : ["--bug", "recheck"]
      row.measures["instructions_per_schedule"] = try Callgrind.instructions { times in
        ["explore"] + what + bug + ["--jobs", "1", "--once", "--schedules", "\(times)"]
      }
    }
    return row
  }

  private func search(_ options: ExploreOptions, jobs: Int) throws -> (ExplorationReport, states: Int?) {
    return try options.withStrategy { strategy in
      let report = try run(strategy, options.limits, jobs: jobs)
      if case .interrupted = report.verdict { throw Interrupted(description: "\(word): \(report.verdict)") }
      return (report, (strategy as? StateCachingStrategy)?.stateCount)
    }
  }

  private func run(_ strategy: some Strategy, _ limits: Limits, jobs: Int) throws -> ExplorationReport {
    try explore(
      strategy, limits: limits, reporting: reporting, jobs: jobs, checkpoint: options.checkpoint, name: word, scenario)
  }

  private func row(_ options: ExploreOptions, _ jobs: Int, _ report: ExplorationReport, count: Int) -> ExploreRow {
    ExploreRow(
      race: word, strategy: options.strategy.rawValue, bug: options.looksTwice ? nil : "recheck", seed: options.seed,
      jobs: jobs, verdict: report.verdict.description,
      exact: ExploreRow.Exact(
        count: count, runs: report.executions, blocked: report.abandoned, steps: report.steps),
      measures: [:], build: BuildFacts.current)
  }

  /// The most memory that the process has had so far, in megabytes; zero where the system does not say.
  private static var peakMemory: Double {
    guard let file = FileHandle(forReadingAtPath: "/proc/self/status"), let data = try? file.readToEnd() else {
      return 0
    }
    let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Double($0) }.map { $0 / 1_024 }
      ?? 0
  }
}
