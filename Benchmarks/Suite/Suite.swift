// SPDX-License-Identifier: GPL-2.0-only

/// The benchmarks, in the order in which they run.
enum Suite {
  /// All of them.
  static let parts: [any Benchmark] = [
    RaceBenchmark(), FaultBenchmark(), StepBenchmark(), ScheduleBenchmark(), ClockBenchmark(),
  ]
}

/// One benchmark; the same code runs small in the tests and large from the command line.
protocol Benchmark: Sendable {
  /// Its name, which the names of its searches begin with.
  var name: String { get }

  /// Measures, a result for each row.
  func run(_ setting: Setting) throws -> [BenchmarkResult]

  /// Tells what the results are, in lines of at most 120 columns.
  func render(_ results: [BenchmarkResult]) -> String
}

extension Benchmark {
  /// Whether it takes part in a run: always, but for a run that replays one schedule of another benchmark.
  func isWanted(toReplay tag: String?) -> Bool {
    guard let tag, Suite.parts.contains(where: { $0.owns(tag) }) else { return true }
    return owns(tag)
  }

  private func owns(_ tag: String) -> Bool { tag == name || tag.hasPrefix(name + "-") }
}

/// A row of a benchmark.
struct BenchmarkResult: Sendable {
  /// The benchmark's name.
  let benchmark: String
  /// What tells it from the other rows.
  let variant: String
  /// The number of simulated threads beside the one that sets up.
  let threads: Int
  /// The counts and the times.
  let sample: Sample
  /// Figures that depend on the machine, with their units in their names.
  let measures: [String: Double]
}
