// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// Another strategy, with a checksum of all that it decides and a call for each execution.
///
/// Decides nothing itself: a search under it takes the same schedules as under the other strategy alone.
final class MeteredStrategy<Inner: Strategy>: Strategy {
  /// Depends on each decision: which thread was picked, and what it was about to do to which object.
  private var hash = StableHash()
  var checksum: UInt64 { hash.bits }
  private let inner: Inner
  private let onExecution: () -> Void

  /// Wraps a strategy.
  init(_ inner: Inner, onExecution: @escaping () -> Void) {
    self.inner = inner
    self.onExecution = onExecution
  }

  var decidesForcedSteps: Bool { inner.decidesForcedSteps }

  func beginExecution() -> Bool {
    guard inner.beginExecution() else { return false }
    onExecution()
    return true
  }

  func prepare(_ kernel: Kernel) { inner.prepare(kernel) }

  func choose(_ point: DecisionPoint) -> Int {
    let choice = inner.choose(point)
    if choice >= 0 {
      let step = point.pending(choice)
      let word = UInt64(point.objectNumber(of: choice)) << 16 | UInt64(step.access.rawValue) << 8 | UInt64(choice)
      hash.add(word)
    }
    return choice
  }

  func endExecution(_ execution: Execution) { inner.endExecution(execution) }

  func verdict(executions: Int) -> Verdict { inner.verdict(executions: executions) }
}
