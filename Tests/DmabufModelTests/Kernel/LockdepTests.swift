// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("The lock checker")
struct LockdepTests {
  @Test("reports a cycle of two classes at its first sight, although nothing blocks (LD2)")
  func cycleOfTwo() throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      try await Self.nest(a, b)
      try await Self.nest(b, a)
    }
    #expect(failure.finding.summary == "main takes a in an order that can deadlock")
    #expect(failure.finding.details == ["main: b -> a (now)", "main: a -> b (before)"])
    #expect(failure.recording.heldAtEnd == [Recording.HeldAtEnd(thread: "main", locks: ["b"])])
  }

  @Test("reports a cycle of three classes with the thread of each edge (LD2)")
  func cycleOfThree() throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      let c = SleepingMutex(kernel, "c")
      try await kernel.thread("t1") { try await Self.nest(a, b) }.join()
      try await kernel.thread("t2") { try await Self.nest(b, c) }.join()
      try await kernel.thread("t3") { try await Self.nest(c, a) }.join()
    }
    #expect(failure.finding.summary == "t3 takes a in an order that can deadlock")
    #expect(failure.finding.details == ["t3: c -> a (now)", "t1: a -> b (before)", "t2: b -> c (before)"])
  }

  /// What is reached through the later of two edges has to count for the earlier one as well.
  @Test("sees a cycle of four classes whichever of its edges come first (LD2)", arguments: 0..<24)
  func cycleOfFour(order: Int) throws {
    let sequence = Self.permutation(order)
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let locks = (["a", "b", "c", "d"] as [StaticString]).map { SleepingMutex(kernel, $0) }
      for edge in sequence.dropLast() { try await Self.nest(locks[edge], locks[(edge + 1) % 4]) }
      kernel.outcome("three edges are no cycle")
      let last = sequence[3]
      try await Self.nest(locks[last], locks[(last + 1) % 4])
      try kernel.check(false, "the fourth edge closes no cycle")
    }
    #expect(failure.finding.details.count == 4)
  }

  private static func permutation(_ number: Int) -> [Int] {
    var (left, rest) = ([0, 1, 2, 3], number)
    return (1...4).reversed().map { count in
      defer { rest /= count }
      return left.remove(at: rest % count)
    }
  }

  @Test(
    "of an rwsem reports a writer's unlock by a reader, and a reader's by a writer (LD6)", arguments: [true, false])
  func wrongWay(isReader: Bool) throws {
    let failure = try failure(.unlockByStranger, under: .serial) { kernel in
      let lock = ReadWriteSemaphore(kernel, "lock")
      if isReader {
        try await lock.downRead()
        try await lock.upWrite()
      } else {
        try await lock.downWrite()
        try await lock.upRead()
      }
    }
    #expect(failure.finding.thread == "main")
  }

  @Test("reports a structure that is freed with a lock in it held, by a reader too", arguments: [true, false])
  func freedWithLock(isReader: Bool) throws {
    let failure = try failure(.heldLockFreed, under: .serial) { kernel in
      let device = kernel.allocate("device")
      let lock = ReadWriteSemaphore(kernel, "lock", in: device)
      try await (isReader ? lock.downRead() : lock.downWrite())
      try await kernel.free(device)
    }
    #expect(failure.finding.summary.contains("lock\(isReader ? " (read)" : "")"), "\(failure.finding.summary)")
  }

  @Test("sees an order through a lock in between: a before b before c, then c before a (LD2)")
  func throughNesting() throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      let c = SleepingMutex(kernel, "c")
      try await a.lock()
      try await Self.nest(b, c)
      try await a.unlock()
      try await Self.nest(c, a)
    }
    #expect(failure.finding.details.first == "main: c -> a (now)")
    #expect(failure.finding.details.last?.hasSuffix("-> c (before)") == true)
  }

  @Test("counts a reader's order as fully as a writer's (LD3)", arguments: [true, false], [true, false])
  func readers(firstReads: Bool, secondReads: Bool) throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let memoryLock = ReadWriteSemaphore(kernel, "memory_lock")
      let resv = Reservation(kernel)
      try await (firstReads ? memoryLock.downRead() : memoryLock.downWrite())
      try await resv.lock()
      try await resv.unlock()
      try await (firstReads ? memoryLock.upRead() : memoryLock.upWrite())
      try await resv.lock()
      try await (secondReads ? memoryLock.downRead() : memoryLock.downWrite())
    }
    #expect(
      failure.finding.details == [
        "main: reservation_ww_class_mutex -> memory_lock (now)",
        "main: memory_lock -> reservation_ww_class_mutex (before)",
      ])
  }

  @Test("goes by the class and not by the lock: the other order with other locks is a cycle (LD1)")
  func classes() throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let locks = (0..<2).map { _ in (SleepingMutex(kernel, "a"), SleepingMutex(kernel, "b")) }
      try await Self.nest(locks[0].0, locks[0].1)
      try await Self.nest(locks[1].1, locks[1].0)
    }
    #expect(failure.finding.summary == "main takes a#2 in an order that can deadlock")
  }

  @Test("reports two locks of one class in one thread, and one lock twice (LD1)", arguments: [true, false])
  func recursion(isSameOne: Bool) throws {
    let failure = try failure(.recursiveLock, under: .serial) { kernel in
      let first = SleepingMutex(kernel, "lock")
      let second = SleepingMutex(kernel, "lock")
      try await first.lock()
      try await (isSameOne ? first : second).lock()
    }
    let what = isSameOne ? "lock#1, which it holds already" : "lock#2 while holding lock#1 of the same class lock"
    #expect(failure.finding.summary == "main takes \(what)")
  }

  @Test("learns nothing from a try, which cannot deadlock (LD2)")
  func tryLearnsNothing() throws {
    try explore(.serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      try await a.lock()
      try kernel.expect(try await b.tryLock(), is: true)
      try await b.unlock()
      try await a.unlock()
      try await Self.nest(b, a)
    }
  }

  @Test("learns what is taken while a lock is held that was only tried (LD2)")
  func triedLockIsSource() throws {
    let failure = try failure(.lockOrder, under: .serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      try kernel.expect(try await b.tryLock(), is: true)
      try await a.lock()
      try await a.unlock()
      try await b.unlock()
      try await Self.nest(a, b)
    }
    #expect(failure.finding.details == ["main: a -> b (now)", "main: b -> a (before)"])
  }

  @Test("begins anew with each execution")
  func startsAnew() throws {
    let executions = Box(0)
    try explore(.random(schedules: 4)) { kernel in
      executions.update { $0 += 1 }
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      if executions.value.isMultiple(of: 2) { try await Self.nest(a, b) } else { try await Self.nest(b, a) }
    }
  }

  @Test("lets locks be given back in another order than they were taken in")
  func notNested() throws {
    try explore(.serial) { kernel in
      let a = SleepingMutex(kernel, "a")
      let b = SleepingMutex(kernel, "b")
      try await a.lock()
      try await b.lock()
      try await a.unlock()
      try kernel.expect(a.isHeld, is: false)
      try kernel.expect(b.isHeld, is: true)
      try await b.unlock()
    }
  }

  enum Kind: Sendable, CaseIterable { case mutex, reservation, writer, reader }

  @Test("reports a lock given back by a stranger, and by anyone while it is free (M1, LD6)", arguments: Kind.allCases)
  func stranger(kind: Kind) throws {
    for isHeld in [true, false] {
      let failure = try failure(.unlockByStranger, under: .serial) { kernel in
        let lock = AnyLock(kernel, kind)
        let isTaken = Completion(kernel)
        kernel.thread("owner") {
          if isHeld { try await lock.take() }
          try await isTaken.complete()
          try await Completion(kernel).wait()
        }
        kernel.thread("stranger") {
          try await isTaken.wait()
          try await lock.giveBack()
        }
        try await kernel.join()
      }
      let way = kind == .reader ? " for reading" : ""
      #expect(
        failure.finding.summary
          == "stranger unlocks lock, which \(isHeld ? "owner holds\(way)" : "no thread holds")")
    }
  }

  @Test(
    "reports a lock held at the end of a thread and of the scenario (LD6)", arguments: Kind.allCases, ["main", "t"])
  func heldAtExit(kind: Kind, thread: String) throws {
    let failure = try failure(.lockHeldAtExit, under: .serial) { kernel in
      let lock = AnyLock(kernel, kind)
      if thread == "main" {
        try await lock.take()
      } else {
        kernel.thread(thread) { try await lock.take() }
      }
    }
    #expect(failure.finding.summary == "\(thread) ended while holding lock\(kind == .reader ? " (read)" : "")")
  }

  @Test("reports a lock held on the way back to user mode (LD6)", arguments: Kind.allCases)
  func heldAtReturn(kind: Kind) throws {
    let failure = try failure(.lockHeldAtExit, under: .serial) { kernel in
      let lock = AnyLock(kernel, kind)
      try await lock.take()
      try await kernel.returnToUserMode()
      try await lock.giveBack()
    }
    #expect(
      failure.finding.summary == "main returns to user mode while holding lock\(kind == .reader ? " (read)" : "")")
  }

  @Test("can tell 64 classes apart and refuses the next one by name")
  func tooManyClasses() throws {
    let names = lockClassNames
    try #require(names.count == 65)
    try explore(.serial) { kernel in
      for name in names.prefix(64) { _ = SleepingMutex(kernel, name) }
      let first = SleepingMutex(kernel, names[0])
      let last = SleepingMutex(kernel, names[63])
      try await Self.nest(last, first)
    }
    let error = #expect(throws: ScenarioError.self) {
      try explore(.serial) { kernel in for name in names { _ = SleepingMutex(kernel, name) } }
    }
    #expect(error == .tooManyLockClasses(name: "l64"))
    #expect(error?.description.hasPrefix("lock class l64 is one too many: a machine can tell 64 apart") == true)
  }

  static func nest(_ outer: SleepingMutex, _ inner: SleepingMutex) async throws(KernelFault) {
    try await outer.lock()
    try await inner.lock()
    try await inner.unlock()
    try await outer.unlock()
  }
}

/// A lock of one of several types, called "lock".
struct AnyLock: Sendable {
  let take: @Sendable () async throws(KernelFault) -> Void
  let giveBack: @Sendable () async throws(KernelFault) -> Void

  init(_ kernel: Kernel, _ kind: LockdepTests.Kind) {
    switch kind {
    case .mutex:
      let lock = SleepingMutex(kernel, "lock")
      take = { () async throws(KernelFault) in try await lock.lock() }
      giveBack = { () async throws(KernelFault) in try await lock.unlock() }
    case .reservation:
      let lock = Reservation(kernel, "lock")
      take = { () async throws(KernelFault) in try await lock.lock() }
      giveBack = { () async throws(KernelFault) in try await lock.unlock() }
    case .writer:
      let lock = ReadWriteSemaphore(kernel, "lock")
      take = { () async throws(KernelFault) in try await lock.downWrite() }
      giveBack = { () async throws(KernelFault) in try await lock.upWrite() }
    case .reader:
      let lock = ReadWriteSemaphore(kernel, "lock")
      take = { () async throws(KernelFault) in try await lock.downRead() }
      giveBack = { () async throws(KernelFault) in try await lock.upRead() }
    }
  }
}

private let lockClassNames: [StaticString] = [
  "l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "l10", "l11", "l12", "l13", "l14", "l15", "l16", "l17",
  "l18", "l19", "l20", "l21", "l22", "l23", "l24", "l25", "l26", "l27", "l28", "l29", "l30", "l31", "l32", "l33", "l34",
  "l35", "l36", "l37", "l38", "l39", "l40", "l41", "l42", "l43", "l44", "l45", "l46", "l47", "l48", "l49", "l50", "l51",
  "l52", "l53", "l54", "l55", "l56", "l57", "l58", "l59", "l60", "l61", "l62", "l63", "l64",
]
