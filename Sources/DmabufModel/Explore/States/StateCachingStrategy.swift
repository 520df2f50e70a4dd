// SPDX-License-Identifier: GPL-2.0-only

/// Runs executions up to states that have been seen, until there is no state from which a step has not been tried.
///
/// The other way to a proof: where ``ExhaustiveStrategy`` looks at each class of equivalent executions once, this looks
/// at each state once. Threads that go on from one state in the same way whatever led there make classes multiply and
/// states not: it is the faster engine for many threads that do the same, and the slower one for few. For threads that
/// have little to do with each other it is of no use: states multiply by each of them, and classes do not. And it knows
/// nothing of races, clocks and wakeup trees, so that either engine checks the other.
///
/// A depth-first search (Godefroid: *Partial-Order Methods for the Verification of Concurrent Systems*, LNCS 1032,
/// 1996). States are not kept but had again by running the choices that led there; what is kept of them is a
/// ``Fingerprint``, see `StateWatch`, which confuses two of n states with a probability below n² / 2^65. Three things
/// make it small:
///
/// - *Sleep sets*: of two steps that commute the second order is not tried at all, where it would only lead to a state that
///   has been seen. They leave no state out. Each state keeps which threads slept there, and a later visit tries those
///   that were asleep at all earlier ones and are not now (the book's chapter 5).
/// - A join that can be taken is taken at once: it depends on nothing. Only the last one of all is looked up, for the state
///   in which all threads have ended.
/// - There is no cycle: a state knows what its threads have read, and they never read less.
///
/// Every state and every deadlock is come to, and every step that leaves a state is taken there or at a state from
/// which steps that commute with it lead there, so that whatever a check of the machine or of the scenario can find is
/// found. Conditions are seen if any execution can see them, but in how many executions means nothing here.
public final class StateCachingStrategy: Strategy {
  private struct Place {
    /// Threads that need not be tried here: what begins with their step has been seen from an equivalent place.
    var asleep: UInt64
    /// Threads that have still to be tried here.
    var left: UInt64
    /// Whom the current execution lets go on here, and what its step is.
    var thread: Int
    var step: ObjectAccess
    /// The place in the watch's log.
    var mark: Int
  }

  private var places: ContiguousArray<Place> = []
  private var states = StateTable()
  private let watch = StateWatch()
  private var hasBegun = false
  private var wasPruned = false
  /// That the scenario did something else under the same choices.
  public private(set) var objection: ScenarioError?

  /// Prepares a search of all states.
  public init() {}

  /// The number of states that have been reached.
  public var stateCount: Int { states.count }

  /// Yes: a step that is forced leads to another state all the same.
  public var decidesForcedSteps: Bool { true }

  /// Yes.
  public var mustFinish: Bool { true }

  /// Yes.
  public var reliesOnIndependence: Bool { true }

  /// Goes on to the next step that has not been tried, if there is one.
  public func beginExecution() -> Bool {
    if hasBegun && places.isEmpty { return false }
    hasBegun = true
    wasPruned = false
    return true
  }

  /// Goes back to the deepest place where something is left, and on from there as far as states are new.
  public func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    if depth >= places.count { return go(point) }
    let thread = places[depth].thread
    guard point.canGoOn(thread) else { return object("thread \(thread) could not go on where it could before") }
    if depth < places.count - 1 {
      return point.pending(thread) == places[depth].step ? thread : object("step \(depth + 1) differed")
    }
    watch.names.catchUp(with: point.kernel)
    point.kernel.startWatching(watch)
    places[depth].step = point.pending(thread)
    return thread
  }

  private func go(_ point: DecisionPoint) -> Int {
    let kernel = point.kernel
    if places.isEmpty { kernel.startWatching(watch) }
    watch.names.catchUp(with: kernel)
    watch.settle(kernel)
    var place = Place(asleep: 0, left: 0, thread: 0, step: ObjectAccess(ObjectID(0), .read), mark: watch.mark)
    if let last = places.last { place.asleep = stillAsleep(last.asleep, point) }
    if let joiner = joiner(point), kernel.unjoined & (kernel.unjoined &- 1) != 0 {
      place.thread = joiner
    } else {
      place.left = visit(&place.asleep, point)
      if place.left == 0 {
        wasPruned = true
        return DecisionPoint.abandon
      }
      let goesOn = place.left & (1 << UInt64(point.running)) != 0
      place.thread = goesOn ? point.running : place.left.trailingZeroBitCount
      place.left &= ~(1 << UInt64(place.thread))
    }
    place.step = point.pending(place.thread)
    places.append(place)
    return place.thread
  }

  /// Looks the current state up: which threads have to be tried here, and which need not be.
  private func visit(_ asleep: inout UInt64, _ point: DecisionPoint) -> UInt64 {
    var named: UInt64 = 0
    forEach(asleep & point.enabled) { thread in
      let name = watch.names.name(ofThread: thread)
      // A name that does not fit into the set cannot sleep.
      if name < 64 { named |= 1 << UInt64(name) } else { asleep &= ~(1 << UInt64(thread)) }
    }
    let state = watch.fingerprint(point.kernel)
    guard let awake = states.visit(state, asleep: named) else { return point.enabled & ~asleep }
    var left: UInt64 = 0
    var stillAsleep: UInt64 = 0
    forEach(point.enabled) { thread in
      let name = watch.names.name(ofThread: thread)
      if name < 64 && awake & (1 << UInt64(name)) != 0 { left |= 1 << UInt64(thread) }
    }
    // Only those that slept at every visit: what others lead to has been seen, but from other places.
    forEach(asleep & ~left) { thread in
      let name = watch.names.name(ofThread: thread)
      if states.isAsleep(UInt64(name), in: state) { stillAsleep |= 1 << UInt64(thread) }
    }
    asleep = stillAsleep
    return left
  }

  private func stillAsleep(_ asleep: UInt64, _ point: DecisionPoint) -> UInt64 {
    if asleep == 0 { return 0 }
    let step = Footprint(event: point.depth - 1, point.kernel)
    var still = asleep & point.alive
    forEach(still) { thread in
      if Footprint(pending: thread, point.kernel).depends(on: step, point.kernel) { still &= ~(1 << UInt64(thread)) }
    }
    return still
  }

  private func joiner(_ point: DecisionPoint) -> Int? {
    var joiner: Int?
    forEach(point.enabled) { if Footprint(pending: $0, point.kernel).isJoin { joiner = $0 } }
    return joiner
  }

  private func object(_ what: String) -> Int {
    objection = objection ?? .notDeterministic("\(what) under the same choices")
    return DecisionPoint.abandon
  }

  /// Counts the state in which the execution got stuck, and goes back to the last place where something is left.
  public func endExecution(_ execution: Execution) {
    let kernel = execution.kernel
    if kernel.finding?.kind == .deadlock {
      _ = states.visit(watch.fingerprint(kernel), asleep: 0)
    } else if !wasPruned && kernel.events.count < places.count {
      objection = objection ?? .notDeterministic("an execution ended earlier under the same choices")
    }
    while let last = places.indices.last {
      if places[last].left != 0 {
        places[last].asleep |= 1 << UInt64(places[last].thread)
        places[last].thread = places[last].left.trailingZeroBitCount
        places[last].left &= places[last].left &- 1
        watch.rewind(to: places[last].mark)
        return
      }
      places.removeLast()
    }
  }

  /// That all states have been seen, and how many there are.
  public func verdict(executions: Int) -> Verdict { .exhaustiveByStates(states: states.count) }
}

/// Has each thread of a set handed over, the one with the lowest number first.
@inline(__always)
private func forEach(_ threads: UInt64, _ body: (Int) -> Void) {
  var rest = threads
  while rest != 0 {
    body(rest.trailingZeroBitCount)
    rest &= rest &- 1
  }
}

extension Strategy where Self == StateCachingStrategy {
  /// Tries every interleaving, up to states that have been seen: for many threads that do the same.
  ///
  /// Actors of one's own are searched soundly as they are, and with fewer states if they say what is in them
  /// (``KernelActor/describe(to:)``) and what their steps give back (``Kernel/returned(_:)``).
  /// Only what goes past the steps has to be said: what a thread learns from a field that a lock keeps still
  /// (``Kernel/observed(_:)``), and what changes there (``Kernel/changed(_:)``).
  public static var stateCaching: StateCachingStrategy { StateCachingStrategy() }
}
