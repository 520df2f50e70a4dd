// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// Measures what a step costs that does not lead to a switch.
///
/// Goals: the price of the machine's hot path, on a primitive that does next to nothing itself: once with a single
/// thread, where nothing has to be decided, and once beside a thread that could go on as well, where the strategy
/// decides for the running one at each step, and the step is written down for the search.
///
/// Non-goals: the price of a switch, which is in the other benchmarks; of a primitive with work to do.
struct StepBenchmark: Benchmark {
  let name = "step"
  /// The number of times that the primitive is called in one execution of the default run.
  var calls = 100_000

  func run(_ setting: Setting) throws -> [BenchmarkResult] {
    let calls = min(setting.scaled(calls), 500_000)
    return try [false, true].map { hasOther in
      let variant = hasOther ? "decided" : "alone"
      let sample = try setting.measure(
        "\(name)-\(variant)", repetitions: 15, schedules: 1, strategy: { .serial },
        scenario: Self.scenario(calls: calls, hasOther: hasOther))
      return BenchmarkResult(
        benchmark: name, variant: variant, threads: hasOther ? 1 : 0, sample: sample,
        measures: [
          "step_ns": sample.median / Double(sample.counts.steps) * 1e9,
          "step_fastest_ns": sample.fastest / Double(sample.counts.steps) * 1e9,
        ])
    }
  }

  func render(_ results: [BenchmarkResult]) -> String {
    var table = Table("a step without a switch (kref_read)", "ns a step", "fastest", "steps", "switches")
    for result in results {
      let counts = result.sample.counts
      table.add(
        result.variant == "alone" ? "alone: nothing to decide" : "decided: another thread could go on",
        (result.measures["step_ns"] ?? 0).fixed(1), (result.measures["step_fastest_ns"] ?? 0).fixed(1),
        counts.steps.grouped, counts.switches.grouped)
    }
    return table.text
  }

  private static func scenario(calls: Int, hasOther: Bool) -> Scenario {
    { kernel in
      let kref = Kref(kernel)
      if hasOther { kernel.thread("other") { _ = try await kref.read() } }
      for _ in 0..<calls { _ = try await kref.read() }
      try await kernel.join()
    }
  }
}
