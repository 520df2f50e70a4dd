// SPDX-License-Identifier: GPL-2.0-only

// The kernel's own queueing: what the functions of a sleeping lock do if `kernel.locksQueue`.
//
// Every step on the lock excludes all others on it: readers change the count by which the others go, and the order in
// which threads join is the order in which they are served. Who sleeps is woken by a step on its own handle. An unlock
// wakes a writer in its own step: whether a newcomer takes the lock before the waking or before the writer runs is the
// same to all. Readers are let in by a step behind it, because they cannot be overtaken any more from then on.
extension SleepingLock {
  /// Whether a waiter that could not have the lock has waited for so long that it is to be the next one
  /// (semantics RW6).
  ///
  /// Without a clock: when that has happened to it once.
  func mustHandOff(_ waiter: LockQueue.Waiter) -> Bool {
    kernel.clock?.mustHandOff(to: waiter.thread) ?? (waiter.failures > 0)
  }

  /// Takes the lock if that can be done at once, or waits for it in the queue.
  ///
  /// The kernel looks again under `wait_lock` before a thread joins, so that the look and the joining are one step.
  @inline(never)
  func acquireInTurn(
    asReader isReader: Bool, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    try willAcquire(label, file: file, line: line)
    try await step(.acquire, label, file: file, line: line)
    var entry = queue.entry(asReader: isReader, hold)
    returned(entry.rawValue)
    while entry == .joins && !isReader && !queue.isHandedOff && kernel.clock?.beginSpinning(at: object, kernel) == true
    {
      try await step(
        .acquire, hasReaders ? "rwsem_optimistic_spin" : "mutex_optimistic_spin", until: .exclusive, file: file,
        line: line)
      kernel.clock?.endSpinning(kernel)
      entry = queue.entry(asReader: false, hold)
    }
    if entry == .joins { return try await waitInQueue(asReader: isReader, label, file, line) }
    if entry == .steals { note("stolen from \(queue.waiters.count) in the queue") }
    if isReader { takeShare() } else { takeWhole() }
    // The first reader lets in those that wait at the head of the queue (semantics RW2).
    if isReader && queue.waiters.first?.isReader == true {
      try await wakeReaders(.readers, "rwsem_mark_wake", file, line)
    }
  }

  /// Joins the queue in the step just taken, and sleeps until the lock is the thread's own.
  ///
  /// The one place where a thread joins.
  private func waitInQueue(
    asReader isReader: Bool, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    note(queue.isEmpty ? "queued" : "queued behind \(queue.waiters.count)")
    let me = kernel.beginQueueing(at: object, label)
    queue.join(me.thread, me.handle, asReader: isReader)
    // A reader is woken only when it has the lock; others have to look at it.
    let look = isReader ? nil : ObjectAccess(object, .acquire)
    var turn = LockQueue.Turn.loses
    while turn == .loses {
      try await step(
        on: me.handle, .acquire, "schedule", until: .woken, also: look, touching: { nil }, file: file, line: line)
      turn = isReader ? .owns : queue.takeTurn(of: me.thread, hold, mustHandOff: mustHandOff)
      returned(turn.rawValue)
      if turn != .loses { continue }
      kernel.offer(Offer(), by: me.handle)
      note("\(kernel.name(of: object)) is gone\(queue.isHandedOff ? ", handoff" : "")")
    }
    kernel.endQueueing()
    if turn == .wins { takeWhole() }
    note("has \(kernel.name(of: object))")
  }

  /// Takes the lock if that can be done at once, which it cannot where a thread of the queue is to have it.
  @inline(never)
  func tryAcquireInTurn(
    asReader isReader: Bool, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> Bool {
    try await step(.write, label, file: file, line: line)
    let isMine = queue.admitsTry(asReader: isReader, hold)
    returned(isMine)
    if isMine {
      if isReader { takeShare() } else { takeWhole() }
    } else {
      kernel.changedNothing()
    }
    note(isMine ? "= 1" : "= 0")
    return isMine
  }

  /// Unlocks the whole of the lock, looks at what must hold then, and wakes who is next (semantics RW7, M2).
  @inline(never)
  func releaseInTurn(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    try await stepOfGivingBack(.whole, label, file, line)
    if !hold.isExclusive { throw kernel.failUnlockByStranger(object) }
    try didRelease()
    let duty = queue.duty(givingBack: .whole, hold)
    // A mutex that is handed on is never free.
    hold.isExclusive = duty == .now(.handOff)
    offer(hold.offer)
    wasUnlocked()
    if kernel.hasInvariants(object) { try kernel.checkInvariants(of: object) }
    try await fulfil(duty, "rwsem_wake", file, line)
  }

  /// Unlocks a share, and wakes who is next if it was the last one (semantics RW7).
  @inline(never)
  func releaseSharedInTurn(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    try await stepOfGivingBack(.share, label, file, line)
    if hold.readers == 0 { throw kernel.failUnlockByStranger(object) }
    try didRelease()
    let duty = queue.duty(givingBack: .share, hold)
    hold.readers -= 1
    offer(hold.offer)
    try await fulfil(duty, "rwsem_wake", file, line)
  }

  /// Turns the whole of the lock into a share, looks at what must hold then, and lets in the readers that wait at the
  /// head of the queue (semantics RW11).
  @inline(never)
  func downgradeInTurn(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    try await stepOfGivingBack(.allButShare, label, file, line)
    if !hold.isExclusive { throw kernel.failUnlockByStranger(object) }
    try didRelease()
    let duty = queue.duty(givingBack: .allButShare, hold)
    hold.isExclusive = false
    takeShare()
    if kernel.hasInvariants(object) { try kernel.checkInvariants(of: object) }
    try await fulfil(duty, "rwsem_downgrade_wake", file, line)
  }

  /// Takes the step in which the current thread gives back the lock or a part of it.
  private func stepOfGivingBack(
    _ part: LockQueue.Part, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    try await step(
      on: object, .release, label,
      touching: {
        { accesses in
          if part != .share { self.kernel.lookAtInvariants(of: self.object, &accesses) }
          let woken = self.assumeIsolated { $0.queue.wokenAtOnce(givingBack: part, $0.hold) }
          if let woken { accesses.add(woken.handle, .wake) }
        }
      }, file: file, line: line)
  }

  /// Does what an unlock has to do about the queue.
  private func fulfil(
    _ duty: LockQueue.Duty, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    switch duty {
    case .nothing: returned()
    case .now(let waking):
      returned()
      wake(waking)
      kernel.touchesLater(object, file, line)
    case .later(let waking):
      returned(1)
      try await wakeReaders(waking, label, file, line)
    }
  }

  /// Lets readers in, in a step of its own.
  private func wakeReaders(
    _ waking: LockQueue.Waking, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    try await step(
      on: object, .release, label,
      touching: {
        { accesses in
          let woken = self.assumeIsolated { $0.queue.woken($0.hold, waking).waiters }
          for waiter in woken { accesses.add(waiter.handle, .wake) }
        }
      }, file: file, line: line)
    returned()
    wake(waking)
  }

  /// Wakes who is next; those that are given the lock have it before they run.
  private func wake(_ waking: LockQueue.Waking) {
    // A copy: while the property itself is being changed, each access to it is checked, also in any order.
    var held = hold
    let woken = queue.wake(&held, waking, mustHandOff: mustHandOff)
    hold = held
    offer(held.offer)
    for waiter in woken.waiters {
      if woken.areOwners { kernel.didGrant(object, lockClass, to: waiter.thread, shared: waiter.isReader) }
      kernel.offer(.woken, by: waiter.handle)
    }
    note(text(of: woken))
  }

  private func text(of woken: LockQueue.Woken) -> String {
    let names = woken.waiters.map { kernel.name(of: $0.handle) }.joined(separator: ", ")
    if names.isEmpty { return queue.isHandedOff ? "wakes none, handoff" : "wakes none" }
    return woken.areOwners ? "handed to \(names)" : "wakes \(names)"
  }
}
