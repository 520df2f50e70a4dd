// SPDX-License-Identifier: GPL-2.0-only

/// Where a thread sleeps that has joined the queue of a lock.
struct QueuedAt {
  /// The lock.
  var lock: ObjectID
  /// The C spelling of the step in which the thread joined, for reports.
  var label: StaticString
  /// The number of steps that the execution had taken then; who came first has the lower one.
  var ticket: Int
}

extension Kernel {
  /// Has mutexes, reservation locks and reader-writer semaphores queue as the kernel's do, in this execution.
  ///
  /// Without it a lock that is free may be taken by any thread that wants it, which is more than the queues allow and
  /// gives the smallest search. With it a thread that has to wait joins a queue, and the rules of that queue decide who
  /// has the lock next (semantics RW1 to RW11, M2, M3): a writer that waits keeps new readers out, a try fails because
  /// a thread waits, a newcomer may steal a lock from a thread that has been woken, and is kept from it after that.
  /// The lock of an area has no queue; a writer that waits for it keeps new faults off.
  /// It is for deadlocks and orders that only a queue causes. A thread has waited for too long, in the sense of RW6,
  /// when it has been woken once and has not got the lock; there is no clock. Locks of one's own queue as they like.
  ///
  /// Not a step. Call it before the first thread is started; later it is a mistake. It ends with the execution.
  public func queueLocks() {
    if threadCount > 1 { return refuse(.queueLocksTooLate) }
    locksQueue = true
  }

  /// Notes that the current thread has joined the queue of a lock, and sleeps.
  ///
  /// - Returns: The thread and what it sleeps on.
  func beginQueueing(at lock: ObjectID, _ label: StaticString) -> (thread: Int, handle: ObjectID) {
    let me = current
    rareState(of: me).queued = QueuedAt(lock: lock, label: label, ticket: stepCount)
    offer(Offer(), by: threads[me].handle)
    clock?.join(self)
    return (me, threads[me].handle)
  }

  /// Notes that the current thread has the lock for which it has queued.
  func endQueueing() { threads[current].rare?.queued = nil }

  /// The threads that are in the queue in which a thread sleeps, and came there before it.
  func waiters(before thread: Int) -> [Int] {
    guard let mine = threads[thread].rare?.queued else { return [] }
    func ticket(of other: Int) -> Int? {
      threads[other].rare?.queued.flatMap { $0.lock == mine.lock && $0.ticket < mine.ticket ? $0.ticket : nil }
    }
    let before = (0..<threadCount).compactMap { other in ticket(of: other).map { (other, $0) } }
    return before.sorted { $0.1 < $1.1 }.map(\.0)
  }
}
