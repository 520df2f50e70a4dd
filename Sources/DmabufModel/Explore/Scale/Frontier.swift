// SPDX-License-Identifier: GPL-2.0-only

/// Divides all executions by how they begin, without exploring them.
///
/// Visits the beginnings of a given length in the tree of a search with sleep sets alone: at each place every thread
/// that can go on and does not sleep is tried in the order of the numbers, and sleeps for those behind it until a step
/// that does not commute with its own. Of each class of equivalent executions exactly one goes through that tree
/// (Godefroid, LNCS 1032), so that each class belongs to exactly one beginning: that of which it takes no sleeping
/// step.
final class FrontierStrategy: Strategy {
  private struct Frame {
    var sleepSet: ThreadSet
    var tried: ThreadSet
    var thread: Int
  }

  private let depth: Int
  private var frames: [Frame] = []
  /// Threads that have still to be tried at each place.
  private var left: [ThreadSet] = []
  /// Whether all threads slept where the last execution was given up: what begins so belongs to other beginnings.
  private var isEmpty = false
  private var names: StableNames
  private var hasBegun = false
  /// The beginnings, in order; those that the scenario ends before are among them.
  private(set) var beginnings: [ContiguousArray<PathStep>] = []

  init(depth: Int, sharing registry: NameRegistry) {
    self.depth = depth
    names = StableNames(sharing: registry)
  }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    if hasBegun && frames.isEmpty { return false }
    hasBegun = true
    names.beginExecution()
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    names.catchUp(with: point.kernel)
    if point.depth < frames.count { return frames[point.depth].thread }
    if point.depth >= depth { return DecisionPoint.abandon }
    var frame = Frame(sleepSet: ThreadSet(), tried: ThreadSet(), thread: 0)
    if let last = frames.last { frame.sleepSet = point.sleepSet(after: last.sleepSet.union(last.tried)) }
    let awake = point.enabled.subtracting(frame.sleepSet)
    if awake.isEmpty {
      isEmpty = true
      return DecisionPoint.abandon
    }
    frame.thread = awake.first
    frames.append(frame)
    left.append(awake.without(frame.thread))
    return frame.thread
  }

  func endExecution(_ execution: Execution) {
    if !isEmpty {
      beginnings.append(
        ContiguousArray(
          frames.map { frame in
            let before = frame.sleepSet.union(frame.tried)
            return PathStep(thread: names.name(ofThread: frame.thread), before: before.map { names.name(ofThread: $0) })
          }))
    }
    isEmpty = false
    while let last = frames.indices.last {
      frames[last].tried.insert(frames[last].thread)
      if !left[last].isEmpty {
        frames[last].thread = left[last].first
        left[last].removeFirst()
        return
      }
      frames.removeLast()
      left.removeLast()
    }
  }
}

extension DecisionPoint {
  /// Which of the threads that slept before the last step still do: those whose step commutes with it.
  func sleepSet(after sleepSet: ThreadSet) -> ThreadSet {
    if sleepSet.isEmpty || depth == 0 { return sleepSet }
    let last = Footprint(event: depth - 1, kernel)
    let candidates = sleepSet.without(Int(kernel.events[depth - 1].thread))
    var still = candidates
    for thread in candidates {
      if Footprint(pending: thread, kernel).depends(on: last, kernel) { still.remove(thread) }
    }
    return still
  }
}
