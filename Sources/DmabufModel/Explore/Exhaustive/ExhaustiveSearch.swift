// SPDX-License-Identifier: GPL-2.0-only

/// The state of an exhaustive search: the current execution, and what is still to be explored at each place of it.
struct ExhaustiveSearch {
  /// A place of the current execution: what is known about the executions that begin as this one does up to here.
  struct Place {
    /// Threads whose pending step need not be tried here: what begins with it has been seen, from here or from an
    /// equivalent place.
    var asleep: ThreadSet
    /// Whom the current execution lets go on here.
    var thread: UInt8
    /// The tree of what is still to be explored from here; -1 if nothing has been put into it.
    var tree: Int32
    /// The node of the step taken here: what is below it is the tree of the next place.
    var node: Int32
  }

  var places: ContiguousArray<Place> = []
  var trees = WakeupTrees()
  var history: StepHistory
  var names: StableNames
  private var plan: ContiguousArray<Int32> = []
  /// The step of the plan that has been moved, and how much of what it touches it touches there, too.
  private var moved: Int32 = -1
  private var movedTouches: Int32 = 0
  /// What those touch who sleep somewhere and go by what they find, as it is where they sleep.
  private var sleepers: [Sleeper] = []

  private struct Sleeper {
    var place: Int
    var thread: Int
    var touches: [TouchName]
  }
  /// The last place is one that has just been given another thread, in its tree's name for it.
  private var turnsTo: Int32 = -1
  var isDone = false
  /// The place from which the search is this one's alone; those before it belong to others too, and are only passed.
  var floor = 0
  var path: ContiguousArray<PathStep> = []
  /// What is to be explored behind the path at least.
  var guide: [PlanBranch] = []
  /// What has been explored behind the path, as far as others may have to know; none for a search that is not divided.
  var region: ExploredRegion?
  /// What races at places before ``floor`` have shown to be missing there; see ``DividedSearch``.
  var plans: [SharedPlan] = []
  private(set) var isBlocked = false
  /// An execution has ended on the path, before the place where this search begins.
  var isCut = false
  /// What the scenario did that it had not done under the same choices before.
  private(set) var objection: String?

  private let isBroken: Bool

  /// Prepares a search; leaving accesses out breaks it, which tests do to see that it matters.
  ///
  /// - Parameters:
  ///   - ignored: The accesses to be left out.
  ///   - registry: Where the search agrees with others on names.
  init(ignoring ignored: IgnoredAccesses, sharing registry: NameRegistry? = nil) {
    history = StepHistory(ignoring: ignored)
    names = StableNames(sharing: registry)
    isBroken = !ignored.isEmpty
  }

  // MARK: One execution

  /// Prepares for the next execution; false when all have been seen.
  mutating func begin() -> Bool {
    if isDone { return false }
    isBlocked = false
    names.beginExecution()
    return true
  }

  @inline(__always)
  mutating func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    if depth < history.taken {
      // The part that this execution shares with the one before it.
      let step = history.steps[depth]
      let thread = Int(step.thread)
      let pending = point.pending(thread)
      if pending.object == step.object && pending.access == step.access && point.canGoOn(thread) { return thread }
      return object("step \(depth + 1) differed under the same choices", to: point)
    }
    if depth < floor { return pass(point) }
    return depth < places.count ? turn(point) : go(point)
  }

  /// Takes a step of the path that leads to where this search begins.
  private mutating func pass(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    names.catchUp(with: point.kernel)
    var place = Place(asleep: ThreadSet(), thread: 0, tree: -1, node: -1)
    if let last = places.last { place.asleep = stillAsleep(last.asleep, point) }
    guard depth == places.count, let thread = names.thread(named: path[depth].thread) else {
      return object("a thread was not there under the same choices", to: point)
    }
    for name in path[depth].before {
      if let sleeper = names.thread(named: name) { place.asleep.insert(sleeper) }
    }
    place.thread = UInt8(truncatingIfNeeded: thread)
    if depth == floor - 1 { place.node = trees.adopt(guide) }
    noteSleepers(place.asleep, point)
    places.append(place)
    return take(thread, point)
  }

  /// Decides at the place where this execution leaves the one before it.
  private mutating func turn(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    names.catchUp(with: point.kernel)
    guard depth == places.count - 1, let thread = names.thread(named: turnsTo) else {
      return object("a thread was not there under the same choices", to: point)
    }
    places[depth].thread = UInt8(truncatingIfNeeded: thread)
    return take(thread, point)
  }

  /// Decides at a place that no execution has come to.
  private mutating func go(_ point: DecisionPoint) -> Int {
    names.catchUp(with: point.kernel)
    var place = Place(asleep: ThreadSet(), thread: 0, tree: -1, node: -1)
    let thread: Int
    if let last = places.indices.last {
      place.tree = places[last].node
      places[last].node = -1
      place.asleep = stillAsleep(places[last].asleep, point)
    }
    place.node = trees.takeFirstChild(of: place.tree)
    if place.node >= 0 && !canFollow(place.node, point) {
      trees.release(place.node)
      place.node = -1
    }
    if place.node >= 0 {
      thread = names.thread(named: trees.thread(of: place.node)) ?? Choice.none
    } else {
      let awake = point.enabled.subtracting(place.asleep)
      let goesOn = awake.contains(point.running)
      thread = goesOn ? point.running : awake.isEmpty ? Choice.none : awake.first
    }
    if thread < 0 {
      isBlocked = true
      trees.release(place.tree)
      return DecisionPoint.abandon
    }
    place.thread = UInt8(truncatingIfNeeded: thread)
    region?.enter(place: places.count, asleep: place.asleep)
    noteSleepers(place.asleep, point)
    places.append(place)
    return take(thread, point)
  }

  private mutating func take(_ thread: Int, _ point: DecisionPoint) -> Int {
    if !point.canGoOn(thread) {
      isBlocked = true
      // With a dependence left out on purpose that is what has to be expected.
      return isBroken
        ? DecisionPoint.abandon : object("thread \(thread) could not go on where it could before", to: point)
    }
    history.take(thread, point.kernel, names)
    return thread
  }

  /// Which of the threads that were asleep before the last step are so after it: those whose step commutes with it.
  private mutating func stillAsleep(_ asleep: ThreadSet, _ point: DecisionPoint) -> ThreadSet {
    var still = asleep
    for thread in asleep {
      if history.isLastStep(dependentOn: thread, point.kernel, names) { still.remove(thread) }
    }
    return still
  }

  /// Whether the search can go on as planned.
  ///
  /// Always, unless a step on the way that goes by what it finds has found something else than where it was planned:
  /// what follows is then a matter of the races that the execution has.
  private func canFollow(_ node: Int32, _ point: DecisionPoint) -> Bool {
    if !history.hasOpenSteps { return true }
    return names.thread(named: trees.thread(of: node)).map { point.canGoOn($0) } ?? false
  }

  /// Notes what those touch at a new place who sleep there and go by what they find.
  private mutating func noteSleepers(_ asleep: ThreadSet, _ point: DecisionPoint) {
    for thread in asleep {
      if !point.kernel.isOpen(thread) { continue }
      let touches = history.touchNames(ofPending: thread, point.kernel, names)
      sleepers.append(Sleeper(place: places.count, thread: thread, touches: touches))
    }
  }

  mutating func forgetSleepers(from place: Int) {
    while let last = sleepers.last, last.place >= place { sleepers.removeLast() }
  }

  private mutating func object(_ what: String, to point: DecisionPoint) -> Int {
    if objection == nil { objection = what }
    return DecisionPoint.abandon
  }

  // MARK: Between executions

  /// Learns from an execution what else has to be explored, and goes back to the last place where something is left.
  mutating func end(_ kernel: Kernel) {
    if kernel.events.count < history.taken {
      objection = objection ?? "an execution ended earlier under the same choices"
    }
    if !isBlocked {
      names.catchUp(with: kernel)
      for thread in kernel.pendingAtStop { history.addPending(thread, kernel, names) }
      for index in history.races.indices { reverse(history.races[index]) }
    }
    if places.count < floor { isCut = true }
    while places.count > floor, let last = places.indices.last {
      if region != nil { leave(last) }
      trees.release(places[last].node)
      places[last].node = trees.takeFirstChild(of: places[last].tree)
      if places[last].node >= 0 {
        let step = history.steps[last]
        if step.isOpen {
          sleepers.append(Sleeper(place: last, thread: Int(step.thread), touches: history.touchNames(of: last)))
        }
        places[last].asleep.insert(Int(places[last].thread))
        turnsTo = trees.thread(of: places[last].node)
        history.truncate(to: places.count - 1)
        return
      }
      trees.release(places[last].tree)
      places.removeLast()
      forgetSleepers(from: last)
    }
    history.truncate(to: places.count)
    isDone = true
  }

  /// Has executions explored in which the later step of a race comes first.
  ///
  /// They begin as this one does, up to the step before which the later one is to come; then follow the steps that do
  /// not depend on that step, and the later one.
  private mutating func reverse(_ race: Race) {
    let first = Int(race.first)
    makePlan(race)
    if isSeen(from: first) || !insert(at: first) || first >= floor { return }
    // The place belongs to others too: they are told, since the tree here knows only what this search has put into it.
    makePlan(race)
    plans.append(SharedPlan(first, plan, touching: movedTouches, history, names))
  }

  private mutating func makePlan(_ race: Race) {
    let root = Int(race.firstRoot)
    plan.removeAll(keepingCapacity: true)
    for step in Int(race.first)..<history.taken
    where !history.isRemoved(step, from: root, to: root + Int(race.rootCount)) {
      plan.append(Int32(truncatingIfNeeded: step))
    }
    plan.append(race.later)
    moved = race.later
    movedTouches = history.touchesWhenMoved(race)
  }

  /// How much counts of what a step of the plan touches.
  private func touchCount(ofPlanned place: Int) -> Int32 {
    plan[place] == moved ? movedTouches : history.steps[Int(plan[place])].touchCount
  }

  /// Whether an execution that begins with the plan is equivalent to one that begins with a step that sleeps.
  private func isSeen(from first: Int) -> Bool {
    for thread in places[first].asleep {
      if let place = plan.firstIndex(where: { history.steps[Int($0)].thread == Int32(thread) }) {
        if isInitial(place) { return true }
      } else if let sleeper = sleepers.last(where: { $0.place == first && $0.thread == thread }) {
        if !plan.indices.contains(where: { isConflict(sleeper.touches, withPlanned: $0) }) { return true }
      } else if let step = history.nextStep(of: thread, from: first) {
        let depends = plan.indices.contains {
          history.isConflict(step, Int(plan[$0]), touching: touchCount(ofPlanned: $0))
        }
        if !depends { return true }
      }
    }
    return false
  }

  /// Whether nothing before a step of the plan has to come before it.
  private func isInitial(_ place: Int) -> Bool {
    let step = Int(plan[place])
    // What a step that has been moved comes after is no longer what it came after in the execution.
    let isMoved = plan[place] == moved
    let past = isMoved ? Int(history.steps[step].base) : step
    for before in 0..<place {
      let other = Int(plan[before])
      if history.isBefore(other, orIs: past) || isMoved && history.isConflict(other, step, touching: movedTouches) {
        return false
      }
    }
    return true
  }

  private func isConflict(_ names: [TouchName], withPlanned place: Int) -> Bool {
    let first = history.steps[Int(plan[place])].firstTouch
    for index in first..<(first &+ touchCount(ofPlanned: place)) {
      let other = history.touches[Int(index)].name
      for name in names where name.conflicts(with: other) { return true }
    }
    return false
  }

  /// Adds the plan to the tree of a place, unless an execution that is to be explored anyway covers it.
  ///
  /// - Returns: Whether it has been added.
  private mutating func insert(at depth: Int) -> Bool {
    if places[depth].tree < 0 { places[depth].tree = trees.make() }
    var parent = places[depth].tree
    var isRoot = true
    while true {
      var child = trees.firstChild(of: parent)
      // A leaf below the root: everything is explored from there.
      if child < 0 && !isRoot { return false }
      while child >= 0 && !follow(child) { child = trees.nextSibling(of: child) }
      if child < 0 { break }
      if plan.isEmpty { return false }
      parent = child
      isRoot = false
    }
    for (place, step) in plan.enumerated() {
      parent = trees.append(
        names.name(ofThread: Int(history.steps[Int(step)].thread)), Int(step), touching: touchCount(ofPlanned: place),
        history, to: parent)
    }
    return true
  }

  /// Goes along a node if the plan can begin with its step, and takes that step off the plan.
  private mutating func follow(_ node: Int32) -> Bool {
    let thread = names.thread(named: trees.thread(of: node)).map { Int32($0) } ?? -1
    if let place = plan.firstIndex(where: { history.steps[Int($0)].thread == thread }) {
      if !isInitial(place) { return false }
      plan.remove(at: place)
      return true
    }
    for place in plan.indices
    where trees.isConflict(node, Int(plan[place]), touching: touchCount(ofPlanned: place), history) { return false }
    return true
  }
}

extension DecisionPoint {
  /// Whether a thread is one of those that can go on.
  @inline(__always)
  func canGoOn(_ thread: Int) -> Bool { enabled.contains(thread) }
}
