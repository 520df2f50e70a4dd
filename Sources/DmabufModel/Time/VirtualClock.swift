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
    /// When it went to sleep.
    var asleepSince = 0
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
  /// The threads that have a processor and do not spin.
  @safe @exclusivity(unchecked) var candidates = ThreadSet()
  @safe @exclusivity(unchecked) var lines = ContiguousArray<CacheLine>()
  /// The number of each object's name, or -1.
  @safe @exclusivity(unchecked) private var names = ContiguousArray<Int32>()
  @safe @exclusivity(unchecked) var lost = LostTimes()
  @safe @exclusivity(unchecked) var steps = 0
  @safe @exclusivity(unchecked) var elapsed = 0
  @safe @exclusivity(unchecked) var operations: [String: LatencyHistogram] = [:]
  @safe @exclusivity(unchecked) var ended: [ThreadTime] = []
  /// Up to when the thread that runs is the least far on; zero when that has to be found out again.
  @safe @exclusivity(unchecked) var horizon = 0

  init(_ machine: TimedMachine, processors count: Int, seed: UInt64) {
    self.machine = machine
    self.seed = seed
    processors = Processors(count)
    distances = MachineDistances(machine, processors: processors.all.count)
  }

  /// Chooses the thread that takes the next step: the one that is the least far on, of several the one started first.
  ///
  /// One whose step cannot be taken at that time goes to sleep, or spins, and the next one is looked at.
  func choose(_ kernel: Kernel, _ enabled: ThreadSet) -> Int {
    let me = kernel.lastRan
    if horizon > 0 && candidates.contains(me) && !threads[me].hasAsked && threads[me].now < horizon {
      fetch(kernel.threads[me].object, kernel.threads[me].access, me, kernel)
      if threads[me].now < horizon && enabled.contains(me) { return me }
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
      if first < 0 { return enabled.first }
      if isOutOfTime(first) {
        preempt(first, kernel)
      } else if !threads[first].hasAsked {
        fetch(kernel.threads[first].object, kernel.threads[first].access, first, kernel)
      } else if !enabled.contains(first) {
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

  private func isOutOfTime(_ thread: Int) -> Bool {
    let processor = threads[thread].processor
    return processors.hasQueue(processor)
      && threads[thread].now - processors.since(processor) > machine.costs.timeSlice
  }

  private func preempt(_ thread: Int, _ kernel: Kernel) {
    let processor = threads[thread].processor
    threads[thread].state = .queued
    candidates.remove(thread)
    processors.enqueue(thread, on: processor, at: threads[thread].now)
    leave(processor, at: threads[thread].now)
  }

  /// Lets a thread whose step cannot be taken spin or sleep.
  private func wait(_ thread: Int, _ kernel: Kernel) {
    candidates.remove(thread)
    threads[thread].asleepSince = threads[thread].now
    threads[thread].waitsFor = lost.number(kernel.awaitedName(of: thread))
    threads[thread].state = .sleeping
    leave(threads[thread].processor, at: threads[thread].now)
  }

  /// Gives a processor that a thread has left to the next one in its queue.
  private func leave(_ processor: Int, at time: Int) {
    horizon = 0
    processors.free(processor)
    if let next = processors.dequeue(processor) { run(next.thread, on: processor, at: time, queuedSince: next.since) }
  }

  /// Lets a thread run on a processor that is free.
  private func run(_ thread: Int, on processor: Int, at time: Int, queuedSince: Int) {
    let other = processors.all[processor].last
    let start = max(time, queuedSince)
    let isSwitch = processors.give(processor, to: thread, at: start)
    let cost = isSwitch && other >= 0 ? machine.costs.contextSwitch : 0
    lose(start - queuedSince, thread, .processor, 0, to: other >= 0 ? threads[other].role : 0)
    lose(cost, thread, .switch, 0, to: 0)
    threads[thread].now = start + cost + threads[thread].advance
    threads[thread].advance = 0
    threads[thread].processor = processor
    threads[thread].state = .running
    candidates.insert(thread)
    horizon = 0
  }

  func lose(_ time: Int, _ thread: Int, _ cause: LostTime.Cause, _ object: Int, to other: Int) {
    lost.add(time, of: threads[thread].role, cause, object, to: other)
  }

  // MARK: Waking

  private func wake(_ thread: Int, by waker: Int, _ kernel: Kernel) {
    use(machine.costs.wakeUp, waker)
    let time = threads[waker].now
    lose(time - threads[thread].asleepSince, thread, .wait, threads[thread].waitsFor, to: threads[waker].role)
    let processor = processors.place(for: thread, from: threads[thread].processor, distances)
    threads[thread].processor = processor
    threads[thread].hasAsked = false
    if processors.isIdle(processor) {
      lose(machine.costs.idleExit, thread, .switch, 0, to: 0)
      run(thread, on: processor, at: time + machine.costs.idleExit, queuedSince: time + machine.costs.idleExit)
    } else {
      threads[thread].state = .queued
      processors.enqueue(thread, on: processor, at: time)
    }
  }

  /// Asks for the line that a step needs; the thread's time is then that at which it has the line.
  private func fetch(_ object: ObjectID, _ access: Access, _ thread: Int, _ kernel: Kernel) {
    threads[thread].hasAsked = true
    if access.isOfMachine { return }
    let index = object.index
    if index >= lines.count { makeLines(kernel.objects.count) }
    let now = threads[thread].now
    let processor = threads[thread].processor
    let owner = lines[index].owner
    let end: Int
    if access == .read {
      end = lines[index].read(by: processor, at: now, distances)
    } else if let stay = lines[index].stay(at: processor, now), lines[index].isOwned(at: stay) {
      prolong(stay, of: index, until: now + distances.ownedWrite)
      end = now
    } else {
      end = lines[index].write(by: processor, thread, at: now, distances)
    }
    if end == now { return }
    let other = owner.map { processors.all[$0].last } ?? -1
    let role = other >= 0 ? threads[other].role : 0
    lose(end - now, thread, .line, number(of: object, kernel), to: role)
    threads[thread].now = end
  }

  /// Keeps a line at a processor for as long as it takes to do something there; the threads behind it get it later.
  private func prolong(_ place: Int, of line: Int, until end: Int) {
    let delay = lines[line].extend(place, until: end)
    if delay == 0 { return }
    horizon = 0
    for stay in lines[line].stays[(place + 1)...] where threads[stay.thread].hasAsked {
      // One that has been woken since, or has gone on, has nothing to wait for here.
      guard threads[stay.thread].now == stay.from - delay else { continue }
      threads[stay.thread].now += delay
      lose(delay, stay.thread, .line, 0, to: 0)
    }
  }

  /// Takes time from the threads on the processors that have used an object.
  ///
  /// - Returns: The processors.
  private func interrupt(usersOf object: ObjectID, by thread: Int, _ kernel: Kernel) -> ThreadSet {
    guard object.index < lines.count else { return ThreadSet() }
    let users = lines[object.index].users.without(threads[thread].processor)
    horizon = 0
    for processor in users {
      let running = processors.all[processor].running
      if running < 0 || threads[running].state != .running { continue }
      threads[running].now += machine.costs.flushed
      lose(machine.costs.flushed, running, .interrupt, number(of: object, kernel), to: threads[thread].role)
    }
    return users
  }

  private func cost(of access: Access) -> Int {
    access.isOfMachine ? 0 : access == .read ? distances.cachedRead : distances.ownedWrite
  }

  private func makeLines(_ count: Int) {
    lines.append(contentsOf: repeatElement(CacheLine(), count: count - lines.count))
    names.append(contentsOf: repeatElement(-1, count: count - names.count))
  }

  /// The number of an object's name.
  private func number(of object: ObjectID, _ kernel: Kernel) -> Int {
    if names[object.index] < 0 {
      names[object.index] = Int32(truncatingIfNeeded: lost.number(kernel.shortName(of: object)))
    }
    return Int(names[object.index])
  }

  func use(_ time: Int, _ thread: Int) {
    threads[thread].used += time
    if threads[thread].state == .queued { threads[thread].advance += time } else { threads[thread].now += time }
  }
}

extension VirtualClock: StepClock {
  func now(_ kernel: Kernel) -> Int { threads[kernel.current].now }

  func start(_ thread: Int, _ kernel: Kernel) {
    let parent = kernel.current
    var fresh = Thread()
    fresh.role = lost.number(Self.role(of: kernel.threads[thread].name))
    fresh.start = thread == 0 ? 0 : threads[parent].now
    fresh.now = fresh.start
    fresh.lastOperation = fresh.start
    fresh.numbers = SplitMix64(seed: seed, execution: thread)
    fresh.processor = processors.home(of: thread)
    threads[thread] = fresh
    horizon = 0
    if processors.isIdle(fresh.processor) {
      run(thread, on: fresh.processor, at: fresh.start, queuedSince: fresh.start)
    } else {
      threads[thread].state = .queued
      processors.enqueue(thread, on: fresh.processor, at: fresh.start)
    }
  }

  func end(_ thread: Int, _ kernel: Kernel) {
    let ended = threads[thread]
    if thread != 0 {
      elapsed = max(elapsed, ended.now)
      self.ended.append(
        ThreadTime(
          name: kernel.threads[thread].name, elapsed: ended.now - ended.start, used: ended.used,
          operations: ended.operations, longestGap: max(ended.longestGap, ended.now - ended.lastOperation)))
    }
    threads[thread].state = .over
    candidates.remove(thread)
    leave(ended.processor, at: ended.now)
  }

  func take(_ object: ObjectID, _ access: Access, _ kernel: Kernel) {
    let me = kernel.current
    steps += 1
    if !threads[me].hasAsked { fetch(object, access, me, kernel) }
    threads[me].hasAsked = false
    use(cost(of: access), me)
  }

  func touch(_ object: ObjectID, _ access: Access, _ kernel: Kernel) {
    fetch(object, access, kernel.current, kernel)
    threads[kernel.current].hasAsked = false
    use(cost(of: access), kernel.current)
  }

  func enable(_ thread: Int, _ kernel: Kernel) {
    let me = kernel.current
    horizon = 0
    switch threads[thread].state {
    case .sleeping: wake(thread, by: me, kernel)
    case .running, .spinning:
      // It has asked while this step was under way.
      let wait = threads[me].now - threads[thread].now
      if wait > 0 {
        let name = lost.number(kernel.awaitedName(of: thread))
        lose(wait, thread, .wait, name, to: threads[me].role)
        threads[thread].now += wait
      }
      threads[thread].state = .running
      candidates.insert(thread)
    case .queued, .over: break
    }
  }

  func spend(_ work: Work, _ kernel: Kernel) {
    let me = kernel.current
    var interrupted = ThreadSet()
    if case .flushTranslations(let table) = work { interrupted = interrupt(usersOf: table, by: me, kernel) }
    var time = machine.costs.cost(of: work, interrupting: interrupted.count)
    if machine.costs.variation > 0 && time > 0 {
      let range = time / 100 * machine.costs.variation
      if range > 0 { time += threads[me].numbers.below(2 * range + 1) - range }
    }
    use(time, me)
  }

  func finish(_ operation: String, since start: Int, _ kernel: Kernel) {
    let me = kernel.current
    let now = threads[me].now
    operations[operation, default: LatencyHistogram()].add(now - start)
    threads[me].operations += 1
    threads[me].longestGap = max(threads[me].longestGap, now - threads[me].lastOperation)
    threads[me].lastOperation = now
  }

  /// A thread's name without the number at its end.
  private static func role(of name: String) -> String {
    let role = name.reversed().drop { $0.isNumber }
    return role.isEmpty ? name : String(role.reversed())
  }
}

extension Kernel {
  /// The C spelling of an object, which several may have.
  func shortName(of object: ObjectID) -> String {
    objects[object.index].kind == .thread ? "task" : objectNames[object.index].description
  }

  /// What a thread waits for: the object of its step, or the lock behind which it has queued.
  func awaitedName(of thread: Int) -> String {
    let slot = threads[thread]
    if objects[slot.object.index].kind == .thread, slot.hasFurther, let lock = slot.further.0 {
      return shortName(of: lock.object)
    }
    return shortName(of: slot.object)
  }
}
