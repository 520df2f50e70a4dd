// SPDX-License-Identifier: GPL-2.0-only

/// Divides all executions by how they begin, without exploring them.
///
/// Visits the beginnings of a given length in the tree of a search with sleep sets alone: at each place every thread
/// that can go on and does not sleep is tried in the order of the numbers, and sleeps for those behind it until a step
/// that does not commute with its own. Of each class of equivalent executions exactly one goes through that tree
/// (Godefroid, LNCS 1032), so that each class belongs to exactly one beginning: that of which it takes no sleeping
/// step.
final class FrontierStrategy: Strategy {
  private struct Place {
    var asleep: UInt64
    var tried: UInt64
    var thread: Int
  }

  private let depth: Int
  private var places: [Place] = []
  /// Threads that have still to be tried at each place.
  private var left: [UInt64] = []
  /// Whether everybody slept where the last execution was given up: what begins so belongs to other beginnings.
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
    if hasBegun && places.isEmpty { return false }
    hasBegun = true
    names.beginExecution()
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    names.catchUp(with: point.kernel)
    if point.depth < places.count { return places[point.depth].thread }
    if point.depth >= depth { return DecisionPoint.abandon }
    var place = Place(asleep: 0, tried: 0, thread: 0)
    if let last = places.last { place.asleep = point.stillAsleep(last.asleep | last.tried) }
    let awake = point.enabled & ~place.asleep
    if awake == 0 {
      isEmpty = true
      return DecisionPoint.abandon
    }
    place.thread = awake.trailingZeroBitCount
    places.append(place)
    left.append(awake & (awake &- 1))
    return place.thread
  }

  func endExecution(_ execution: Execution) {
    if !isEmpty {
      beginnings.append(
        ContiguousArray(
          places.map { place in
            let before = (0..<64).filter { (place.asleep | place.tried) & (1 << UInt64($0)) != 0 }
            return PathStep(thread: names.name(ofThread: place.thread), before: before.map { names.name(ofThread: $0) })
          }))
    }
    isEmpty = false
    while let last = places.indices.last {
      places[last].tried |= 1 << UInt64(places[last].thread)
      if left[last] != 0 {
        places[last].thread = left[last].trailingZeroBitCount
        left[last] &= left[last] &- 1
        return
      }
      places.removeLast()
      left.removeLast()
    }
  }
}

extension DecisionPoint {
  /// Which of the threads that slept before the last step still do: those whose step commutes with it.
  func stillAsleep(_ asleep: UInt64) -> UInt64 {
    if asleep == 0 || depth == 0 { return asleep }
    let last = Footprint(event: depth - 1, kernel)
    let taken = UInt64(1) << UInt64(kernel.events[depth - 1].thread)
    var rest = asleep & ~taken
    var still = rest
    while rest != 0 {
      let thread = rest.trailingZeroBitCount
      rest &= rest &- 1
      if Footprint(pending: thread, kernel).depends(on: last, kernel) { still &= ~(1 << UInt64(thread)) }
    }
    return still
  }
}
