// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// One measurement as a JSON object; `Benchmarks --help` lists the keys for users.
struct Row: Codable, Equatable, Sendable {
  /// The version of the keys; another number means that one of them has another meaning.
  static let currentSchema = 1

  /// The version of the keys.
  var schema = Row.currentSchema
  /// The benchmark: `race`, `faults`, `step`, `schedule`.
  var benchmark: String
  /// What tells rows of one benchmark apart.
  var variant: String
  /// The number of simulated threads beside the one that sets up.
  var threads: Int
  /// The device, as its dump names it.
  var device: String
  /// The index of the BAR that is lent out.
  var bar: Int
  /// What random decisions are made from.
  var seed: UInt64
  /// What the search may claim.
  var verdict: String
  /// What is the same on every run.
  var exact: ExactCounts
  /// Figures that depend on the machine, with their units in their names.
  var measures: [String: Double]
  /// The wall time of each repetition, in seconds.
  var seconds: [Double]
  /// How the executable was built.
  var build: BuildFacts

  /// Makes the row of a result.
  init(_ result: BenchmarkResult, _ setting: Setting, _ build: BuildFacts) {
    benchmark = result.benchmark
    variant = result.variant
    threads = result.threads
    device = setting.window.function.description
    bar = setting.window.bar.index
    seed = setting.seed
    verdict = result.sample.verdict.description
    exact = result.sample.counts
    measures = result.measures
    seconds = result.sample.seconds
    self.build = build
  }
}
