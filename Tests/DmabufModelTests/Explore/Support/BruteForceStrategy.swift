// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// Every interleaving, one after the other, with no reduction at all: what a clever search is held against.
///
/// Only a join is taken as soon as it can be: it depends on nothing, and an interleaving is a matter of the threads
/// that are joined.
final class BruteForceStrategy: Strategy {
  /// For each place the threads that have still to be tried; the lowest is the current one.
  private var left: [ThreadSet] = []
  private var hasBegun = false

  var decidesForcedSteps: Bool { true }
  var mustFinish: Bool { true }

  func beginExecution() -> Bool {
    if hasBegun && left.isEmpty { return false }
    hasBegun = true
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    if point.depth == left.count { left.append(joinable(point) ?? point.enabled) }
    return left[point.depth].first
  }

  func endExecution(_ execution: Execution) {
    while let last = left.last {
      left[left.count - 1].removeFirst()
      if !last.hasNoSecond { return }
      left.removeLast()
    }
  }

  private func joinable(_ point: DecisionPoint) -> ThreadSet? {
    for thread in point.enabled {
      let step = point.pending(thread)
      if step.access == .wait && point.kernel.objects[step.object.index].kind == .thread { return ThreadSet(thread) }
    }
    return nil
  }
}
