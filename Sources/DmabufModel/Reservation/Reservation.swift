// SPDX-License-Identifier: GPL-2.0-only

/// The lock of a buffer together with the fences of the work that still uses it.
///
/// Taken without an acquire context it is a plain mutex (semantics WW2), also in how threads wait for it (semantics M2,
/// M3); that is how VFIO takes it. Acquire contexts and their wait-die order are not modelled.
///
/// The corresponding C type is `struct dma_resv`.
public actor Reservation: SleepingLock {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The lock's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The place of the list of fences in the machine's table.
  ///
  /// Apart from the lock, because a walk over the fences does not need it (semantics DR5).
  public nonisolated let fenceList: ObjectID
  /// The lock and the list.
  public nonisolated var parts: [ObjectID] { [object, fenceList] }
  /// The class under which the lock checker knows it: all reservations are one class.
  public nonisolated let lockClass: LockClass
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  // The actor is the machine's: nothing else can be in the middle of an access, so that it need not be asked for.
  @safe @exclusivity(unchecked) var hold = LockHold()
  @safe @exclusivity(unchecked) var queue = LockQueue()
  @safe @exclusivity(unchecked) private var fences: [Entry] = []
  @safe @exclusivity(unchecked) private var reserved = 0

  private struct Entry {
    var fence: Fence
    var usage: FenceUsage
  }

  /// Makes a reservation that no thread holds, with no fences.
  ///
  /// The corresponding C function is `dma_resv_init`.
  public init(_ kernel: Kernel, _ name: StaticString = "resv", in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
    fenceList = kernel.register("resv->fences", in: owner)
    lockClass = kernel.lockClass("reservation_ww_class_mutex")
    offer(hold.offer)
  }

  // MARK: The lock

  /// Locks the reservation, without an acquire context.
  ///
  /// - Context: May sleep for the owner; no signal ends it. A reservation must not be held already, and the lock order
  ///   must be kept, or it is a finding (semantics WW2). Undone by ``unlock(file:line:)``.
  ///
  /// The corresponding C function is `dma_resv_lock`.
  public func lock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await acquire("dma_resv_lock", file, line)
  }

  /// Locks the reservation if no thread holds it.
  ///
  /// - Returns: Whether the lock was taken.
  /// - Context: Never sleeps (semantics WW10). Undone by ``unlock(file:line:)``.
  ///
  /// The corresponding C function is `dma_resv_trylock`.
  public func tryLock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await tryAcquire("dma_resv_trylock", file, line)
  }

  /// Unlocks the reservation; space that was reserved for fences is void from here on (semantics DR3).
  ///
  /// - Context: Never sleeps. The caller must be the owner, or it is a finding.
  ///
  /// The corresponding C function is `dma_resv_unlock`.
  public func unlock(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await release("dma_resv_unlock", file, line)
  }

  /// Drops the room for fences.
  func wasUnlocked() { reserved = 0 }

  /// Adds whether the lock is held, the room for fences, and the fences with their usages.
  public func describe(to fingerprint: inout Fingerprint) {
    describeLock(to: &fingerprint)
    fingerprint.add(reserved)
    fingerprint.add(fences.map(\.fence.object))
    fingerprint.add(fences.map(\.usage.rawValue))
  }

  // MARK: The fences

  /// Makes room for fences, so that adding them cannot fail.
  ///
  /// - Returns: ``Errno/invalidArgument`` and a warning for a number below one, else nothing.
  /// - Context: Waits for nothing. The lock must be held, or it is a finding (semantics DR3). Undone by
  ///   ``unlock(file:line:)``.
  ///
  /// The corresponding C function is `dma_resv_reserve_fences`.
  public func reserveFences(
    _ count: Int, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Errno? {
    if kernel.isUnwinding { try await kernel.unwind() }
    try assertHeld(file: file, line: line)
    try await stepOnFences(.write, "dma_resv_reserve_fences", file, line)
    if count <= 0 {
      try kernel.warn("dma_resv_reserve_fences: no fences asked for")
      return .invalidArgument
    }
    reserved = max(reserved, count)
    return nil
  }

  /// Adds a fence, in the place of an earlier one of its timeline or of one that is signalled, if there is one.
  ///
  /// - Context: Never sleeps. The lock must be held and room reserved, or it is a finding, where the kernel would stop
  ///   with BUG (semantics DR4).
  ///
  /// The corresponding C function is `dma_resv_add_fence`.
  public func add(
    _ fence: Fence, usage: FenceUsage, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    if kernel.isUnwinding { try await kernel.unwind() }
    try assertHeld(file: file, line: line)
    // The holder of the lock sees what is there without a step; only it can change it.
    var replaced: Int?
    for (place, old) in fences.enumerated() where replaced == nil {
      if old.fence.context == fence.context && old.usage >= usage && old.fence.sequence <= fence.sequence {
        replaced = place
      } else if try await old.fence.checkSignalled(file: file, line: line) {
        replaced = place
      }
    }
    try await stepOnFences(.write, "dma_resv_add_fence", file, line)
    note("\(kernel.name(of: fence.object)), \(usage)")
    if let replaced {
      fences[replaced] = Entry(fence: fence, usage: usage)
      return
    }
    if reserved == 0 { throw kernel.fail(.warning, "kernel BUG: dma_resv_add_fence without a reserved slot") }
    reserved -= 1
    fences.append(Entry(fence: fence, usage: usage))
  }

  /// Waits until every fence up to a usage is signalled.
  ///
  /// An error of a fence is not reported (semantics DR6).
  ///
  /// - Context: Sleeps without a timeout; no signal of the process ends it. The lock need not be held; if it is, no
  ///   fence can be added meanwhile (semantics DR5).
  ///
  /// The corresponding C function is `dma_resv_wait_timeout`, without interruption and with `MAX_SCHEDULE_TIMEOUT`.
  public func wait(
    _ usage: FenceUsage, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await stepOnFences(.read, "dma_resv_wait_timeout", file, line)
    let waited = fences.filter { $0.usage <= usage }
    note(waited.isEmpty ? "no fences" : "\(waited.count) fences")
    for entry in waited { try await entry.fence.wait(file: file, line: line) }
  }

  /// Whether every fence up to a usage is signalled.
  ///
  /// - Context: Never sleeps; any context (semantics DR7).
  ///
  /// The corresponding C function is `dma_resv_test_signaled`.
  public func testSignalled(
    _ usage: FenceUsage, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Bool {
    try await stepOnFences(.read, "dma_resv_test_signaled", file, line)
    for entry in fences where entry.usage <= usage {
      if try await !entry.fence.checkSignalled(file: file, line: line) { return false }
    }
    return true
  }

  private func stepOnFences(
    _ access: Access, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    try await step(on: fenceList, access, label, file: file, line: line)
  }
}
