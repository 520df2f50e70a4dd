// SPDX-License-Identifier: GPL-2.0-only

/// Picks uniformly among the enabled threads at every step.
///
/// Each execution has its own sequence, made from the seed and its number, so that any of them can be had again alone.
public final class RandomStrategy: DivisibleStrategy, EstimatingStrategy {
  private let seed: UInt64
  private let executions: Int
  private var done: Int
  private var numbers = SplitMix64(seed: 0)

  /// Samples a number of executions.
  public convenience init(seed: UInt64, executions: Int) { self.init(seed: seed, 0..<executions) }

  /// Samples those of a search's executions that have certain numbers.
  private init(seed: UInt64, _ numbers: Range<Int>) {
    self.seed = seed
    done = numbers.lowerBound
    executions = numbers.upperBound
  }

  /// By the numbers of the executions.
  package var division: SearchDivision? {
    .samples("random \(seed)", executions) { [seed] in RandomStrategy(seed: seed, $0) }
  }

  /// Exactly as many executions as were asked for.
  package var estimate: SearchEstimate? { SearchEstimate(executions: Double(executions), spread: 0) }

  /// Starts the next execution's own sequence.
  public func beginExecution() -> Bool {
    if done == executions { return false }
    numbers = SplitMix64(seed: seed, execution: done)
    done += 1
    return true
  }

  /// Picks one of the enabled threads, each with the same chance.
  public func choose(_ point: DecisionPoint) -> Int {
    point.enabledThread(numbers.below(point.enabled.count))
  }
}

extension Strategy where Self == RandomStrategy {
  /// Tries a number of schedules, each step's thread picked at random.
  public static func random(seed: UInt64 = 1, schedules: Int = 10_000) -> RandomStrategy {
    RandomStrategy(seed: seed, executions: schedules)
  }
}
