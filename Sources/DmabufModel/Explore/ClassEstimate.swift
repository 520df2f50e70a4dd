// SPDX-License-Identifier: GPL-2.0-only

/// Estimates how many classes of equivalent executions a scenario has, without exploring them.
///
/// Knuth's method (*Estimating the efficiency of backtrack programs*, 1975) on the tree of a search with sleep sets: at
/// each place one of the threads that can go on and do not sleep is picked at random, those before it sleep from then on,
/// and the execution weighs as much as the product of the numbers it was picked from. One that comes to a place where
/// all sleep weighs nothing. Each class has exactly one execution in that tree, so the mean of the weights is the number
/// of classes (it is *unbiased*), and their variance divided by their number says how far it may be from it. Weights
/// spread widely: a few hundred executions give the order of magnitude.
///
/// - Parameters:
///   - executions: How many executions to take the mean of.
///   - seed: What the picks are made from.
///   - limits: When an execution has too many steps.
///   - scenario: The scenario.
/// - Returns: The mean, and its standard deviation.
/// - Throws: ``ScenarioError`` for a mistake in the use of this package.
public func estimateClasses(
  executions: Int = 1_000, seed: UInt64 = 1, limits: Limits = Limits(), _ scenario: @escaping Scenario
) throws -> SearchEstimate {
  let kernel = Kernel()
  defer { kernel.shutDown() }
  kernel.limits = limits.overridden
  let walk = SleepSetWalk(seed: seed)
  var sum = 0.0
  var squares = 0.0
  for _ in 0..<executions {
    _ = walk.beginExecution()
    let outcome = kernel.execute(scenario, under: walk, recording: nil)
    if let misuse = outcome.misuse { throw misuse }
    sum += walk.weight
    squares += walk.weight * walk.weight
  }
  let count = Double(max(1, executions))
  let mean = sum / count
  let variance = max(0, squares / count - mean * mean)
  return SearchEstimate(executions: mean, spread: (variance / max(1, count - 1)).squareRoot())
}

/// Walks at random through the tree of a search with sleep sets.
final class SleepSetWalk: Strategy {
  private let seed: UInt64
  private var done = 0
  private var numbers = SplitMix64(seed: 0)
  private var asleep: UInt64 = 0
  /// From how many executions the current one was picked, as the tree looks along its way.
  private(set) var weight = 1.0

  init(seed: UInt64) { self.seed = seed }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    numbers = SplitMix64(seed: seed, execution: done)
    done += 1
    asleep = 0
    weight = 1
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    asleep = point.stillAsleep(asleep)
    let awake = point.enabled & ~asleep
    if awake == 0 {
      weight = 0
      return DecisionPoint.abandon
    }
    weight *= Double(awake.nonzeroBitCount)
    var rest = awake
    for _ in 0..<numbers.below(awake.nonzeroBitCount) { rest &= rest &- 1 }
    let thread = rest.trailingZeroBitCount
    asleep |= awake & (1 << UInt64(thread) - 1)
    return thread
  }
}
