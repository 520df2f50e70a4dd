// SPDX-License-Identifier: GPL-2.0-only

extension VirtualClock {
  /// Whether the thread that has a lock is on a processor, and no thread queues for that of the one that wants it.
  ///
  /// Readers are short: a writer spins for as long as they read. The kernel gives up after some 25 us.
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
      threads[thread].now = max(threads[thread].now, threads[owner].now)
      lose(
        threads[thread].now - threads[thread].asleepSince, thread, .wait, threads[thread].waitsFor,
        to: threads[owner].role)
      stopSpinning(thread, kernel)
    }
  }

  /// Lets a thread that spins take its step, in which it sees that it has to join the queue.
  func stopSpinning(_ thread: Int, _ kernel: Kernel) {
    threads[thread].state = .running
    threads[thread].hasAsked = false
    candidates.insert(thread)
    kernel.enabled.insert(thread)
  }
}
