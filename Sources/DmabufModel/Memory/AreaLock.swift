// SPDX-License-Identifier: GPL-2.0-only

/// The lock of one virtual memory area: faults hold it for reading, changes and removals for writing.
///
/// Faults on one area run concurrently; removing the area waits for all of them (semantics MM2). A reader that finds
/// the area locked for writing waits here. In the kernel it waits for `mmap_lock`: the writer holds both.
actor AreaLock: KernelLock {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated let lockClass: LockClass
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var hold: LockHold
  private var isDetached = false
  /// Whether a writer waits for readers to end, which keeps new ones out if locks queue.
  private var hasWriter = false

  /// Whether the holder of `mmap_lock` keeps faults off.
  var isWriteLocked: Bool { hold.isExclusive }

  init(_ kernel: Kernel, isWriteLocked: Bool) {
    self.kernel = kernel
    hold = LockHold(isExclusive: isWriteLocked)
    object = kernel.register("vm_area_struct")
    lockClass = kernel.lockClass("vm_lock")
    offer(hold.offer)
  }

  /// Takes the lock for a fault on the area that was found in a tree.
  ///
  /// The corresponding C function is `vma_start_read`.
  ///
  /// - Returns: Whether the area is still the one to be used; if not, it has to be looked up again.
  func startRead(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try willAcquire("vma_start_read", file: file, line: line)
    try await step(.acquireShared, "vma_start_read", until: .shared, file: file, line: line)
    if isDetached { return false }
    hold.readers += 1
    didAcquire(shared: true)
    announce()
    return true
  }

  /// Ends a fault.
  ///
  /// The corresponding C function is `vma_end_read`.
  func endRead(file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.releaseShared, "vma_end_read", file: file, line: line)
    try didRelease()
    hold.readers -= 1
    announce()
  }

  /// Waits for the faults under way, and keeps other faults out until ``endWrite(file:line:)``.
  ///
  /// `mmap_lock` must be held for writing. Not a lock that the thread is seen to hold: as in the kernel it ends with
  /// `mmap_lock`, and one thread may take it of many areas.
  ///
  /// The corresponding C function is `vma_start_write`.
  func startWrite(file: StaticString, line: UInt) async throws(KernelFault) {
    // Only the holder of mmap_lock can have set it.
    if hold.isExclusive { return }
    try willAcquire("vma_start_write", file: file, line: line)
    if kernel.locksQueue {
      // From here on new readers wait; those that there are have to end.
      try await step(.acquire, "__vma_enter_locked", file: file, line: line)
      hasWriter = true
      announce()
    }
    try await step(.acquire, "vma_start_write", until: .exclusive, file: file, line: line)
    hasWriter = false
    hold.isExclusive = true
    announce()
  }

  /// Lets faults in again.
  ///
  /// The corresponding C function is `vma_end_write_all`.
  func endWrite(file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.release, "vma_end_write_all", file: file, line: line)
    hold.isExclusive = false
    announce()
  }

  /// Notes that the area has left its tree, and sends the threads that wait for it to look again.
  ///
  /// Part of the step that removes it.
  ///
  /// The corresponding C function is `vma_mark_detached`.
  nonisolated func detach() {
    assumeIsolated { lock in
      lock.isDetached = true
      lock.hold.isExclusive = false
      lock.announce()
    }
    hold(0)
  }

  /// Notes that the area is in a tree; until it is removed it would be a leak.
  ///
  /// Part of the step that inserts it.
  ///
  /// The corresponding C function is `vma_mark_attached`.
  nonisolated func attach() { hold(1) }

  private func announce() {
    // A writer that waits takes the share of new readers away, and not the whole from itself.
    offer(hasWriter ? hold.offer.intersection(.exclusive) : hold.offer)
  }
}
