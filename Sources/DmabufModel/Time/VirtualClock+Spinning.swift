// SPDX-License-Identifier: GPL-2.0-only

extension VirtualClock {
  /// Lets a thread look at a lock until it is free.
  ///
  /// On readers it spins for a while, and joins the queue then: from there on it keeps new readers out.
  ///
  /// The corresponding C functions are `rwsem_optimistic_spin` and `mutex_optimistic_spin`.
  func spin(_ thread: Int, _ lock: ObjectID, _ kernel: Kernel) {
    threads[thread].state = .spinning
    if !isWorthSpinning(at: lock, threads[thread].processor, kernel) { return stopSpinning(thread, kernel) }
    guard let owner = kernel.lockdep.firstHeld(where: { $0 == lock }), owner.isShared else { return }
    let readers = kernel.lockdep.shares(of: lock)
    threads[thread].now += machine.costs.spinOnReaders + min(30, readers) * machine.costs.spinPerReader
    candidates.insert(thread)
  }

  /// Has a thread join the queue that has spun on readers for long enough.
  func giveUpSpinning(_ thread: Int, _ kernel: Kernel) {
    let wait = threads[thread].now - threads[thread].asleepSince
    lose(wait, thread, .wait, threads[thread].waitsFor, to: threads[thread].role, from: threads[thread].asleepSince)
    stopSpinning(thread, kernel)
  }

  /// Ends the wait of a thread that spins, by a step of another one.
  func endWait(ofSpinner thread: Int, by other: Int) {
    let end = max(threads[thread].asleepSince, threads[other].now)
    lose(
      end - threads[thread].asleepSince, thread, .wait, threads[thread].waitsFor, to: threads[other].role,
      from: threads[thread].asleepSince)
    threads[thread].now = end
  }

  /// Whether the thread that has a lock is on a processor, and no thread queues for that of the one that wants it.
  func isWorthSpinning(at lock: ObjectID, _ processor: Int, _ kernel: Kernel) -> Bool {
    if processors.hasQueue(processor) { return false }
    guard let owner = kernel.lockdep.firstHeld(where: { $0 == lock }) else { return true }
    return threads[owner.thread].state == .running || threads[owner.thread].state == .spinning
  }

  /// Whether no other thread has spun for longer at the same lock: the others do not look at it, but at the one before.
  ///
  /// The corresponding C type is `struct optimistic_spin_queue`.
  func isFirstSpinner(_ thread: Int, _ kernel: Kernel) -> Bool {
    for other in kernel.waiters where threads[other].spinsAt == threads[thread].spinsAt {
      if threads[other].ticket < threads[thread].ticket { return false }
    }
    return true
  }

  /// Has the threads look up that spin because a thread was on a processor, which it no longer is.
  func stopSpinners(waitingFor owner: Int, _ kernel: Kernel) {
    for thread in kernel.waiters where threads[thread].state == .spinning {
      guard let lock = threads[thread].spinsAt, kernel.lockdep.find(lock, by: owner) != nil else { continue }
      if isWorthSpinning(at: lock, threads[thread].processor, kernel) { continue }
      endWait(ofSpinner: thread, by: owner)
      stopSpinning(thread, kernel)
    }
  }

  /// Lets a thread that spins take its step, in which it sees that it has to join the queue.
  func stopSpinning(_ thread: Int, _ kernel: Kernel) {
    threads[thread].hasGivenUp = true
    // It needs nothing for that, whatever the lock has to offer until then.
    kernel.threads[thread].need = Offer()
    kernel.enabled.insert(thread)
    threads[thread].state = .running
    threads[thread].hasAsked = false
    candidates.insert(thread)
  }
}
