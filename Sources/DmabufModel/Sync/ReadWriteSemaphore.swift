// SPDX-License-Identifier: GPL-2.0-only

/// A sleeping lock for one writer or many readers.
///
/// Under the any-order policy each thread that can have the lock may get it next. That is a superset of what the
/// kernel's own queueing does, needs no wait queue and gives the smallest search; starvation and deadlocks that only
/// the queue causes are not found with it. They are under ``Kernel/queueLocks()``, where threads queue as in the kernel
/// (semantics RW1 to RW11). Not recursive, no upgrade (semantics RW13, RW11).
///
/// The corresponding C type is `struct rw_semaphore`.
public actor ReadWriteSemaphore: SleepingLock {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The semaphore's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The class under which the lock checker knows it.
  public nonisolated let lockClass: LockClass
  /// It has readers.
  public nonisolated var hasReaders: Bool { true }
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  // The actor is the machine's: nothing else can be in the middle of an access, so that it need not be asked for.
  @safe @exclusivity(unchecked) var hold = LockHold()
  @safe @exclusivity(unchecked) var queue = LockQueue(hasReaders: true)

  /// Makes a semaphore that no thread holds.
  ///
  /// The corresponding C function is `init_rwsem`.
  public init(_ kernel: Kernel, _ name: StaticString = "rwsem", in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
    lockClass = kernel.lockClass(name)
    offer(hold.offer)
  }

  /// Locks for writing.
  ///
  /// - Context: May sleep for readers and for a writer; no signal ends it. A lock of the same class must not be held,
  ///   and the lock order must be kept, or it is a finding. Undone by ``upWrite(file:line:)``.
  ///
  /// The corresponding C function is `down_write`.
  public func downWrite(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await acquire("down_write", file, line)
  }

  /// Locks for writing if that can be done at once.
  ///
  /// - Returns: Whether the lock was taken.
  /// - Context: Never sleeps; where locks queue, it fails while somebody waits (semantics RW10). Undone by
  ///   ``upWrite(file:line:)``.
  ///
  /// The corresponding C function is `down_write_trylock`.
  public func tryDownWrite(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await tryAcquire("down_write_trylock", file, line)
  }

  /// Unlocks after writing; without the lock held for writing it is a finding.
  ///
  /// - Context: Never sleeps. Undoes ``downWrite(file:line:)``.
  ///
  /// The corresponding C function is `up_write`.
  public func upWrite(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await release("up_write", file, line)
  }

  /// Locks for reading, together with other readers.
  ///
  /// - Context: May sleep for a writer; no signal ends it. A lock of the same class must not be held, not for reading
  ///   either, and the lock order must be kept, or it is a finding (semantics RW13). Undone by ``upRead(file:line:)``.
  ///
  /// The corresponding C function is `down_read`.
  public func downRead(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await acquireShared("down_read", file, line)
  }

  /// Locks for reading if that can be done at once.
  ///
  /// It looks for a writer only, so that it commutes with what other readers do; where locks queue, a thread that waits
  /// makes it fail as well (semantics RW10).
  ///
  /// - Returns: Whether the lock was taken.
  /// - Context: Never sleeps. Undone by ``upRead(file:line:)``.
  ///
  /// The corresponding C function is `down_read_trylock`.
  public func tryDownRead(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await tryAcquireShared("down_read_trylock", file, line)
  }

  /// Unlocks after reading; without a share of the lock it is a finding.
  ///
  /// - Context: Never sleeps. Undoes ``downRead(file:line:)``.
  ///
  /// The corresponding C function is `up_read`.
  public func upRead(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await releaseShared("up_read", file, line)
  }

  /// Turns a lock for writing into one for reading, without a gap (semantics RW11).
  ///
  /// - Context: Never sleeps. The lock must be held for writing, or it is a finding. Undone by ``upRead(file:line:)``.
  ///
  /// The corresponding C function is `downgrade_write`.
  public func downgrade(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await downgrade("downgrade_write", file, line)
  }

  /// Checks that the current thread holds the lock alone.
  ///
  /// Not a step.
  ///
  /// The corresponding C macro is `lockdep_assert_held_write`.
  public nonisolated func assertHeldWrite(file: StaticString = #fileID, line: UInt = #line) throws(KernelFault) {
    try assertHeldAlone(file: file, line: line)
  }

  /// Checks that the current thread holds the lock as a reader; holding it alone is not that (semantics RW14).
  ///
  /// Not a step.
  ///
  /// The corresponding C macro is `lockdep_assert_held_read`.
  public nonisolated func assertHeldRead(file: StaticString = #fileID, line: UInt = #line) throws(KernelFault) {
    if !kernel.isHeld(object) || kernel.isHeldExclusively(object) {
      throw kernel.failNotHeld(object, "for reading", "\(file):\(line)")
    }
  }

  /// Adds how the lock is held; who holds it is a matter of the threads.
  public func describe(to fingerprint: inout Fingerprint) { describeLock(to: &fingerprint) }
}
