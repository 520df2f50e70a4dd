// SPDX-License-Identifier: GPL-2.0-only

/// One step of the prefix with which a part of a search begins.
struct PathStep: Sendable, Hashable {
  /// The stable name of the thread that takes it.
  var thread: Int32
  /// The threads that have been tried at this place before, or will be by another part: they sleep.
  var before: [Int32]
}

/// A step that is to be taken and what may follow it, by stable names.
struct PlanBranch: Sendable {
  var thread: Int32
  var touches: [TouchName]
  var children: [PlanBranch]
}

/// A frame of a search that has been handed over, with what is still to be explored from it.
struct OpenFrame: Sendable {
  /// The threads that sleep there, apart from those whose executions are in ``explored``.
  var before: [Int32]
  /// What has been explored from here, if plans may come late; see ``ExploredRegion``.
  var explored: [PlanBranch]?
  /// The step that leads to the next frame; nothing at the last one.
  var taken: PlanBranch?
  /// What else is to be explored from here, in order.
  var left: [PlanBranch]
}

/// What a part of a search leaves to others.
struct SearchRest: Sendable {
  /// The sequences that are missing at frames of its prefix.
  var plans: [SharedPlan] = []
  /// What has been explored after its prefix, if it has been explored to the end and plans may still arrive.
  var explored: [PlanBranch] = []
  /// The frames after its prefix, with what it had no budget for.
  var opened: [OpenFrame] = []
  /// The number of steps of the prefix that could be taken, if not all.
  var cut: Int?
}

/// A sequence of steps that leads to executions that have not been seen, in a form that another machine understands.
///
/// It begins at a place that several parts of a search have in common. Besides the steps it has what is needed to look
/// whether a tree has it already: what they touch, and which of them have to come before which.
struct SharedPlan: Sendable {
  /// The place at which it begins, counted from the beginning of the executions.
  let depth: Int
  private let threads: [Int32]
  private let touches: [TouchName]
  /// Where the touches of each step end.
  private let ends: [Int32]
  /// For each step, a bit for each step of the plan that has to come before it.
  private let rows: [UInt64]
  private let words: Int

  /// - Parameter lastTouches: How much of what the last step touches it is known to touch there.
  init(
    _ depth: Int, _ plan: ContiguousArray<Int32>, touching lastTouches: Int32, _ history: StepHistory,
    _ names: StableNames
  ) {
    self.depth = depth
    words = (plan.count + 63) / 64
    var touches: [TouchName] = []
    var ends: [Int32] = []
    var rows = [UInt64](repeating: 0, count: plan.count * words)
    for (place, step) in plan.enumerated() {
      let step = Int(step)
      // The last step has been moved: what it comes after is no longer what it came after in the execution.
      let isMoved = place == plan.count - 1
      touches += history.touchNames(of: step).prefix(isMoved ? Int(lastTouches) : .max)
      ends.append(Int32(touches.count))
      let past = isMoved ? Int(history.steps[step].base) : step
      for other in 0..<place {
        let earlier = Int(plan[other])
        if history.isBefore(earlier, orIs: past) || isMoved && history.isConflict(earlier, step, touching: lastTouches)
        {
          rows[place * words + other / 64] |= 1 << UInt64(other % 64)
        }
      }
    }
    threads = plan.map { names.name(ofThread: Int(history.steps[Int($0)].thread)) }
    (self.touches, self.ends, self.rows) = (touches, ends, rows)
  }

  /// All steps, a bit each.
  var allSteps: [UInt64] {
    (0..<words).map { word in
      let count = min(64, threads.count - word * 64)
      return count == 64 ? .max : 1 << UInt64(count) - 1
    }
  }

  /// The steps among some of them, as branches without children, in order.
  func branches(of steps: [UInt64]) -> [PlanBranch] {
    (0..<threads.count).filter { steps[$0 / 64] & (1 << UInt64($0 % 64)) != 0 }
      .map { PlanBranch(thread: threads[$0], touches: Array(touches(of: $0)), children: []) }
  }

  /// Takes a step off what is left of the plan if what is left can begin with it, or is not disturbed by it.
  func follow(_ thread: Int32, _ others: ArraySlice<TouchName>, _ left: inout [UInt64]) -> Bool {
    if let step = first(of: thread, in: left) {
      for word in 0..<words where rows[step &* words &+ word] & left[word] != 0 { return false }
      left[step / 64] &= ~(1 << UInt64(step % 64))
      return true
    }
    for word in 0..<words {
      var rest = left[word]
      while rest != 0 {
        let step = word &* 64 &+ rest.trailingZeroBitCount
        rest &= rest &- 1
        for touch in (step == 0 ? 0 : ends[step &- 1])..<ends[step] {
          for other in others where other.conflicts(with: touches[Int(touch)]) { return false }
        }
      }
    }
    return true
  }

  private func first(of thread: Int32, in steps: [UInt64]) -> Int? {
    for word in 0..<words {
      var rest = steps[word]
      while rest != 0 {
        let step = word &* 64 &+ rest.trailingZeroBitCount
        if threads[step] == thread { return step }
        rest &= rest &- 1
      }
    }
    return nil
  }

  private func touches(of step: Int) -> ArraySlice<TouchName> {
    touches[(step == 0 ? 0 : Int(ends[step - 1]))..<Int(ends[step])]
  }
}

extension StepHistory {
  /// What a step touches.
  func touchNames(of step: Int) -> [TouchName] {
    let first = Int(steps[step].firstTouch)
    return touches[first..<(first + Int(steps[step].touchCount))].map(\.name)
  }

  /// A step as a branch of a plan, with nothing behind it.
  func branch(_ step: Int, _ names: StableNames) -> PlanBranch {
    PlanBranch(thread: names.name(ofThread: Int(steps[step].thread)), touches: touchNames(of: step), children: [])
  }
}
