// SPDX-License-Identifier: GPL-2.0-only

/// A scenario: sets up, starts threads, joins them and checks.
public typealias Scenario = @Sendable (_ kernel: Kernel) async throws -> Void

extension Kernel {
  /// Runs a scenario once, from nothing to the check for leaks.
  ///
  /// - Parameters:
  ///   - scenario: What to run.
  ///   - strategy: Who decides at each step.
  ///   - recorder: Where every step is written down; none while searching.
  /// - Returns: How it ended.
  func execute(
    _ scenario: @escaping Scenario, under strategy: any Strategy, recording recorder: Recorder?,
    finishing: () -> Void = {}
  ) -> Outcome {
    reset(strategy, recorder)
    thread("main") {
      try await scenario(self)
      try await self.join()
      if !self.owing.isEmpty { try await self.settleOwedAtExit() }
      try await self.runTaskWorkAtExit()
      try await self.runEndHooks()
    }
    next = pickNext()
    runLoop()
    if finding == nil && !wasAbandoned && misuse == nil { finding = findLeaks() }
    finishing()
    if isGuarded { stopGuarding() }
    self.recorder = nil
    return Outcome(
      finding: finding, misuse: misuse, wasAbandoned: wasAbandoned, steps: stepCount, switches: switchCount)
  }

  /// Lets every task of the machine end; the machine cannot run anything after it.
  ///
  /// A machine that has lost a thread is left alone for good: that thread may still be on its way through it.
  func shutDown() {
    if misuse != nil {
      _ = unsafe Unmanaged.passRetained(self)
      return
    }
    for index in workers.indices {
      current = index
      if let job = workers[index].lane.take() { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
    workers.removeAll()
    kept.removeAll()
    endHooks.removeAll()
    invariants.removeAll()
  }

  private func reset(_ strategy: any Strategy, _ recorder: Recorder?) {
    kept.removeAll(keepingCapacity: true)
    objects.removeAll()
    objectNames.removeAll()
    events.removeAll()
    furtherAccesses.removeAll(keepingCapacity: true)
    endHooks.removeAll(keepingCapacity: true)
    lockdep.reset()
    log.reset()
    conditions.beginExecution()
    outcomes.beginExecution()
    if !invariants.isEmpty { invariants.removeAll(keepingCapacity: true) }
    if !leads.isEmpty { leads.removeAll(keepingCapacity: true) }
    // What a step that was never taken would have touched is asked for after the execution, and no longer.
    for index in threads.indices where threads[index].hasFurther {
      threads[index].hasFurther = false
      threads[index].forecast = nil
    }
    heldInAll = 0
    locksQueue = false
    if !owing.isEmpty { owing = ThreadSet() }
    relaxing = ThreadSet()
    idlers = ThreadSet()
    stepsWhenAlone = 0
    threadCount = 0
    current = 0
    lastRan = 0
    started = ThreadSet()
    live = ThreadSet()
    newborn = ThreadSet()
    enabled = ThreadSet()
    waiters = ThreadSet()
    unjoined = ThreadSet()
    stepCount = 0
    switchCount = 0
    isUnwinding = false
    isStandingStill = false
    pendingAtStop = ThreadSet()
    stepsWhileUnwinding = 0
    wasAbandoned = false
    finding = nil
    misuse = nil
    if isGuarded { stopGuarding() }
    stopWatching()
    if isChecked {
      let fresh = spareGuard ?? StepGuard()
      spareGuard = fresh
      startGuarding(fresh)
    }
    self.strategy = strategy
    self.recorder = recorder
    if clock != nil { clock = nil }
    strategy.prepare(self)
  }

  /// Runs the thread that was chosen until it parks or ends, then the next one, until all have ended.
  private func runLoop() {
    let machine = unsafe asUnownedSerialExecutor()
    while !live.isEmpty {
      if next < 0 { stop() }
      current = next
      switchCount &+= 1
      let wasUnwinding = isUnwinding
      let lane = workers[current].lane
      if let job = lane.take() { unsafe job.runSynchronously(on: machine) }
      let isLive = live.contains(current)
      if lane.isEmpty {
        loseThread(.leftTheMachine(thread: threads[current].name))
      } else if wasUnwinding && isLive {
        loseThread(.doesNotUnwind(thread: threads[current].name))
      }
      if isUnwinding { unwindNext() }
    }
  }

  /// Called by a thread that has reached its end, in whichever way.
  func exit(_ error: (any Error)?) {
    let me = current
    if isGuarded && !isUnwinding { guardEnd() }
    live.remove(me)
    enabled.remove(me)
    waiters.remove(me)
    threads[me].lastEvent = events.count
    if !isUnwinding {
      if let error, !(error is KernelFault) {
        _ = fail(.uncaughtError, "\(threads[me].name) ended with an error: \(error)")
      } else if let held = lockdep.stillHeld(by: me, self, "ended") {
        _ = fail(.lockHeldAtExit, held)
      }
    }
    lockdep.forget(me)
    if clock != nil { clock?.end(me, self) }
    offer(.done, by: threads[me].handle)
    if isUnwinding || live.isEmpty { return }
    next = pickNext()
  }

  /// Stops the machine: no thread can go on, or the strategy wants no more of this execution.
  private func stop() {
    if isStandingStill {
      // A message waits for what no thread can give it: it ends there, and the thread goes on with the failure.
      next = current
      isUnwinding = true
      return
    }
    if next == Choice.stuck {
      if !endIdle() { _ = failDeadlock() }
    } else {
      wasAbandoned = true
      isUnwinding = true
    }
    unwindNext()
  }

  /// Chooses the next thread that has to unwind; those that have never run just end.
  private func unwindNext() {
    for index in 0..<threadCount where threads[index].body != nil {
      threads[index].body = nil
      live.remove(index)
    }
    newborn = ThreadSet()
    next = live.isEmpty ? 0 : live.first
  }

  /// Gives up a thread that is beyond the machine's reach; the machine stops, and cannot be used again.
  private func loseThread(_ error: ScenarioError) {
    if misuse == nil { misuse = error }
    live.remove(current)
    isUnwinding = true
  }
}

/// How one execution ended.
struct Outcome {
  var finding: Finding?
  var misuse: ScenarioError?
  /// Whether the strategy gave the execution up half-way.
  var wasAbandoned: Bool
  var steps: Int
  var switches: Int
}
