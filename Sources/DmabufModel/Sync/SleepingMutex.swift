// SPDX-License-Identifier: GPL-2.0-only

/// A sleeping lock for one thread.
///
/// Under the any-order policy each thread that waits may get the lock next; under ``Kernel/queueLocks()`` threads queue
/// as in the kernel (semantics M2, M3). Not recursive; only the owner unlocks (semantics §4, M1).
///
/// The corresponding C type is `struct mutex`.
public actor SleepingMutex: SleepingLock {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The lock's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The class under which the lock checker knows it.
  public nonisolated let lockClass: LockClass
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  // The actor is the machine's: nothing else can be in the middle of an access, so that it need not be asked for.
  @safe @exclusivity(unchecked) var hold = LockHold()
  @safe @exclusivity(unchecked) var queue = LockQueue()

  /// Makes a lock that no thread holds.
  ///
  /// The corresponding C function is `mutex_init`.
  public init(_ kernel: Kernel, _ name: StaticString = "mutex", in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
    lockClass = kernel.lockClass(name)
    offer(hold.offer)
  }

  /// Locks.
  ///
  /// - Context: May sleep for the owner; no signal ends it. A lock of the same class must not be held, and the lock
  ///   order must be kept, or it is a finding. Undone by ``unlock(file:line:)``.
  ///
  /// The corresponding C function is `mutex_lock`.
  public func lock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await acquire("mutex_lock", file, line)
  }

  /// Locks if no thread holds the lock.
  ///
  /// - Returns: Whether the lock was taken.
  /// - Context: Never sleeps. Undone by ``unlock(file:line:)``.
  ///
  /// The corresponding C function is `mutex_trylock`.
  public func tryLock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await tryAcquire("mutex_trylock", file, line)
  }

  /// Unlocks; a thread that is not the owner makes it a finding (semantics M1).
  ///
  /// - Context: Never sleeps. Undoes ``lock(file:line:)``.
  ///
  /// The corresponding C function is `mutex_unlock`.
  public func unlock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await release("mutex_unlock", file, line)
  }

  /// Adds whether the lock is held; who holds it is a matter of the threads.
  public func describe(to fingerprint: inout Fingerprint) { describeLock(to: &fingerprint) }
}
