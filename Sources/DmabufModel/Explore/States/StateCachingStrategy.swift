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
/// - *Sleep sets*: of two steps that commute the second order is not tried at all, where it would only lead to a state
///   that has been seen. They leave no state out. Each state keeps which threads slept there, and a later visit tries
///   those that were asleep at all earlier ones and are not now (the book's chapter 5).
/// - A join that can be taken is taken at once: it depends on nothing. Only the last one of all is looked up, for the
///   state in which all threads have ended.
/// - There is no cycle: a state knows what its threads have read, and they never read less.
///
/// Every state and every deadlock is reached, and every step that leaves a state is taken there or at a state from
/// which steps that commute with it lead there, so that whatever a check of the machine or of the scenario can find is
/// found. Conditions are seen if any execution can see them, but in how many executions means nothing here.
public final class StateCachingStrategy: Strategy {
  private struct Frame {
    /// Threads that need not be tried here: what begins with their step has been seen from an equivalent place.
    var sleepSet: ThreadSet
    /// Threads that have still to be tried here.
    var backtrackSet: ThreadSet
    /// The thread that the current execution runs here, and what its step is.
    var thread: Int
    var step: ObjectAccess
    /// The place in the watch's log.
    var mark: Int
  }

  private var frames: ContiguousArray<Frame> = []
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
    if hasBegun && frames.isEmpty { return false }
    hasBegun = true
    wasPruned = false
    return true
  }

  /// Goes back to the deepest place where something is left, and on from there while states are new.
  public func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    if depth >= frames.count { return extend(point) }
    let thread = frames[depth].thread
    guard point.isEnabled(thread) else {
      return reportNondeterminism("thread \(thread) could not go on where it could before")
    }
    if depth < frames.count - 1 {
      return point.pending(thread) == frames[depth].step ? thread : reportNondeterminism("step \(depth + 1) differed")
    }
    watch.names.catchUp(with: point.kernel)
    point.kernel.startWatching(watch)
    frames[depth].step = point.pending(thread)
    return thread
  }

  private func extend(_ point: DecisionPoint) -> Int {
    let kernel = point.kernel
    if frames.isEmpty { kernel.startWatching(watch) }
    watch.names.catchUp(with: kernel)
    watch.settle(kernel)
    var frame = Frame(
      sleepSet: ThreadSet(), backtrackSet: ThreadSet(), thread: 0, step: ObjectAccess(ObjectID(0), .read),
      mark: watch.mark)
    if let last = frames.last { frame.sleepSet = sleepSet(after: last.sleepSet, point) }
    if let joiner = joiner(point), !kernel.unjoined.hasNoSecond {
      frame.thread = joiner
    } else {
      frame.backtrackSet = visit(&frame.sleepSet, point)
      if frame.backtrackSet.isEmpty {
        wasPruned = true
        return DecisionPoint.abandon
      }
      let continues = frame.backtrackSet.contains(point.running)
      frame.thread = continues ? point.running : frame.backtrackSet.first
      frame.backtrackSet.remove(frame.thread)
    }
    frame.step = point.pending(frame.thread)
    frames.append(frame)
    return frame.thread
  }

  /// Looks the current state up: which threads have to be tried here, and which need not be.
  private func visit(_ sleepSet: inout ThreadSet, _ point: DecisionPoint) -> ThreadSet {
    var named = ThreadSet()
    for thread in sleepSet.intersection(point.enabled) {
      let name = Int(watch.names.name(ofThread: thread))
      // A name that does not fit into the set cannot sleep.
      if name < 64 { named.insert(name) } else { sleepSet.remove(thread) }
    }
    let state = watch.fingerprint(point.kernel)
    guard let awake = states.visit(state, asleep: named) else { return point.enabled.subtracting(sleepSet) }
    var left = ThreadSet()
    var remaining = ThreadSet()
    for thread in point.enabled {
      let name = Int(watch.names.name(ofThread: thread))
      if name < 64 && awake.contains(name) { left.insert(thread) }
    }
    // Only those that slept at every visit: what others lead to has been seen, but from other places.
    for thread in sleepSet.subtracting(left) {
      let name = Int(watch.names.name(ofThread: thread))
      if states.isAsleep(name, in: state) { remaining.insert(thread) }
    }
    sleepSet = remaining
    return left
  }

  private func sleepSet(after sleepSet: ThreadSet, _ point: DecisionPoint) -> ThreadSet {
    if sleepSet.isEmpty { return sleepSet }
    let step = Footprint(event: point.depth - 1, point.kernel)
    var still = sleepSet.intersection(point.alive)
    for thread in still {
      if Footprint(pending: thread, point.kernel).depends(on: step, point.kernel) { still.remove(thread) }
    }
    return still
  }

  private func joiner(_ point: DecisionPoint) -> Int? {
    var joiner: Int?
    for thread in point.enabled where Footprint(pending: thread, point.kernel).isJoin { joiner = thread }
    return joiner
  }

  private func reportNondeterminism(_ what: String) -> Int {
    objection = objection ?? .notDeterministic("\(what) under the same choices")
    return DecisionPoint.abandon
  }

  /// Counts the state in which the execution got stuck, and goes back to the last place where something is left.
  public func endExecution(_ execution: Execution) {
    let kernel = execution.kernel
    if kernel.finding?.kind == .deadlock {
      _ = states.visit(watch.fingerprint(kernel), asleep: ThreadSet())
    } else if !wasPruned && kernel.events.count < frames.count {
      objection = objection ?? .notDeterministic("an execution ended earlier under the same choices")
    }
    while let last = frames.indices.last {
      if !frames[last].backtrackSet.isEmpty {
        frames[last].sleepSet.insert(frames[last].thread)
        frames[last].thread = frames[last].backtrackSet.first
        frames[last].backtrackSet.removeFirst()
        watch.rewind(to: frames[last].mark)
        return
      }
      frames.removeLast()
    }
  }

  /// That all states have been seen, and how many there are.
  public func verdict(executions: Int) -> Verdict { .exhaustiveByStates(states: states.count) }
}

extension Strategy where Self == StateCachingStrategy {
  /// Tries every interleaving, up to states that have been seen: for many threads that do the same.
  ///
  /// Actors of one's own are searched soundly as they are, and with fewer states if they say what is in them
  /// (``KernelActor/describe(to:)``) and what their steps return (``KernelActor/returned(_:)``).
  /// Only what goes past the steps has to be said: what a thread learns from a field that a lock keeps still
  /// (``KernelActor/observed(_:)``), and what changes there (``KernelActor/changed()``).
  public static var stateCaching: StateCachingStrategy { StateCachingStrategy() }
}
