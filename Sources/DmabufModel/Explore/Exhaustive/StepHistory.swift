// SPDX-License-Identifier: GPL-2.0-only

/// The steps of one execution with the order that no equivalent execution changes.
///
/// Two executions are equivalent if they differ only in the order of steps that commute. What they have in common is
/// *happens-before*: the steps of one thread in their order, dependent steps in theirs, a thread's start before its
/// first step and its last step before a join. It is kept as a vector clock for each step, in one flat array.
///
/// Steps come and go at the end only, so that the part that two executions share is computed once.
struct StepHistory {
  /// One step of one thread.
  struct Step {
    /// The machine's number of the thread.
    var thread: Int32
    /// Which of the thread's steps it is, from 1.
    var sequence: UInt32
    /// The thread's step before it, or -1.
    var previous: Int32
    /// The step whose clock it starts from: the one before it, or the one in which the parent started the thread.
    var base: Int32
    var firstTouch: Int32
    var touchCount: Int32
    /// What the object has to offer before the step can be taken.
    var need: Offer
    /// The machine's number of the object and what was declared; to see that a second run does the same.
    var object: ObjectID
    var access: Access
    /// Whether what it touches beside its own object is a matter of what it finds.
    var isOpen = false
    /// Whether it waits for a write to something that the thread has read.
    var isRelaxing = false
    /// Whether it has turned out to change nothing.
    var isIdle = false
  }

  /// What one step does to one object.
  struct Touch {
    /// The object and whether the touch excludes others; see ``TouchName``.
    var name: TouchName
    var access: Access
    var step: Int32
    /// What the object had to offer before the step.
    var offer: Offer
    /// The number of threads that held a share of the object before the step.
    var shares: Int32
    /// The touch of the same object before it, or -1, and the last one that did not only share it.
    var previous: Int32
    var exclusiveBefore: Int32
  }

  private(set) var steps: ContiguousArray<Step> = []
  /// Whether there has been a step that goes by what it finds.
  private(set) var hasOpenSteps = false
  var touches: ContiguousArray<Touch> = []
  /// Races of the steps, in the order of the later step; see ``StepHistory/findRaces(of:)``.
  var races: ContiguousArray<Race> = []
  var roots: ContiguousArray<Int32> = []
  /// The number of steps that have been taken; those behind them were pending when the execution ended.
  private(set) var taken = 0

  /// One row for each step: for each thread, how many of its steps happen before this one, itself included.
  private var clocks: ContiguousArray<UInt32> = []
  private var stride = 8
  /// For each object the last touch, for each thread the last step; -1 where there is none.
  var lastTouch: ContiguousArray<Int32> = []
  private var lastStep: ContiguousArray<Int32> = []

  var clock: ContiguousArray<UInt32> = ContiguousArray(repeating: 0, count: 8)
  var scratch: ContiguousArray<Int32> = []
  let ignored: IgnoredAccesses

  init(ignoring ignored: IgnoredAccesses) { self.ignored = ignored }

  // MARK: Happens-before

  /// Whether a step is another one or happens before it; no step happens before the beginning, -1.
  @inline(__always)
  func isBefore(_ step: Int, orIs other: Int) -> Bool {
    other >= 0 && clocks[other &* stride &+ Int(steps[step].thread)] >= steps[step].sequence
  }

  /// Whether a step happens before whatever the clock in ``clock`` belongs to.
  @inline(__always)
  func isBeforeClock(_ step: Int) -> Bool { clock[Int(steps[step].thread)] >= steps[step].sequence }

  /// Whether two steps of different threads touch one object and not both only share it.
  func isConflict(_ one: Int, _ other: Int) -> Bool { isConflict(one, other, touching: steps[other].touchCount) }

  /// The same, where only the first few of what the other step touches count.
  func isConflict(_ one: Int, _ other: Int, touching count: Int32) -> Bool {
    let left = steps[one]
    let right = steps[other]
    for index in left.firstTouch..<(left.firstTouch &+ left.touchCount) {
      let name = touches[Int(index)].name
      for index in right.firstTouch..<(right.firstTouch &+ count)
      where name.conflicts(with: touches[Int(index)].name) { return true }
    }
    return false
  }

  // MARK: Steps come and go

  /// Adds the step that a thread is about to take.
  mutating func take(_ thread: Int, _ kernel: Kernel, _ names: StableNames) {
    noteWhatWasIdle(kernel)
    append(thread, kernel, names)
    let index = steps.count - 1
    taken = steps.count
    clocks.append(contentsOf: clock)
    clocks[index &* stride &+ thread] = steps[index].sequence
    lastStep[thread] = Int32(truncatingIfNeeded: index)
    let step = steps[index]
    for touch in step.firstTouch..<(step.firstTouch &+ step.touchCount) {
      lastTouch[touches[Int(touch)].name.object] = touch
    }
  }

  /// Adds a step that was pending when the execution ended: its races count although it was never taken.
  mutating func addPending(_ thread: Int, _ kernel: Kernel, _ names: StableNames) {
    noteWhatWasIdle(kernel)
    append(thread, kernel, names)
  }

  /// Notes of the last step what is known only once it has been taken.
  private mutating func noteWhatWasIdle(_ kernel: Kernel) {
    if taken > 0 && taken <= kernel.events.count { steps[taken - 1].isIdle = kernel.events[taken - 1].isIdle }
  }

  /// A thread's first step from a place on, taken or pending at the end.
  func nextStep(of thread: Int, from place: Int) -> Int? {
    (place..<steps.count).first { steps[$0].thread == Int32(thread) }
  }

  /// Whether the last step is dependent on the one that a thread has pending.
  mutating func isLastStep(dependentOn thread: Int, _ kernel: Kernel, _ names: StableNames) -> Bool {
    makeRoom(for: kernel.threadCount, names.count)
    let first = touches.count
    gather(thread, kernel, names)
    defer { touches.removeLast(touches.count - first) }
    let last = steps[taken - 1]
    for index in first..<touches.count {
      for other in last.firstTouch..<(last.firstTouch &+ last.touchCount)
      where touches[index].name.conflicts(with: touches[Int(other)].name) { return true }
    }
    return false
  }

  /// Goes back to the state after a number of steps.
  mutating func truncate(to count: Int) {
    while steps.count > count {
      let index = steps.count - 1
      let step = steps[index]
      if index < taken {
        lastStep[Int(step.thread)] = step.previous
        for touch in step.firstTouch..<(step.firstTouch &+ step.touchCount) {
          lastTouch[touches[Int(touch)].name.object] = touches[Int(touch)].previous
        }
      }
      touches.removeLast(Int(step.touchCount))
      steps.removeLast()
    }
    taken = min(taken, count)
    clocks.removeLast(clocks.count - taken &* stride)
    while let race = races.last, race.later >= count {
      roots.removeLast(Int(race.rootCount))
      races.removeLast()
    }
  }

  private mutating func append(_ thread: Int, _ kernel: Kernel, _ names: StableNames) {
    makeRoom(for: kernel.threadCount, names.count)
    let previous = Int(lastStep[thread])
    let base = previous >= 0 ? previous : start(of: thread, kernel)
    let first = touches.count
    gather(thread, kernel, names)
    steps.append(
      Step(
        thread: Int32(truncatingIfNeeded: thread), sequence: previous >= 0 ? steps[previous].sequence &+ 1 : 1,
        previous: Int32(truncatingIfNeeded: previous), base: Int32(truncatingIfNeeded: base),
        firstTouch: Int32(truncatingIfNeeded: first), touchCount: Int32(truncatingIfNeeded: touches.count &- first),
        need: kernel.threads[thread].need, object: kernel.threads[thread].object,
        access: kernel.threads[thread].access,
        isOpen: kernel.isOpen(thread),
        isRelaxing: kernel.relaxing.contains(thread)))
    if kernel.isOpen(thread) { hasOpenSteps = true }
    setClock(to: base)
    if kernel.isJoining(thread) { joinClock(ofThread: kernel.threads[thread].object, kernel) }
    findRaces(of: steps.count - 1)
  }

  /// The last step that a thread's ancestors had taken when they started it, or -1.
  private func start(of thread: Int, _ kernel: Kernel) -> Int {
    var thread = thread
    while thread != 0 {
      let started = kernel.threads[thread].firstEvent
      thread = kernel.threads[thread].parent.index
      var step = Int(lastStep[thread])
      while step >= started { step = Int(steps[step].previous) }
      if step >= 0 { return step }
    }
    return -1
  }

  private mutating func joinClock(ofThread handle: ObjectID, _ kernel: Kernel) {
    guard let thread = (0..<kernel.threadCount).first(where: { kernel.threads[$0].handle == handle }) else { return }
    let last = lastStep[thread] >= 0 ? Int(lastStep[thread]) : start(of: thread, kernel)
    if last >= 0 { joinClock(of: last) }
  }

  /// Makes ``clock`` the clock of a step, or of the beginning.
  private mutating func setClock(to step: Int) {
    for index in 0..<stride { clock[index] = step < 0 ? 0 : clocks[step &* stride &+ index] }
  }

  /// Adds to ``clock`` what happens before a step.
  mutating func joinClock(of step: Int) {
    let row = step &* stride
    for index in 0..<stride { clock[index] = max(clock[index], clocks[row &+ index]) }
  }

  mutating func makeRoom(for threads: Int, _ objects: Int) {
    while lastTouch.count < objects { lastTouch.append(-1) }
    while lastStep.count < threads { lastStep.append(-1) }
    if threads <= stride { return }
    let old = stride
    while stride < threads { stride *= 2 }
    var wider = ContiguousArray<UInt32>(repeating: 0, count: taken * stride)
    for step in 0..<taken {
      for index in 0..<old { wider[step * stride + index] = clocks[step * old + index] }
    }
    clocks = wider
    clock = ContiguousArray(repeating: 0, count: stride)
  }
}
