// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A reservation")
struct ReservationTests {
  @Test("taken without a context is a mutex: a try gets it while it is free, and its owner's try nothing (WW2, WW10)")
  func lock() throws {
    try explore(.serial) { kernel in
      let reservation = Reservation(kernel)
      try await reservation.lock()
      try reservation.assertHeld()
      try kernel.expect(try await reservation.tryLock(), is: false, "the owner's try")
      try await reservation.unlock()
      try kernel.expect(try await reservation.tryLock(), is: true, "a try on a free one")
      try await reservation.unlock()
    }
  }

  @Test("taken twice by one thread, or two of them at once, is a finding (WW2, LD1)", arguments: [true, false])
  func recursion(isSameOne: Bool) throws {
    let failure = try failure(.recursiveLock, under: .serial) { kernel in
      let first = Reservation(kernel, "a->resv")
      let second = Reservation(kernel, "b->resv")
      try await first.lock()
      try await (isSameOne ? first : second).lock()
    }
    #expect(
      failure.finding.summary
        == (isSameOne
          ? "main takes a->resv, which it holds already"
          : "main takes b->resv while holding a->resv of the same class reservation_ww_class_mutex"))
  }

  @Test("lets two of them be held where one was only tried (LD1)")
  func tryBesideAnother() throws {
    try explore(.serial) { kernel in
      let first = Reservation(kernel)
      let second = Reservation(kernel)
      try await first.lock()
      try kernel.expect(try await second.tryLock(), is: true)
      try await second.unlock()
      try await first.unlock()
    }
  }

  enum Locked: Sendable, CaseIterable { case reserve, add, assert }

  @Test("must be held for what changes its fences (DR1, DR3, DR4)", arguments: Locked.allCases)
  func needsLock(call: Locked) throws {
    let failure = try failure(.lockNotHeld, under: .serial) { kernel in
      let reservation = Reservation(kernel, "resv")
      switch call {
      case .reserve: _ = try await reservation.reserveFences(1)
      case .add: try await reservation.add(Fence(kernel, context: 1), usage: .bookkeep)
      case .assert: try reservation.assertHeld()
      }
    }
    #expect(failure.finding.summary == "main must hold resv here")
  }

  @Test(
    "answers a query of a usage from every fence up to it (DR2, DR7)",
    arguments: FenceUsage.allCases, FenceUsage.allCases)
  func usages(fenceUsage: FenceUsage, query: FenceUsage) throws {
    try explore(.serial) { kernel in
      let reservation = Reservation(kernel)
      let fence = Fence(kernel, context: 1)
      try kernel.expect(try await reservation.testSignalled(query), is: true, "without fences")
      try await reservation.addAlone(fence, fenceUsage)
      try kernel.expect(try await reservation.testSignalled(query), is: query < fenceUsage, "unsignalled")
      if query < fenceUsage { try await reservation.wait(query) }
      try await fence.signal()
      try kernel.expect(try await reservation.testSignalled(query), is: true, "signalled")
      try await reservation.wait(query)
    }
  }

  @Test("asked for no slots warns and answers EINVAL (DR3)", arguments: [0, -1])
  func reserveNone(count: Int) throws {
    let scenario: @Sendable (Kernel) async throws -> Void = { kernel in
      let reservation = Reservation(kernel)
      try await reservation.lock()
      try kernel.expect(try await reservation.reserveFences(count), is: .invalidArgument)
      try kernel.expect(try await reservation.reserveFences(1), is: nil)
      try await reservation.unlock()
    }
    let failure = try failure(.warning, under: .serial, scenario)
    #expect(failure.finding.summary == "dma_resv_reserve_fences: no fences asked for")
    try explore(.serial) { kernel in
      kernel.expectWarning("no fences asked for")
      try await scenario(kernel)
    }
  }

  @Test("takes as many fences as there are slots reserved, and forgets the slots at the unlock (DR3, DR4)")
  func slots() throws {
    try explore(.serial) { kernel in
      let reservation = Reservation(kernel)
      try await reservation.lock()
      _ = try await reservation.reserveFences(2)
      for context: UInt64 in 1...2 { try await reservation.add(Fence(kernel, context: context), usage: .read) }
      try await reservation.unlock()
    }
    for unlocksBetween in [false, true] {
      let failure = try failure(.warning, under: .serial) { kernel in
        let reservation = Reservation(kernel)
        try await reservation.lock()
        _ = try await reservation.reserveFences(1)
        if unlocksBetween {
          try await reservation.unlock()
          try await reservation.lock()
        } else {
          try await reservation.add(Fence(kernel, context: 1), usage: .read)
        }
        try await reservation.add(Fence(kernel, context: 2), usage: .read)
      }
      #expect(failure.finding.summary == "kernel BUG: dma_resv_add_fence without a reserved slot")
    }
  }

  struct ReplaceRow: Sendable {
    var context: UInt64
    var sequence: UInt64
    var usage: FenceUsage
    var isOldSignalled = false
    var replaces: Bool
  }

  @Test(
    "puts a fence in the place of an earlier one of its timeline and of one that is done (DR4)",
    arguments: [
      ReplaceRow(context: 1, sequence: 6, usage: .read, replaces: true),
      ReplaceRow(context: 1, sequence: 5, usage: .read, replaces: true),
      ReplaceRow(context: 1, sequence: 6, usage: .write, replaces: true),
      ReplaceRow(context: 1, sequence: 6, usage: .bookkeep, replaces: false),
      ReplaceRow(context: 1, sequence: 4, usage: .read, replaces: false),
      ReplaceRow(context: 2, sequence: 6, usage: .read, replaces: false),
      ReplaceRow(context: 2, sequence: 6, usage: .bookkeep, isOldSignalled: true, replaces: true),
    ])
  func replacement(row: ReplaceRow) throws {
    let scenario: Scenario = { kernel in
      let reservation = Reservation(kernel)
      let old = Fence(kernel, context: 1, sequence: 5)
      try await reservation.addAlone(old, .read)
      if row.isOldSignalled { try await old.signal() }
      try await reservation.lock()
      let new = Fence(kernel, context: row.context, sequence: row.sequence)
      try await reservation.add(new, usage: row.usage)
      try await reservation.unlock()
      // The old one is gone: nobody waits for it any more.
      try await new.signal()
      try await reservation.wait(.bookkeep)
    }
    if row.replaces {
      try explore(.serial, scenario)
    } else {
      let failure = try failure(.warning, under: .serial, scenario)
      #expect(failure.finding.summary.hasSuffix("without a reserved slot"), "it needed a place of its own")
    }
  }

  @Test("waits for errors as for success, and tells neither (DR6)")
  func errors() throws {
    try explore(.serial) { kernel in
      let reservation = Reservation(kernel)
      let fence = Fence(kernel, context: 1)
      try await reservation.addAlone(fence, .bookkeep)
      try await fence.setError(.ioError)
      try await fence.signal()
      try await reservation.wait(.bookkeep)
      try kernel.expect(try await reservation.testSignalled(.bookkeep), is: true)
    }
  }

  @Test("with one fence that nobody signals hangs its waiter with the locks it holds (DR5, DR8)")
  func neverSignalled() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      let memoryLock = ReadWriteSemaphore(kernel, "vdev->memory_lock")
      let reservation = Reservation(kernel, "dmabuf->resv")
      try await reservation.addAlone(Fence(kernel, "fence", context: 1), .bookkeep)
      try await memoryLock.downWrite()
      try await reservation.lock()
      try await reservation.wait(.bookkeep)
    }
    #expect(
      withoutPlaces(failure.finding.details) == [
        "main waits in dma_fence_wait(fence), which no thread gives; holds vdev->memory_lock, dmabuf->resv"
      ])
  }
}

@Suite("A reservation between threads")
struct ReservationRaceTests {
  @Test("is waited for with its lock held while others signal, who need no lock (DR5, DF9)")
  func waitUnderLock() throws {
    try explore(.exhaustive, seeing: ["had to wait", "did not have to wait"]) { kernel in
      let reservation = Reservation(kernel)
      let fences = (1...2).map { Fence(kernel, context: UInt64($0)) }
      for fence in fences { try await reservation.addAlone(fence, .bookkeep) }
      for (number, fence) in fences.enumerated() { kernel.thread("signaller \(number)") { try await fence.signal() } }
      try await reservation.lock()
      let isIdle = try await reservation.testSignalled(.bookkeep)
      kernel.sometimes("had to wait", !isIdle)
      kernel.sometimes("did not have to wait", isIdle)
      try await reservation.wait(.bookkeep)
      for fence in fences { try kernel.expect(try await fence.checkSignalled(), is: true) }
      try await reservation.unlock()
      try await kernel.join()
    }
  }

  @Test("waited for without its lock does not see a fence that is added meanwhile (DR5)")
  func waitWithoutLock() throws {
    try explore(.exhaustive, seeing: ["a fence came during the wait"]) { kernel in
      let reservation = Reservation(kernel)
      let first = Fence(kernel, context: 1)
      let late = Fence(kernel, context: 2)
      try await reservation.addAlone(first, .bookkeep)
      kernel.thread("adder") {
        try await reservation.addAlone(late, .bookkeep)
        try await first.signal()
      }
      kernel.thread("waiter") {
        try await reservation.wait(.bookkeep)
        kernel.sometimes("a fence came during the wait", try await !late.checkSignalled())
        try await late.signal()
      }
      kernel.thread("helper") {
        // Ends the wait of a waiter that came after the adder.
        try await first.wait()
        try await late.signal()
      }
      try await kernel.join()
    }
  }

  @Test("signalled only by a thread that needs the lock which the waiter holds is a deadlock (DF9)")
  func signallerNeedsLock() throws {
    let failure = try failure(.deadlock) { kernel in
      let reservation = Reservation(kernel, "dmabuf->resv")
      let fence = Fence(kernel, "fence", context: 1)
      try await reservation.addAlone(fence, .bookkeep)
      kernel.thread("importer") {
        try await reservation.lock()
        try await fence.signal()
        try await reservation.unlock()
      }
      kernel.thread("revoker") {
        try await reservation.lock()
        try await reservation.wait(.bookkeep)
        try await reservation.unlock()
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary == "importer, revoker blocked for ever")
    #expect(
      withoutPlaces(failure.finding.details) == [
        "importer waits in dma_resv_lock(dmabuf->resv), held by revoker; holds nothing",
        "revoker waits in dma_fence_wait(fence), which no thread gives; holds dmabuf->resv",
      ])
  }
}

extension Reservation {
  /// Adds a fence as an importer does: takes the lock, makes room, adds, gives the lock back.
  func addAlone(_ fence: Fence, _ usage: FenceUsage) async throws(KernelFault) {
    try await lock()
    _ = try await reserveFences(1)
    try await add(fence, usage: usage)
    try await unlock()
  }
}
