// SPDX-License-Identifier: GPL-2.0-only

/// The clock of a machine: each thread has its own time, and the one that is the least far on goes next.
///
/// All times are whole picoseconds, so that a result is the same digit for digit wherever it is computed.
///
/// As with the machine itself, one operating-system thread at a time uses it: to ask for overlapping accesses was a
/// quarter of a simulated fault.
final class VirtualClock {
  /// What a thread does.
  enum State: UInt8 {
    /// It has a processor.
    case running
    /// It has a processor, and looks at a lock until it can have it.
    case spinning
    /// It queues for a processor.
    case queued
    /// It waits, without a processor.
    case sleeping
    /// It has ended, or has not been started.
    case over
  }

  /// A thread.
  struct Thread {
    var state = State.over
    var processor = 0
    /// How far it is.
    var now = 0
    var start = 0
    /// The time in which it has done something.
    var used = 0
    /// What it has done before it had a processor: a thread runs on its own up to its first step.
    var advance = 0
    /// When it went to sleep, or began to spin.
    var asleepSince = 0
    /// When it joined the queue of the lock for which it sleeps.
    var queuedSince = 0
    /// The lock at which its pending step spins.
    var spinsAt: ObjectID?
    /// Whether it has spun for too long, and has to join the queue.
    var hasGivenUp = false
    /// Who came first to spin has the lower number.
    var ticket = 0
    /// What it waits for: the number of the object's name.
    var waitsFor = 0
    /// The number of its name without a number at the end.
    var role = 0
    var numbers = SplitMix64(seed: 0)
    /// Whether the line that its pending step needs is on its way to it, or there.
    var hasAsked = false
    var operations = 0
    var lastOperation = 0
    var longestGap = 0
  }

  let machine: TimedMachine
  let seed: UInt64
  let distances: MachineDistances
  @safe @exclusivity(unchecked) var processors: Processors
  @safe @exclusivity(unchecked) var threads = ContiguousArray<Thread>(repeating: Thread(), count: Kernel.maximumThreads)
  /// The threads that have a processor and do not spin without an end.
  @safe @exclusivity(unchecked) var candidates = ThreadSet()
  @safe @exclusivity(unchecked) var lines = ContiguousArray<CacheLine>()
  /// The number of each object's name, or -1.
  @safe @exclusivity(unchecked) var names = ContiguousArray<Int32>()
  @safe @exclusivity(unchecked) var lost = LostTimes()
  @safe @exclusivity(unchecked) var steps = 0
  @safe @exclusivity(unchecked) var tickets = 0
  @safe @exclusivity(unchecked) var elapsed = 0
  @safe @exclusivity(unchecked) var operations: [String: LatencyHistogram] = [:]
  @safe @exclusivity(unchecked) var ended: [ThreadTime] = []
  /// Up to when the thread that runs is the least far on; zero when that has to be found out again.
  @safe @exclusivity(unchecked) var horizon = 0

  /// The time of which everything is written down that happens to threads; nothing of any other.
  let window: Range<Int>?
  @safe @exclusivity(unchecked) var threadNames: [Int: String] = [:]
  @safe @exclusivity(unchecked) var slices: [TimeSlice] = []

  init(_ machine: TimedMachine, processors count: Int, seed: UInt64, window: Range<Int>? = nil) {
    self.machine = machine
    self.window = window
    self.seed = seed
    processors = Processors(count)
    distances = MachineDistances(machine, processors: processors.all.count)
  }

  /// Chooses the thread that takes the next step: the one that is the least far on, of several the one started first.
  ///
  /// One whose step cannot be taken at that time goes to sleep, or spins, and the next one is looked at.
  func choose(_ kernel: Kernel) -> Int {
    let me = kernel.lastRan
    if horizon > 0 && candidates.contains(me) && !threads[me].hasAsked && threads[me].now < horizon {
      fetch(kernel.threads[me].object, kernel.threads[me].access, me, kernel)
      if threads[me].now < horizon && kernel.enabled.contains(me) { return me }
    }
    while true {
      var first = -1
      var time = Int.max
      var second = Int.max
      for thread in candidates {
        let now = threads[thread].now
        if now < time {
          second = time
          first = thread
          time = now
        } else if now < second {
          second = now
        }
      }
      if first < 0 { return kernel.enabled.isEmpty ? Choice.stuck : kernel.enabled.first }
      if threads[first].state == .spinning {
        giveUpSpinning(first, kernel)
      } else if isOutOfTime(first) {
        preempt(first, kernel)
      } else if !threads[first].hasAsked {
        fetch(kernel.threads[first].object, kernel.threads[first].access, first, kernel)
      } else if !kernel.enabled.contains(first) {
        wait(first, kernel)
      } else {
        let processor = threads[first].processor
        let endOfSlice = processors.since(processor) + machine.costs.timeSlice + 1
        horizon = processors.hasQueue(processor) ? min(second, endOfSlice) : second
        return first
      }
    }
  }

  // MARK: Processors

  func isOutOfTime(_ thread: Int) -> Bool {
    let processor = threads[thread].processor
    return processors.hasQueue(processor)
      && threads[thread].now - processors.since(processor) > machine.costs.timeSlice
  }

  func preempt(_ thread: Int, _ kernel: Kernel) {
    let processor = threads[thread].processor
    threads[thread].state = .queued
    candidates.remove(thread)
    processors.enqueue(thread, on: processor, at: threads[thread].now)
    leave(processor, at: threads[thread].now)
    stopSpinners(waitingFor: thread, kernel)
  }

  /// Lets a thread whose step cannot be taken spin or sleep.
  func wait(_ thread: Int, _ kernel: Kernel) {
    candidates.remove(thread)
    horizon = 0
    threads[thread].asleepSince = threads[thread].now
    threads[thread].waitsFor = lost.number(kernel.awaitedName(of: thread))
    if let lock = threads[thread].spinsAt { return spin(thread, lock, kernel) }
    threads[thread].state = .sleeping
    leave(threads[thread].processor, at: threads[thread].now)
    stopSpinners(waitingFor: thread, kernel)
  }

  /// Gives a processor that a thread has left to the next one in its queue.
  func leave(_ processor: Int, at time: Int) {
    horizon = 0
    processors.free(processor)
    if let next = processors.dequeue(processor) { run(next.thread, on: processor, at: time, queuedSince: next.since) }
  }

  /// Lets a thread run on a processor that is free.
  func run(_ thread: Int, on processor: Int, at time: Int, queuedSince: Int) {
    let other = processors.all[processor].last
    let start = max(time, queuedSince)
    let isSwitch = processors.give(processor, to: thread, at: start)
    let cost = isSwitch && other >= 0 ? machine.costs.contextSwitch : 0
    lose(start - queuedSince, thread, .processor, 0, to: other >= 0 ? threads[other].role : 0, from: queuedSince)
    lose(cost, thread, .switch, 0, to: 0, from: start)
    threads[thread].now = start + cost + threads[thread].advance
    threads[thread].advance = 0
    threads[thread].processor = processor
    threads[thread].state = .running
    candidates.insert(thread)
    horizon = 0
  }

  /// Accounts for time that a thread has lost.
  func lose(
    _ time: Int, _ thread: Int, _ cause: LostTime.Cause, _ object: Int, to other: Int, from start: Int
  ) {
    lost.add(time, of: threads[thread].role, cause, object, to: other)
    if let window, time > 0, window.contains(start) {
      let name = cause == .wait || cause == .line ? "\(cause.rawValue): \(lost.names[object])" : cause.rawValue
      slices.append(TimeSlice(thread: thread, name: name, isLost: true, start: start, duration: time))
    }
  }

  // MARK: Waking

  func wake(_ thread: Int, by waker: Int, _ kernel: Kernel) {
    use(machine.costs.wakeUp, waker)
    let time = threads[waker].now
    lose(
      time - threads[thread].asleepSince, thread, .wait, threads[thread].waitsFor, to: threads[waker].role,
      from: threads[thread].asleepSince)
    let processor = processors.place(for: thread, from: threads[thread].processor, distances)
    threads[thread].processor = processor
    threads[thread].hasAsked = false
    if processors.isIdle(processor) {
      lose(machine.costs.idleExit, thread, .switch, 0, to: 0, from: time)
      run(thread, on: processor, at: time + machine.costs.idleExit, queuedSince: time + machine.costs.idleExit)
    } else {
      threads[thread].state = .queued
      processors.enqueue(thread, on: processor, at: time)
    }
  }

  func use(_ time: Int, _ thread: Int) {
    threads[thread].used += time
    if threads[thread].state == .queued { threads[thread].advance += time } else { threads[thread].now += time }
  }
}
