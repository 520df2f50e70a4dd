// SPDX-License-Identifier: GPL-2.0-only

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
    threadNames[thread] = kernel.threads[thread].name
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
    case .spinning where !isFirstSpinner(thread, kernel): kernel.enabled.remove(thread)
    case .spinning:
      endWait(ofSpinner: thread, by: me)
      resume(thread)
    case .running:
      // It has asked while this step was under way.
      let wait = threads[me].now - threads[thread].now
      if wait > 0 {
        lose(
          wait, thread, .wait, lost.number(kernel.awaitedName(of: thread)), to: threads[me].role,
          from: threads[thread].now)
        threads[thread].now += wait
      }
      resume(thread)
    case .queued, .over: break
    }
  }

  func beginSpinning(at lock: ObjectID, _ kernel: Kernel) -> Bool {
    let me = kernel.current
    if threads[me].hasGivenUp {
      threads[me].hasGivenUp = false
      return false
    }
    guard isWorthSpinning(at: lock, threads[me].processor, kernel) else { return false }
    threads[me].spinsAt = lock
    tickets += 1
    threads[me].ticket = tickets
    return true
  }

  func endSpinning(_ kernel: Kernel) { threads[kernel.current].spinsAt = nil }

  func join(_ kernel: Kernel) { threads[kernel.current].queuedSince = threads[kernel.current].now }

  func mustHandOff(to thread: Int) -> Bool {
    threads[thread].now - threads[thread].queuedSince > machine.costs.handOff
  }

  /// Lets a thread ask anew for the line at which it has looked: it has been written to since.
  private func resume(_ thread: Int) {
    threads[thread].hasAsked = false
    threads[thread].state = .running
    candidates.insert(thread)
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
    if let window, window.contains(start) {
      slices.append(TimeSlice(thread: me, name: operation, isLost: false, start: start, duration: now - start))
    }
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
    if let queued = threads[thread].rare?.queued { return shortName(of: queued.lock) }
    return shortName(of: threads[thread].object)
  }
}
