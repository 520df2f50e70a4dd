// SPDX-License-Identifier: GPL-2.0-only

/// A page table entry that leads to an allocation: to memory in it, or to a file that it is.
struct Lead: Equatable {
  var target: ObjectID
  var table: ObjectID
  var address: UInt64
  var frame: UInt64
}

extension Kernel {
  /// Frees a kernel structure and every field in it: from here on a step on one of them is a finding.
  ///
  /// What is freed must not be freed already, no lock in it may be held, and no page table entry may lead to it: each
  /// is a finding here.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `kfree`.
  public nonisolated func free(
    _ allocation: Allocation, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await take(Step(allocation.object, .free, "kfree", file: file, line: line))
    try checkUnused(allocation.object)
    markFreed(allocation.object)
  }

  /// Whether a structure, or the one that an object is a field of, has been freed.
  ///
  /// A step, and the machine's own look: it touches no memory.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `kasan_byte_accessible`.
  public nonisolated func isFreed(
    _ object: ObjectID, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Bool {
    let owner = owner(of: object)
    try await take(Step(owner, .look, "kasan_byte_accessible", file: file, line: line))
    let isFreed = objects[owner.index].state == .freed
    remark("= \(isFreed ? 0 : 1)")
    returned(isFreed)
    return isFreed
  }

  /// The allocation that an object is a field of, or the object itself.
  func owner(of object: ObjectID) -> ObjectID { ObjectID(Int(objects[object.index].owner)) }

  private func markFreed(_ allocation: ObjectID) {
    for index in allocation.index..<objects.count where objects[index].owner == allocation.rawValue {
      objects[index].state = .freed
      heldInAll -= Int(objects[index].held)
      objects[index].held = 0
    }
    if recorder != nil { recorder?.noteLife(of: allocation, "freed", by: current, self) }
  }

  /// Looks for what still uses a structure that is about to be freed.
  ///
  /// All of it is changed by steps that touch the structure, so that their order and that of the free are known.
  private func checkUnused(_ allocation: ObjectID) throws(KernelFault) {
    if let lock = lockdep.firstHeld(where: { owner(of: $0) == allocation }) {
      let holder = lock.thread == current ? "it" : threads[lock.thread].name
      throw fail(
        .heldLockFreed,
        "\(threads[current].name) frees \(name(of: allocation)) while \(holder) holds "
          + "\(name(of: lock.object))\(lock.isShared ? " (read)" : "")", recorder?.life(of: allocation) ?? [])
    }
    if leads.isEmpty { return }
    let left = leads.filter { $0.target == allocation }
    guard let first = left.first else { return }
    throw fail(
      .useAfterFree,
      "\(threads[current].name) frees \(name(of: allocation)) while page table entry "
        + "\(hex(first.address)) -> pfn \(hex(first.frame)) leads to it",
      left.dropFirst().map { "so does \(hex($0.address)) -> pfn \(hex($0.frame))" }
        + (recorder?.life(of: allocation) ?? []))
  }

  // MARK: Fields that are made late

  /// Notes that the current thread has made a field in a structure, which writes to it.
  ///
  /// Making a field is no step. In a structure that the thread has allocated since its last step no other thread can
  /// tell. In any other it counts as a read by the thread's next step, too: that orders it against the free.
  func noteField(_ object: ObjectID, in allocation: ObjectID) {
    let slot = objects[allocation.index]
    if slot.state == .freed {
      objects[object.index].state = .freed
      _ = fail(
        .useAfterFree,
        "\(threads[current].name) makes \(name(of: object)) in \(name(of: allocation)), which has been freed",
        recorder?.life(of: allocation) ?? [])
    }
    if unjoined.isEmpty || isUnwinding || Int(slot.birth) == stepCount && Int(slot.creator) == current { return }
    rareState(of: current).owed.append(allocation)
    owing.insert(current)
  }

  /// Notes that the current thread is not done with an object, although others may be on with it: an unlock still wakes
  /// those that wait (semantics M6).
  ///
  /// Like a field that is made late it counts as a read by the thread's next step.
  func touchesLater(_ object: ObjectID, _ file: StaticString, _ line: UInt) {
    let allocation = owner(of: object)
    if allocation == object || unjoined.isEmpty || isUnwinding { return }
    rareState(of: current).owed.append(allocation)
    rareState(of: current).unlocked = (file, line)
    owing.insert(current)
  }

  /// Has the step just entered read what the thread owes.
  func settleOwed() throws(KernelFault) {
    if !owing.contains(current) { return }
    owing.remove(current)
    let rare = rareState(of: current)
    var list = AccessList()
    for allocation in rare.owed { list.add(allocation, .read) }
    let freed = rare.owed.first { objects[$0.index].state == .freed }
    rare.owed.removeAll()
    let unlocked = rare.unlocked
    rare.unlocked = nil
    if let freed {
      let me = threads[current].name
      if let unlocked {
        throw fail(
          .useAfterFree,
          "\(me) still wakes those that wait for a lock in \(name(of: freed)), which has been freed meanwhile",
          recorder?.life(of: freed) ?? [], at: "\(unlocked.file):\(unlocked.line)")
      }
      throw fail(
        .useAfterFree, "\(me) has made a field in \(name(of: freed)), which has been freed meanwhile",
        recorder?.life(of: freed) ?? [])
    }
    try enterFurther(list)
  }

  /// Takes a step for what the thread owes, at its end or before it waits: a wait may never end.
  @usableFromInline
  nonisolated func settleOwedAtExit(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    guard owing.contains(current), let allocation = threads[current].rare?.owed.first
    else {
      return
    }
    if let unlocked = threads[current].rare?.unlocked {
      return try await take(
        Step(allocation, .read, "raw_spin_unlock", file: unlocked.file, line: unlocked.line))
    }
    try await take(Step(allocation, .read, "kasan_check_write", file: file, line: line))
  }
}
