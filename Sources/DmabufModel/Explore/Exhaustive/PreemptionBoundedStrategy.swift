// SPDX-License-Identifier: GPL-2.0-only

/// Runs every execution with at most that many preemptions, those with the fewest first.
///
/// A switch away from a thread that could have gone on is a preemption; a switch where a thread waits or ends costs
/// nothing. Most races need one or two (Musuvathi, Qadeer: PLDI 2007), so that a scenario that is too large for a proof
/// can still be searched through for what is likely, and the first failure has the fewest switches that it can have.
///
/// There is no reduction besides the bound: a reduced search would need executions with more preemptions to reach those
/// with fewer. Each execution is run once. What goes over the current bound is kept for the next one: memory grows with
/// the number of those places.
public final class PreemptionBoundedStrategy: Strategy {
  private let bound: Int
  private var preemptions = 0
  /// Choices that lead to executions with the current number of preemptions, and with one more.
  private var beginnings = Beginnings()
  private var nextBeginnings = Beginnings()
  /// The current execution's choices, and behind the given beginning what has still to be tried at each place.
  private var choices: ContiguousArray<UInt8> = []
  private var left: ContiguousArray<ThreadSet> = []
  private var given = 0
  private var hasBegun = false
  /// That the scenario did something else under the same choices.
  public private(set) var objection: ScenarioError?

  /// Prepares a search of all executions with at most that many preemptions.
  public init(preemptions: Int) { bound = preemptions }

  /// Yes: the places of an execution are counted by its steps.
  public var decidesForcedSteps: Bool { true }

  /// Yes.
  public var mustFinish: Bool { true }

  /// Goes on to the next execution, with one more preemption when there are no more with as many.
  public func beginExecution() -> Bool {
    if !hasBegun {
      hasBegun = true
      return true
    }
    while let last = left.last {
      left[left.count - 1].removeFirst()
      if !last.hasNoSecond {
        choices.removeLast(choices.count - given - left.count + 1)
        return true
      }
      left.removeLast()
    }
    if beginnings.isEmpty {
      if preemptions == bound || nextBeginnings.isEmpty { return false }
      preemptions += 1
      swap(&beginnings, &nextBeginnings)
    }
    beginnings.removeLast(into: &choices)
    given = choices.count
    return true
  }

  /// Follows the beginning and what has been tried before; then lets the running thread go on if it can.
  public func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    if depth < choices.count { return follow(Int(choices[depth]), point) }
    let place = depth - given
    if place < left.count {
      let thread = left[place].first
      choices.append(UInt8(truncatingIfNeeded: thread))
      return follow(thread, point)
    }
    var thread = point.running
    if point.isEnabled(thread) {
      left.append(ThreadSet(thread))
      if preemptions < bound { keepPreemptions(point) }
    } else {
      left.append(point.enabled)
      thread = point.enabled.first
    }
    choices.append(UInt8(truncatingIfNeeded: thread))
    return thread
  }

  /// A proof of what the bound covers.
  public func verdict(executions: Int) -> Verdict { .exhaustiveUpTo(preemptions: bound, executions: executions) }

  private func keepPreemptions(_ point: DecisionPoint) {
    for thread in point.enabled.without(point.running) {
      nextBeginnings.append(choices, then: UInt8(truncatingIfNeeded: thread))
    }
  }

  private func follow(_ thread: Int, _ point: DecisionPoint) -> Int {
    if point.isEnabled(thread) { return thread }
    objection = .notDeterministic("thread \(thread) could not go on where it could before")
    return DecisionPoint.abandon
  }
}

/// Sequences of choices, the last one taken first, in one array.
private struct Beginnings {
  private var threads: ContiguousArray<UInt8> = []
  private var ends: ContiguousArray<Int> = []

  var isEmpty: Bool { ends.isEmpty }

  mutating func append(_ choices: ContiguousArray<UInt8>, then last: UInt8) {
    threads.append(contentsOf: choices)
    threads.append(last)
    ends.append(threads.count)
  }

  mutating func removeLast(into choices: inout ContiguousArray<UInt8>) {
    choices.removeAll(keepingCapacity: true)
    ends.removeLast()
    let start = ends.last ?? 0
    choices.append(contentsOf: threads[start...])
    threads.removeLast(threads.count - start)
  }
}

extension Strategy where Self == PreemptionBoundedStrategy {
  /// Tries every interleaving in which at most that many threads are interrupted although they could go on.
  public static func exhaustive(preemptions: Int) -> PreemptionBoundedStrategy {
    PreemptionBoundedStrategy(preemptions: preemptions)
  }
}
