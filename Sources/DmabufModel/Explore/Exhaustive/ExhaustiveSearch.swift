// SPDX-License-Identifier: GPL-2.0-only

/// The state of an exhaustive search: a stack with a frame for each step of the current execution.
struct ExhaustiveSearch {
  /// A step of the current execution, and what is known about the executions that begin as this one does up to it.
  struct Frame {
    /// Threads whose pending step need not be executed here: what begins with it has been explored, from here or from
    /// an equivalent prefix.
    var sleepSet: ThreadSet
    /// The thread that the current execution runs here.
    var thread: UInt8
    /// The wakeup tree: what is still to be explored from here; -1 if nothing has been inserted.
    var wakeupTree: Int32
    /// The node of the step executed here: what is below it is the wakeup tree of the next frame.
    var node: Int32
  }

  var frames: ContiguousArray<Frame> = []
  var trees = WakeupTrees()
  var history: StepHistory
  var names: StableNames
  private var plan: ContiguousArray<Int32> = []
  /// The later step of the race that the plan reverses, and how much of what it touches it touches there, too.
  private var reversed: Int32 = -1
  private var reversedTouches: Int32 = 0
  /// The accesses of sleeping threads whose accesses depend on what they find, as they are where they sleep.
  private var sleepers: [Sleeper] = []

  private struct Sleeper {
    var place: Int
    var thread: Int
    var touches: [TouchName]
  }
  /// The thread that the last frame backtracks to, in its wakeup tree's name for it.
  private var backtrackThread: Int32 = -1
  var isDone = false
  /// The length of the prefix: the frames from there on are this search's alone, and those of the prefix are shared
  /// with others and only followed.
  var prefixLength = 0
  var prefix: ContiguousArray<PathStep> = []
  /// The sequences that are known to be missing after the prefix.
  var guidance: [PlanBranch] = []
  /// What has been explored after the prefix and others may have to know; nothing for a search that is not divided.
  var region: ExploredRegion?
  /// The sequences that races with a step of the prefix have shown to be missing there; see ``DividedSearch``.
  var plans: [SharedPlan] = []
  private(set) var isBlocked = false
  /// Whether an execution has ended within the prefix.
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
      if pending.object == step.object && pending.access == step.access && point.isEnabled(thread) { return thread }
      return reportNondeterminism("step \(depth + 1) differed under the same choices", at: point)
    }
    if depth < prefixLength { return followPrefix(point) }
    return depth < frames.count ? backtrack(point) : extend(point)
  }

  /// Executes a step of the prefix.
  private mutating func followPrefix(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    names.catchUp(with: point.kernel)
    var frame = Frame(sleepSet: ThreadSet(), thread: 0, wakeupTree: -1, node: -1)
    if let last = frames.last { frame.sleepSet = sleepSet(after: last.sleepSet, point) }
    guard depth == frames.count, let thread = names.thread(named: prefix[depth].thread) else {
      return reportNondeterminism("a thread was not there under the same choices", at: point)
    }
    for name in prefix[depth].before {
      if let sleeper = names.thread(named: name) { frame.sleepSet.insert(sleeper) }
    }
    frame.thread = UInt8(truncatingIfNeeded: thread)
    if depth == prefixLength - 1 { frame.node = trees.adopt(guidance) }
    noteSleepers(frame.sleepSet, point)
    frames.append(frame)
    return execute(thread, point)
  }

  /// Executes the step at which this execution branches off from the one before it.
  private mutating func backtrack(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    names.catchUp(with: point.kernel)
    guard depth == frames.count - 1, let thread = names.thread(named: backtrackThread) else {
      return reportNondeterminism("a thread was not there under the same choices", at: point)
    }
    frames[depth].thread = UInt8(truncatingIfNeeded: thread)
    return execute(thread, point)
  }

  /// Extends the execution by a step after a prefix that no execution has had.
  private mutating func extend(_ point: DecisionPoint) -> Int {
    names.catchUp(with: point.kernel)
    var frame = Frame(sleepSet: ThreadSet(), thread: 0, wakeupTree: -1, node: -1)
    let thread: Int
    if let last = frames.indices.last {
      frame.wakeupTree = frames[last].node
      frames[last].node = -1
      frame.sleepSet = sleepSet(after: frames[last].sleepSet, point)
    }
    frame.node = trees.popFirstChild(of: frame.wakeupTree)
    if frame.node >= 0 && !canFollow(frame.node, point) {
      trees.release(frame.node)
      frame.node = -1
    }
    if frame.node >= 0 {
      thread = names.thread(named: trees.thread(of: frame.node)) ?? Choice.none
    } else {
      let awake = point.enabled.subtracting(frame.sleepSet)
      let continues = awake.contains(point.running)
      thread = continues ? point.running : awake.isEmpty ? Choice.none : awake.first
    }
    if thread < 0 {
      isBlocked = true
      trees.release(frame.wakeupTree)
      return DecisionPoint.abandon
    }
    frame.thread = UInt8(truncatingIfNeeded: thread)
    region?.enter(frames.count, sleepSet: frame.sleepSet)
    noteSleepers(frame.sleepSet, point)
    frames.append(frame)
    return execute(thread, point)
  }

  private mutating func execute(_ thread: Int, _ point: DecisionPoint) -> Int {
    if !point.isEnabled(thread) {
      isBlocked = true
      // With a dependence left out on purpose that is what has to be expected.
      return isBroken
        ? DecisionPoint.abandon
        : reportNondeterminism("thread \(thread) could not go on where it could before", at: point)
    }
    history.take(thread, point.kernel, names)
    return thread
  }

  /// The sleep set after the last step: the threads of the one before it whose step is independent of it.
  private mutating func sleepSet(after sleepSet: ThreadSet, _ point: DecisionPoint) -> ThreadSet {
    var still = sleepSet
    for thread in sleepSet {
      if history.isLastStep(dependentOn: thread, point.kernel, names) { still.remove(thread) }
    }
    return still
  }

  /// Whether the step of a node of the wakeup tree can be executed.
  ///
  /// Always, unless a step before it whose accesses depend on what it finds has found something else than in the
  /// execution that inserted the node: the races of the new execution then show what has to follow.
  private func canFollow(_ node: Int32, _ point: DecisionPoint) -> Bool {
    if !history.hasOpenSteps { return true }
    return names.thread(named: trees.thread(of: node)).map { point.isEnabled($0) } ?? false
  }

  /// Notes the accesses of sleeping threads whose accesses depend on what they find, as they are at a new frame.
  private mutating func noteSleepers(_ sleepSet: ThreadSet, _ point: DecisionPoint) {
    for thread in sleepSet {
      if !point.kernel.isOpen(thread) { continue }
      let touches = history.touchNames(ofPending: thread, point.kernel, names)
      sleepers.append(Sleeper(place: frames.count, thread: thread, touches: touches))
    }
  }

  mutating func forgetSleepers(from place: Int) {
    while let last = sleepers.last, last.place >= place { sleepers.removeLast() }
  }

  private mutating func reportNondeterminism(_ what: String, at point: DecisionPoint) -> Int {
    if objection == nil { objection = what }
    return DecisionPoint.abandon
  }

  // MARK: Between executions

  /// Reverses the races of an execution, and backtracks to the last frame with something left in its wakeup tree.
  mutating func end(_ kernel: Kernel) {
    if kernel.events.count < history.taken {
      objection = objection ?? "an execution ended earlier under the same choices"
    }
    if !isBlocked {
      names.catchUp(with: kernel)
      for thread in kernel.pendingAtStop { history.addPending(thread, kernel, names) }
      for index in history.races.indices { reverse(history.races[index]) }
    }
    if frames.count < prefixLength { isCut = true }
    while frames.count > prefixLength, let last = frames.indices.last {
      if region != nil { close(last) }
      trees.release(frames[last].node)
      frames[last].node = trees.popFirstChild(of: frames[last].wakeupTree)
      if frames[last].node >= 0 {
        let step = history.steps[last]
        if step.isOpen {
          sleepers.append(Sleeper(place: last, thread: Int(step.thread), touches: history.touchNames(of: last)))
        }
        frames[last].sleepSet.insert(Int(frames[last].thread))
        backtrackThread = trees.thread(of: frames[last].node)
        history.truncate(to: frames.count - 1)
        return
      }
      trees.release(frames[last].wakeupTree)
      frames.removeLast()
      forgetSleepers(from: last)
    }
    history.truncate(to: frames.count)
    isDone = true
  }

  /// Has executions explored in which the later step of a race comes first.
  ///
  /// They begin as this one does, up to the step before which the later one is to come; then follow the steps that do
  /// not depend on that step, and the later one.
  private mutating func reverse(_ race: Race) {
    let first = Int(race.first)
    makePlan(race)
    if hasSleepingInitial(at: first) || !insert(at: first) || first >= prefixLength { return }
    // The frame is shared: the others are told, since the tree here has only what this search has inserted.
    makePlan(race)
    plans.append(SharedPlan(first, plan, touching: reversedTouches, history, names))
  }

  private mutating func makePlan(_ race: Race) {
    let root = Int(race.firstRoot)
    plan.removeAll(keepingCapacity: true)
    for step in Int(race.first)..<history.taken
    where !history.isRemoved(step, from: root, to: root + Int(race.rootCount)) {
      plan.append(Int32(truncatingIfNeeded: step))
    }
    plan.append(race.later)
    reversed = race.later
    reversedTouches = history.touchesWhenMoved(race)
  }

  /// How much counts of what a step of the plan touches.
  private func touchCount(ofPlanned place: Int) -> Int32 {
    plan[place] == reversed ? reversedTouches : history.steps[Int(plan[place])].touchCount
  }

  /// Whether an execution that begins with the plan is equivalent to one that begins with a step that sleeps.
  private func hasSleepingInitial(at first: Int) -> Bool {
    for thread in frames[first].sleepSet {
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
    let isMoved = plan[place] == reversed
    let past = isMoved ? Int(history.steps[step].base) : step
    for before in 0..<place {
      let other = Int(plan[before])
      if history.isBefore(other, orIs: past) || isMoved && history.isConflict(other, step, touching: reversedTouches) {
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

  /// Inserts the plan into the wakeup tree of a frame, unless a sequence of the tree covers it.
  ///
  /// - Returns: Whether it has been added.
  private mutating func insert(at depth: Int) -> Bool {
    if frames[depth].wakeupTree < 0 { frames[depth].wakeupTree = trees.make() }
    var parent = frames[depth].wakeupTree
    var isRoot = true
    while true {
      var child = trees.firstChild(of: parent)
      // A leaf below the root: everything is explored from there.
      if child < 0 && !isRoot { return false }
      while child >= 0 && !removeInitial(child) { child = trees.nextSibling(of: child) }
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
  private mutating func removeInitial(_ node: Int32) -> Bool {
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
  func isEnabled(_ thread: Int) -> Bool { enabled.contains(thread) }
}
