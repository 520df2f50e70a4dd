// SPDX-License-Identifier: GPL-2.0-only

extension KernelLock {
  /// States what holds whenever no thread has the whole of the lock: it is looked at in each step that gives the whole
  /// back.
  ///
  /// The look is a part of that step: what it reads through ``Look`` is declared as accesses of the step, so that a
  /// search knows what the verdict depends on. Nothing has to be called by the code under test, so nothing can be
  /// forgotten.
  ///
  /// ```swift
  /// device.lock.invariant("a revoked device has no users") { look in
  ///   let users = look.load(device.users)
  ///   return look.load(device.isRevoked) && users > 0 ? "\(users) users" : nil
  /// }
  /// ```
  ///
  /// Not a step; call it before other threads are started, or with the lock held.
  ///
  /// - Parameters:
  ///   - name: The invariant in a few words.
  ///   - check: Answers what is wrong, or nothing. It reads in the same order as long as it reads the same.
  public nonisolated func invariant(_ name: String, _ check: @escaping @Sendable (inout Look) -> String?) {
    kernel.requireAlone(orHolding: object, for: "invariant '\(name)'")
    let check: @Sendable (inout Look) -> Violation? = { look in
      check(&look).map { Violation(kind: .invariant, summary: "\(name): \($0)") }
    }
    kernel.add(LockInvariant(lock: object, what: .stated(check)))
  }
}

/// What a check of the machine reads: each look is a declared access of the step in which it is made.
public struct Look {
  private let kernel: Kernel
  /// What has been read so far; of interest only before the step is taken.
  var accesses: AccessList
  @usableFromInline let isForecast: Bool

  /// Begins a look in a step that has been taken.
  init(_ kernel: Kernel) {
    self.kernel = kernel
    accesses = AccessList()
    isForecast = false
  }

  /// Begins a look to find out what a step will read.
  init(_ kernel: Kernel, after accesses: AccessList) {
    self.kernel = kernel
    self.accesses = accesses
    isForecast = true
  }

  /// Notes that something is read, for the step to declare; asked for only while that is being found out.
  @usableFromInline
  mutating func note(_ object: ObjectID) { accesses.add(object, .look) }

  /// Reads what is in an actor.
  ///
  /// - Parameters:
  ///   - actor: The actor.
  ///   - body: Reads its state; it must not change it.
  @inlinable
  public mutating func read<Part: KernelActor, Value: Sendable>(
    _ actor: Part, _ body: @Sendable (isolated Part) -> Value
  ) -> Value {
    if isForecast { note(actor.object) }
    return actor.assumeIsolated { body($0) }
  }

  /// Whether a thread has the whole of a lock.
  mutating func isHeldExclusively(_ lock: ObjectID) -> Bool {
    if isForecast { note(lock) }
    return kernel.lockdep.isHeldExclusively(lock)
  }

  /// Whether an allocation has been freed.
  ///
  /// Not an access: a check that passes over what has been freed answers the same before the free, because freeing what
  /// is still in use is a finding by itself.
  func isFreed(_ allocation: ObjectID) -> Bool { kernel.objects[allocation.index].state == .freed }
}

/// What a check has found.
struct Violation {
  var kind: Finding.Kind
  var summary: String
  var details: [String] = []
}

/// Rules of one owner about what a lock protects, by their places.
protocol LockRule: AnyObject, Sendable {
  /// Whether there is nothing that could break a rule.
  var isEmpty: Bool { get }
  /// Reads what a look at a rule reads, in the order in which it has to be declared.
  func look(at place: Int, _ look: inout Look)
  /// What breaks a rule, now that no thread has the whole of its lock.
  func violation(of place: Int) -> Violation?
}

/// Something that must hold whenever no thread has the whole of a lock.
struct LockInvariant {
  enum What {
    /// What a scenario or a driver has stated.
    case stated(@Sendable (inout Look) -> Violation?)
    /// One of the rules of an owner, by its place.
    case ruled(any LockRule, Int)
  }

  var lock: ObjectID
  var what: What

  /// Looks in the order in which it has to be declared.
  func look(_ look: inout Look) {
    switch what {
    case .stated(let check): _ = check(&look)
    case .ruled(let rules, let rule): rules.look(at: rule, &look)
    }
  }

  func violation(_ kernel: Kernel) -> Violation? {
    switch what {
    case .stated(let check):
      var look = Look(kernel)
      return check(&look)
    case .ruled(let rules, let rule): return rules.violation(of: rule)
    }
  }
}

extension Kernel {
  func add(_ invariant: LockInvariant) {
    invariants.append(invariant)
    objects[invariant.lock.index].hasInvariants = true
  }

  /// Whether something is stated about a lock.
  @inline(__always)
  func hasInvariants(_ lock: ObjectID) -> Bool { objects[lock.index].hasInvariants }

  /// Takes the step with which the current thread gives the whole of a lock back.
  nonisolated func stepOfRelease(
    _ lock: some KernelLock, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    let object = lock.object
    try await lock.step(
      on: object, .release, label,
      touching: { { accesses in self.lookAtInvariants(of: object, &accesses) } }, file: file, line: line)
  }

  /// Adds what is read by what is stated about a lock.
  func lookAtInvariants(of lock: ObjectID, _ accesses: inout AccessList) {
    if !hasInvariants(lock) { return }
    var look = Look(self, after: accesses)
    for invariant in invariants where invariant.lock == lock { invariant.look(&look) }
    accesses = look.accesses
  }

  /// Looks at what must hold now that no thread has the whole of a lock; in the step that has given it back.
  func checkInvariants(of lock: ObjectID) throws(KernelFault) {
    for index in invariants.indices where invariants[index].lock == lock {
      if case .ruled(let rules, _) = invariants[index].what, rules.isEmpty { continue }
      let invariant = invariants[index]
      guard let violation = pausingGuard({ invariant.violation(self) }) else { continue }
      throw fail(violation.kind, violation.summary, violation.details)
    }
  }

  /// Refuses what would be seen by other threads' steps without an order.
  func requireAlone(orHolding lock: ObjectID, for what: String) {
    if unjoined.isEmpty || isHeldExclusively(lock) || isUnwinding { return }
    refuse(.tooLate(what, lock: name(of: lock)))
  }

  /// Ends the execution with a mistake in the use of the package.
  func refuse(_ error: ScenarioError) {
    if misuse == nil { misuse = error }
    isUnwinding = true
  }
}
