// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// One search of one race as a JSON object.
struct ExploreRow: Codable, Equatable, Sendable {
  /// What is the same on every run and for every number of jobs.
  struct Exact: Codable, Equatable, Sendable {
    /// Classes of equivalent schedules, states or schedules, as the verdict says.
    var count: Int
    /// The number of schedules that were run, and of those that were given up half-way.
    var runs: Int
    var blocked: Int
    var steps: Int
  }

  /// The version of the keys.
  var schema = 1
  var benchmark = "explore"
  /// The threads, a letter each.
  var race: String
  var strategy: String
  /// The seeded bug, if there is one.
  var bug: String?
  var seed: UInt64
  /// The number of machines that were used.
  var jobs: Int
  var verdict: String
  var exact: Exact
  /// Figures that depend on the machine, with their units in their names.
  var measures: [String: Double]
  /// How the executable was built.
  var build: BuildFacts

  /// The rows as tables: what proofs took, and how fast samplers are.
  static func render(_ rows: [ExploreRow]) -> String {
    var text = ""
    let proofs = rows.filter { $0.measures["proof_ms"] != nil }
    if !proofs.isEmpty {
      var table = Table("proof", "classes", "runs", "blocked", "jobs", "ms", "speed-up", "estimate", "±", "peak MB")
      for row in proofs {
        table.add(
          "\(row.race) \(row.strategy)", row.exact.count.grouped, row.exact.runs.grouped, row.exact.blocked.grouped,
          "\(row.jobs)", (row.measures["proof_ms"] ?? 0).fixed(3), row.text("speed_up", 2),
          row.text("estimate", 0), row.text("estimate_spread", 0), row.text("peak_memory_mb", 1))
      }
      text += table.text + "\n"
    }
    let samples = rows.filter { $0.measures["schedules_per_second"] != nil }
    if !samples.isEmpty {
      var table = Table(
        "sampler", "schedules", "jobs", "a second", "speed-up", "floor, a second", "ratio", "switches each",
        "instructions each", "peak MB")
      for row in samples {
        table.add(
          "\(row.race) \(row.strategy)", row.exact.runs.grouped, "\(row.jobs)",
          (row.measures["schedules_per_second"] ?? 0).whole, row.text("speed_up", 2), row.text("floor_per_second", 0),
          row.text("ratio_to_floor", 2), row.text("switches_per_schedule", 1),
          row.text("instructions_per_schedule", 0), row.text("peak_memory_mb", 1))
      }
      text += table.text
    }
    return text
  }

  private func text(_ key: String, _ digits: Int) -> String {
    guard let value = measures[key] else { return "-" }
    return digits == 0 && value.magnitude < 1e15 ? value.whole : value.fixed(digits)
  }
}
