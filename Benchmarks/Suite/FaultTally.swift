// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// What the benchmark of faults against revokes counts.
enum FaultOutcome: String, CaseIterable, Sendable {
  /// Faults that the driver has answered with a page.
  case mapped = "mapped faults"
  /// Faults that the driver has answered with SIGBUS.
  case refused = "refused faults"
  /// Permanent revokes that have returned.
  case revoked = "revokes"

  /// The name of its rate.
  var rate: String { rawValue.replacing(" ", with: "_") + "_per_second" }
}

/// Counters outside of the simulated machine: its threads add to them, and nothing in it looks at them.
final class FaultTally: Sendable {
  private let mapped = Atomic(0)
  private let refused = Atomic(0)
  private let revoked = Atomic(0)

  /// Counts one.
  func note(_ outcome: FaultOutcome) {
    switch outcome {
    case .mapped: mapped.add(1, ordering: .relaxed)
    case .refused: refused.add(1, ordering: .relaxed)
    case .revoked: revoked.add(1, ordering: .relaxed)
    }
  }

  /// The counts by name.
  var outcomes: [String: Int] {
    [
      FaultOutcome.mapped.rawValue: mapped.load(ordering: .relaxed),
      FaultOutcome.refused.rawValue: refused.load(ordering: .relaxed),
      FaultOutcome.revoked.rawValue: revoked.load(ordering: .relaxed),
    ]
  }
}

extension ExactCounts {
  /// How often something happened; zero for what was not counted.
  subscript(outcome: FaultOutcome) -> Int { outcomes[outcome.rawValue] ?? 0 }
}
