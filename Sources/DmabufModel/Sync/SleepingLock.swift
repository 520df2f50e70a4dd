// SPDX-License-Identifier: GPL-2.0-only

/// How threads hold a lock: one alone, several together, or not at all.
struct LockHold {
  var readers = 0
  var isExclusive = false

  var isFree: Bool { !isExclusive && readers == 0 }

  /// What the lock has to offer to a thread that waits for it.
  @inline(__always)
  var offer: Offer { isExclusive ? Offer() : readers == 0 ? [.exclusive, .shared] : .shared }

  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(readers)
    fingerprint.add(isExclusive)
  }
}

/// What the mutex, the reservation lock and the rwsem have in common.
///
/// There are two policies. Under the any-order policy each thread that can have the lock may get it next; under the
/// other one threads queue as in the kernel (``Kernel/queueLocks()``), which is in `SleepingLock+Queue.swift`. A lock
/// brings the names of its C functions and, if it has any, the state that goes with it.
protocol SleepingLock: KernelLock {
  /// How threads hold the lock.
  var hold: LockHold { get set }
  /// Who waits for it, if locks queue.
  var queue: LockQueue { get set }
  /// Drops what is valid only while a thread has the whole of the lock; in the step that gives it back.
  func wasUnlocked()
}

extension SleepingLock {
  /// There is nothing to drop.
  @inline(__always)
  func wasUnlocked() {}

  /// Adds how the lock is held, and who waits for it in which order.
  func describeLock(to fingerprint: inout Fingerprint) {
    hold.describe(to: &fingerprint)
    if kernel.locksQueue { queue.describe(to: &fingerprint) }
  }

  /// Waits for the whole of the lock and takes it.
  @inline(__always)
  func acquire(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.locksQueue { return try await acquireInTurn(asReader: false, label, file, line) }
    try willAcquire(label, file: file, line: line)
    try await step(.acquire, label, until: .exclusive, file: file, line: line)
    returned()
    takeWhole()
  }

  /// Takes the whole of the lock if that can be done at once.
  @inline(__always)
  func tryAcquire(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) -> Bool {
    if kernel.locksQueue { return try await tryAcquireInTurn(asReader: false, label, file, line) }
    try await step(.write, label, file: file, line: line)
    returned(hold.isFree)
    if !hold.isFree {
      kernel.changedNothing()
      note("= 0")
      return false
    }
    takeWhole()
    note("= 1")
    return true
  }

  /// Unlocks the whole of the lock, and looks at what must hold then.
  @inline(__always)
  func release(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.locksQueue { return try await releaseInTurn(label, file, line) }
    try await stepOfRelease(label, file, line)
    hold.isExclusive = false
    offer(hold.offer)
    wasUnlocked()
    if kernel.hasInvariants(object) { try kernel.checkInvariants(of: object) }
  }

  /// Waits for a share of the lock and takes it.
  @inline(__always)
  func acquireShared(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.locksQueue { return try await acquireInTurn(asReader: true, label, file, line) }
    try willAcquire(label, file: file, line: line)
    try await step(.acquireShared, label, until: .shared, file: file, line: line)
    returned()
    takeShare()
  }

  /// Takes a share of the lock if no thread has the whole.
  @inline(__always)
  func tryAcquireShared(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) -> Bool {
    if kernel.locksQueue { return try await tryAcquireInTurn(asReader: true, label, file, line) }
    try await step(.acquireShared, label, file: file, line: line)
    returned(!hold.isExclusive)
    if hold.isExclusive {
      kernel.changedNothing()
      note("= 0")
      return false
    }
    takeShare()
    note("= 1")
    return true
  }

  /// Unlocks a share.
  @inline(__always)
  func releaseShared(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.locksQueue { return try await releaseSharedInTurn(label, file, line) }
    try await step(.releaseShared, label, file: file, line: line)
    returned()
    if hold.readers == 0 { throw kernel.failUnlockByStranger(object) }
    try didRelease()
    hold.readers -= 1
    offer(hold.offer)
  }

  /// Turns the whole of the lock into a share without a gap, and looks at what must hold then.
  func downgrade(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.locksQueue { return try await downgradeInTurn(label, file, line) }
    try await stepOfRelease(label, file, line)
    hold.isExclusive = false
    takeShare()
    if kernel.hasInvariants(object) { try kernel.checkInvariants(of: object) }
  }

  /// Takes the step in which the current thread no longer has the whole of the lock.
  @inline(__always)
  private func stepOfRelease(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    if kernel.hasInvariants(object) {
      try await kernel.stepOfRelease(self, label, file, line)
    } else {
      try await step(.release, label, file: file, line: line)
    }
    returned()
    // If a thread has the whole, no other holds any of it.
    if !hold.isExclusive { throw kernel.failUnlockByStranger(object) }
    try didRelease()
  }

  @inline(__always)
  func takeWhole() {
    hold.isExclusive = true
    didAcquire()
    offer(Offer())
  }

  @inline(__always)
  func takeShare() {
    hold.readers += 1
    didAcquire(shared: true)
    offer(.shared)
  }
}
