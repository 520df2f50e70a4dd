// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// What several repetitions of one search have given.
struct Sample: Sendable {
  /// What was the same in all of them.
  let counts: ExactCounts
  /// What the search may claim.
  let verdict: Verdict
  /// How long each of them took, in seconds of wall time.
  let seconds: [Double]

  /// The median time, in seconds.
  var median: Double { seconds.sorted()[seconds.count / 2] }

  /// The time of the fastest repetition, in seconds: what the machine can do when it is otherwise idle.
  var fastest: Double { seconds.min() ?? 0 }

  /// How far the slowest repetition is from the fastest, in hundredths of the median.
  var spreadPercent: Double { ((seconds.max() ?? 0) - fastest) / median * 100 }

  /// How often something happened in a second of wall time.
  func perSecond(_ count: Int) -> Double { Double(count) / median }
}

/// A search that a limit has ended, so that there is nothing to compare.
struct CutShort: ToolError {
  let name: String
  let verdict: Verdict

  var description: String {
    "\(name): \(verdict); expected to come to its end, without DMABUF_SECONDS and DMABUF_MAX_SCHEDULES"
  }
  var exitCode: Int32 { ExitCode.failure }
}

/// Two runs of one search that should have been the same and were not: a fault of the simulator.
struct UnstableCounts: ToolError {
  let name: String
  let first: ExactCounts
  let second: ExactCounts

  var description: String { "\(name) is not deterministic: one run counts \(first), the next one \(second)" }
  var exitCode: Int32 { ExitCode.software }
}
