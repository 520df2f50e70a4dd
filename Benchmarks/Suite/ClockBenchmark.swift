// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Measures how fast the simulator is under the clock, which decides at every step.
///
/// Goals: steps a second of wall time where the same thread goes on and where each step switches; simulated faults a
/// second with eight threads that fault and one that revokes, on the whole driver with its checks; and, in the same
/// run, the floor: a plain loop over the same state machine, without threads, steps, checks or a clock.
///
/// Non-goals: what the simulated machine does in a second of its own time, which is exact and has a command of its own.
struct ClockBenchmark: Benchmark {
  let name = "clock"
  /// The number of steps of a row in the default run.
  var steps = 200_000

  func run(_ setting: Setting) throws -> [BenchmarkResult] {
    let calls = min(setting.scaled(steps), 400_000)
    let going = try measure(setting, "going on", threads: 1, calls: calls)
    let switching = try measure(setting, "switching", threads: 2, calls: calls / 2)
    return [going, switching, try faults(setting)]
  }

  func render(_ results: [BenchmarkResult]) -> String {
    var table = Table("under the clock", "steps/s", "faults/s", "plain loop/s", "ratio", "steps", "switches")
    for result in results {
      let counts = result.sample.counts
      func text(_ measure: String) -> String { result.measures[measure].map(\.whole) ?? "" }
      table.add(
        result.variant, text("steps_per_second"), text("faults_per_second"), text("plain_faults_per_second"),
        result.measures["ratio"].map { $0.fixed(0) } ?? "", counts.steps.grouped, counts.switches.grouped)
    }
    return "The clock, as simulated steps and faults a second of wall time\n\(table.text)"
  }

  private func measure(
    _ setting: Setting, _ variant: String, threads: Int, calls: Int
  ) throws -> BenchmarkResult {
    let sample = try setting.measure(
      "\(name)-\(threads)", repetitions: 5, schedules: 1, strategy: { .timed(on: .iceLake, processors: threads) },
      scenario: { kernel in
        for thread in 1...threads {
          let kref = Kref(kernel)
          kernel.thread("reader\(thread)") { for _ in 0..<calls { _ = try await kref.read() } }
        }
        try await kernel.join()
      })
    return BenchmarkResult(
      benchmark: name, variant: variant, threads: threads, sample: sample,
      measures: ["steps_per_second": sample.perSecond(sample.counts.steps)])
  }

  private func faults(_ setting: Setting) throws -> BenchmarkResult {
    let threads = 8
    let benchmark = FaultBenchmark(revokes: max(1, setting.scaled(400)))
    let sample = try setting.measure(
      "\(name)-faults", repetitions: 5, schedules: 1,
      strategy: { .timed(on: .iceLake, processors: threads + 1) },
      tally: FaultTally.init, outcomes: \.outcomes,
      scenario: { tally in
        benchmark.scenario(
          setting.window, CountingDriver(base: setting.revision, tally: tally), threads: threads)
      })
    let faults = sample.counts[.mapped] + sample.counts[.refused]
    let plain = PlainFaults.perSecond(count: max(1, setting.scaled(1_000_000)))
    return BenchmarkResult(
      benchmark: name, variant: "8 faulting, 1 revoking", threads: threads + 1, sample: sample,
      measures: [
        "steps_per_second": sample.perSecond(sample.counts.steps),
        "faults_per_second": sample.perSecond(faults),
        "plain_faults_per_second": plain,
        "ratio": plain / sample.perSecond(faults),
      ])
  }
}
