// SPDX-License-Identifier: GPL-2.0-only

/// A lock of which one thread at a time can have the whole.
///
/// A lock of a user's own calls ``willAcquire(_:file:line:)`` before the step that waits for it, ``didAcquire(shared:)``
/// in that step, and ``didRelease()`` in the step that unlocks it.
public protocol KernelLock: KernelActor {
  /// The class under which the lock checker knows it.
  nonisolated var lockClass: LockClass { get }

  /// Whether several threads can hold a share of it, as readers; if not, a thread that holds it has the whole.
  nonisolated var hasReaders: Bool { get }
}

extension KernelLock {
  /// Whether it has readers: not unless the lock says so.
  public nonisolated var hasReaders: Bool { false }

  /// Whether the current thread holds the lock, alone or as a reader.
  public nonisolated var isHeld: Bool { kernel.isHeld(object) }

  /// Whether the current thread has the whole of the lock.
  public nonisolated var isHeldAlone: Bool { kernel.isHeldExclusively(object) }

  /// Checks that the current thread holds the lock, alone or as one of several.
  ///
  /// Not a step.
  ///
  /// The corresponding C macros are `lockdep_assert_held` and `dma_resv_assert_held`.
  public nonisolated func assertHeld(file: StaticString = #fileID, line: UInt = #line) throws(KernelFault) {
    if !isHeld { throw kernel.failNotHeld(object, "", "\(file):\(line)") }
  }

  /// Checks that the current thread has the whole of the lock.
  ///
  /// Not a step.
  ///
  /// The corresponding C macro is `lockdep_assert_held_write`.
  public nonisolated func assertHeldAlone(file: StaticString = #fileID, line: UInt = #line) throws(KernelFault) {
    if !isHeldAlone { throw kernel.failNotHeld(object, hasReaders ? "for writing" : "", "\(file):\(line)") }
  }

  /// Checks the order in which the current thread takes the lock; called before it waits for it.
  ///
  /// - Parameters:
  ///   - label: The C spelling of the step to come, for the report: the step itself is never taken when the check fails.
  ///   - file: Where the step was asked for.
  ///   - line: Where the step was asked for.
  /// - Throws: ``KernelFault`` if the order of the classes has a cycle, or the thread holds a lock of the class already.
  @inline(__always)
  public nonisolated func willAcquire(
    _ label: StaticString = "lock", file: StaticString = #fileID, line: UInt = #line
  ) throws(KernelFault) {
    try kernel.willAcquire(object, lockClass, label, file: file, line: line)
  }

  /// Notes that the current thread holds the lock; called in the step that took it.
  public nonisolated func didAcquire(shared: Bool = false) { kernel.didAcquire(object, lockClass, shared: shared) }

  /// Notes that the current thread unlocks the lock.
  ///
  /// - Throws: ``KernelFault`` if the thread does not hold it.
  public nonisolated func didRelease() throws(KernelFault) { try kernel.didRelease(object) }
}
