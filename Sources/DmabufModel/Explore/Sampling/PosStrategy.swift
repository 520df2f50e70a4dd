// SPDX-License-Identifier: GPL-2.0-only

/// Gives every pending step a random priority and takes the highest; redraws for the steps that race with it.
///
/// *Partial order sampling* (Yuan, Yang, Gu: CAV 2018). A step that has drawn low waits until all others have drawn
/// lower, so that a thread overtakes another by many steps about as easily as by one: behind m steps of the other once
/// in m + 1 executions, where a coin at each step does it once in 2^m. Steps that race with the one taken draw again,
/// so that one draw never decides two races. The paper's bound for the probability of any partial order is
/// exponentially better than that of a random walk. Good as a first choice when nothing is known about the bug.
public final class PosStrategy: DivisibleStrategy {
  private let seed: UInt64
  private let executions: Int
  private var done: Int
  private var numbers = SplitMix64(seed: 0)
  /// The priority of each thread's pending step, by the thread's number.
  private var priorities: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: Kernel.maximumThreads)
  /// Threads whose pending step has a priority.
  private var known = ThreadSet()
  /// The number of steps of the execution that have been looked at.
  private var seen = 0

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
    .samples("pos \(seed)", executions) { [seed] in PosStrategy(seed: seed, $0) }
  }

  /// Starts the next execution's own sequence.
  public func beginExecution() -> Bool {
    if done == executions { return false }
    numbers = SplitMix64(seed: seed, execution: done)
    done += 1
    known = ThreadSet()
    seen = 0
    return true
  }

  /// Picks the enabled thread whose step has the highest priority.
  public func choose(_ point: DecisionPoint) -> Int {
    // Steps that were forced have been taken without a question; they count all the same.
    while seen < point.depth {
      forgetRacing(with: seen, point)
      seen += 1
    }
    draw(point.alive.subtracting(known))
    var best = point.enabled.first
    for thread in point.enabled.without(best) {
      if priorities[thread] > priorities[best] { best = thread }
    }
    return best
  }

  /// Has the priorities drawn again of the thread that took a step, and of those whose pending step races with it.
  private func forgetRacing(with event: Int, _ point: DecisionPoint) {
    let step = Footprint(event: event, point.kernel)
    known.remove(Int(point.kernel.events[event].thread))
    for thread in known.intersection(point.alive) {
      if Footprint(pending: thread, point.kernel).depends(on: step, point.kernel) { known.remove(thread) }
    }
  }

  private func draw(_ threads: ThreadSet) {
    for thread in threads { priorities[thread] = numbers.next() }
    known = known.union(threads)
  }
}

extension Strategy where Self == PosStrategy {
  /// Tries a number of schedules with a random priority for every step.
  public static func pos(seed: UInt64 = 1, schedules: Int = 10_000) -> PosStrategy {
    PosStrategy(seed: seed, executions: schedules)
  }
}
