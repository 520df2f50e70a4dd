// SPDX-License-Identifier: GPL-2.0-only

/// Estimates how many classes of equivalent executions a scenario has, without exploring them.
///
/// The tree that is walked is that of a search with sleep sets alone: at each place a thread that can go on and does
/// not sleep is let go on, and sleeps for those behind it until a step that does not commute with its own. Each class
/// has exactly one complete execution in it. Knuth counts the leaves of such a tree by walks at random, each of which
/// stands for as many as the product of the numbers that it was picked from (*Estimating the efficiency of backtrack
/// programs*, 1975); here that has a mean that is right and is far from it nearly always, since most walks end where
/// all sleep. So the walks go side by side, step by step, and of those that have come to *similar* places one goes on
/// for all, each with a chance in proportion to what it stands for (Chen: *Heterogeneous sampling*, SIAM J. Comput.
/// 1992). Which places count as similar does not matter for the mean: it is the number of classes, whatever the walks
/// (the estimate is *unbiased*). It matters for the spread, which is estimated from several such samples. Similar are
/// places at which each thread has taken as many steps, and the same threads sleep.
///
/// - Parameters:
///   - samples: The number of samples to take the mean of.
///   - width: The number of walks that go side by side.
///   - seed: What the picks are made from.
///   - limits: When an execution has too many steps.
///   - scenario: The scenario.
/// - Returns: The mean, and its standard deviation.
/// - Throws: ``ScenarioError`` for a mistake in the use of this package.
public func estimateClasses(
  samples: Int = 8, width: Int = 64, seed: UInt64 = 1, limits: Limits = Limits(), _ scenario: @escaping Scenario
) throws -> SearchEstimate {
  try ScenarioError.require(samples, "samples", 1...Int.max)
  let limits = try limits.overridden(by: Environment())
  let kernel = Kernel()
  defer { kernel.shutDown() }
  kernel.limits = limits
  var sum = 0.0
  var squares = 0.0
  for sample in 0..<samples {
    var walks = SideBySide(width: width, numbers: SplitMix64(seed: seed, execution: sample))
    let leaves = try walks.run(kernel, scenario)
    sum += leaves
    squares += leaves * leaves
  }
  let count = Double(samples)
  let mean = sum / count
  let variance = max(0, squares / count - mean * mean)
  return SearchEstimate(executions: mean, spread: (variance / max(1, count - 1)).squareRoot())
}

/// Walks through the tree of a search with sleep sets, all of them at the same depth.
private struct SideBySide {
  /// A place of the tree and what it stands for.
  struct Walk {
    var steps: ContiguousArray<SleepSetStep> = []
    var weight = 1.0
  }

  private var numbers: SplitMix64
  private var walks: [Walk?]
  private let follow = SleepSetFollower()

  init(width: Int, numbers: SplitMix64) {
    self.numbers = numbers
    walks = Array(repeating: nil, count: max(1, width))
    walks[0] = Walk()
  }

  /// Goes on until all walks have ended; the number of leaves that they stand for.
  mutating func run(_ kernel: Kernel, _ scenario: @escaping Scenario) throws -> Double {
    var leaves = 0.0
    var isOver = false
    while !isOver {
      isOver = true
      var next: [Walk?] = Array(repeating: nil, count: walks.count)
      for case let walk? in walks {
        follow.steps = walk.steps
        let outcome = kernel.execute(scenario, under: follow, recording: nil)
        if let misuse = outcome.misuse { throw misuse }
        // An execution that has ended, in whichever way, is a leaf; one that was given up is at a place.
        guard let awake = follow.awake else {
          leaves += walk.weight
          continue
        }
        isOver = isOver && awake.isEmpty
        add(walk, awake, to: &next)
      }
      walks = next
    }
    return leaves
  }

  /// Takes a walk one step on, in each way there is; where it meets another one, one of the two stands for both.
  private mutating func add(_ walk: Walk, _ awake: ThreadSet, to next: inout [Walk?]) {
    for thread in awake {
      let step = SleepSetStep(
        thread: UInt8(thread), before: awake.intersection(ThreadSet(below: thread)))
      let place = Int(follow.digest(after: step) % UInt64(next.count))
      let weight = walk.weight + (next[place]?.weight ?? 0)
      if Double(numbers.next() >> 11) * 0x1p-53 * weight < walk.weight {
        next[place] = Walk(steps: walk.steps + [step], weight: weight)
      } else {
        next[place]?.weight = weight
      }
    }
  }
}

/// A step of a walk, and the threads that would have been tried before it.
private struct SleepSetStep {
  var thread: UInt8
  var before: ThreadSet
}

/// Goes to a place of the tree and looks who can be let go on there.
private final class SleepSetFollower: Strategy {
  var steps: ContiguousArray<SleepSetStep> = []
  /// Who can go on behind the steps and does not sleep; nothing if the execution has ended before.
  private(set) var awake: ThreadSet?
  private var sleepSet = ThreadSet()
  private var taken = ContiguousArray<UInt8>(repeating: 0, count: Kernel.maximumThreads)

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    if depth == 0 {
      (sleepSet, awake) = (ThreadSet(), nil)
      for thread in taken.indices { taken[thread] = 0 }
    } else {
      sleepSet = point.sleepSet(after: sleepSet)
    }
    if depth < steps.count {
      let step = steps[depth]
      sleepSet = sleepSet.union(step.before)
      taken[Int(step.thread)] &+= 1
      return Int(step.thread)
    }
    awake = point.enabled.subtracting(sleepSet)
    // A join depends on nothing: it can as well be taken at once, and nothing else need be tried.
    if let join = point.join(among: point.enabled.subtracting(sleepSet)) { awake = ThreadSet(join) }
    return DecisionPoint.abandon
  }

  /// What places after a step have in common that are similar.
  func digest(after step: SleepSetStep) -> UInt64 {
    var hash = StableHash(sleepSet.union(step.before).digest &* 0x9E37_79B9_7F4A_7C15)
    for (thread, count) in taken.enumerated() where count != 0 || thread == Int(step.thread) {
      let steps = UInt64(count) + (thread == Int(step.thread) ? 1 : 0)
      hash.add(UInt64(thread) << 8 | steps)
    }
    return hash.bits ^ (hash.bits >> 32)
  }
}

extension DecisionPoint {
  /// A thread among some that waits for another one's end and need not wait any more.
  fileprivate func join(among threads: ThreadSet) -> Int? {
    for thread in threads {
      if kernel.isJoining(thread) { return thread }
    }
    return nil
  }
}
