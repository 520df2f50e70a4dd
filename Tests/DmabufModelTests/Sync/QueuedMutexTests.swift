// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A mutex with the kernel's queue")
struct QueuedMutexTests {
  /// Threads that each lock a mutex, or a reservation, and unlock it; one with a `?` only tries.
  private static func trace(_ order: [UInt8], _ threads: String..., isReservation: Bool = false) -> [String] {
    queueTrace(order) { kernel in
      kernel.queueLocks()
      let mutex = SleepingMutex(kernel, "mutex")
      let reservation = Reservation(kernel, "resv")
      for name in threads {
        kernel.thread(name) {
          if isReservation {
            try await reservation.lock()
            try await reservation.unlock()
          } else if name.hasSuffix("?") {
            if try await mutex.tryLock() { try await mutex.unlock() }
          } else {
            try await mutex.lock()
            try await mutex.unlock()
          }
        }
      }
      try await kernel.join()
    }
  }

  @Test("is handed to the first thread in the queue when that has been woken in vain (M2, M3)")
  func handOff() {
    let lines = Self.trace([1, 2, 1, 3, 2, 4, 3, 2, 2, 4, 4], "a", "b", "thief", "late")
    #expect(
      lines == [
        "a: mutex_lock", "b: mutex_lock, queued", "a: mutex_unlock, wakes b",
        "thief: mutex_lock, stolen from 1 in the queue", "b: schedule, mutex is gone, handoff",
        "late: mutex_lock, queued behind 1", "thief: mutex_unlock, handed to b", "b: schedule, has mutex",
        "b: mutex_unlock, wakes late", "late: schedule, has mutex", "late: mutex_unlock",
      ])
  }

  @Test("may be stolen by a newcomer, and by a try, from a thread that has been woken (M2, M5)")
  func stolen() {
    for thief in ["thief", "thief?"] {
      let lines = Self.trace([1, 2, 1, 3, 3, 2, 2], "a", "b", thief)
      let steals = thief == "thief" ? "mutex_lock, stolen from 1 in the queue" : "mutex_trylock, = 1"
      #expect(
        lines == [
          "a: mutex_lock", "b: mutex_lock, queued", "a: mutex_unlock, wakes b",
          "\(thief): \(steals)", "\(thief): mutex_unlock, wakes b", "b: schedule, has mutex", "b: mutex_unlock",
        ])
    }
  }

  @Test("refuses a try when it has been handed to a thread that has not run yet (M2, M5)")
  func tryDuringHandOff() {
    let lines = Self.trace([1, 2, 1, 3, 2, 3, 4], "a", "b", "thief", "t?")
    #expect(lines.contains("t?: mutex_trylock, = 0"), "\(lines)")
  }

  @Test("of a reservation without an acquire context has the same queue (M2, M3, WW2)")
  func reservation() {
    let lines = Self.trace([1, 2, 3, 1, 2, 2, 3, 3], "a", "b", "c", isReservation: true)
    #expect(
      lines == [
        "a: dma_resv_lock", "b: dma_resv_lock, queued", "c: dma_resv_lock, queued behind 1",
        "a: dma_resv_unlock, wakes b", "b: schedule, has resv", "b: dma_resv_unlock, wakes c", "c: schedule, has resv",
        "c: dma_resv_unlock",
      ])
  }

  @Test("does the same under the same schedule")
  func isDeterministic() {
    let order: [UInt8] = [1, 2, 3, 1, 4, 2, 4, 2]
    let one = Self.trace(order, "a", "b", "c", "d?")
    #expect(one == Self.trace(order, "a", "b", "c", "d?"))
    #expect(one.count > order.count)
  }
}

@Suite("A mutex with the kernel's queue, between threads")
struct QueuedMutexRaceTests {
  @Test("makes load and store one, and serves three threads in every order", arguments: [true, false])
  func exclusion(byStates: Bool) throws {
    let scenario: Scenario = { kernel in
      kernel.queueLocks()
      let lock = SleepingMutex(kernel)
      let field = Shared(kernel, "field", "")
      for name in ["a", "b", "c"] {
        kernel.thread(name) {
          try await lock.lock()
          try lock.assertHeldAlone()
          try await field.store(try await field.load() + name)
          try await lock.unlock()
        }
      }
      try await kernel.join()
      kernel.outcome(try await field.load())
    }
    let report = byStates ? try explore(.stateCaching, scenario) : try explore(.exhaustive, scenario)
    #expect(report.outcomes.count == 6, "\(report)")
  }

  @Test("is still touched by an unlock when another thread has it: the new owner must not free it (M6)")
  func freedByTheNextOwner() throws {
    let scenario: @Sendable (Bool) -> Scenario = { isQueued in
      { kernel in
        if isQueued { kernel.queueLocks() }
        let thing = kernel.allocate("thing")
        let lock = SleepingMutex(kernel, "thing->lock", in: thing)
        let left = Kref(kernel, "left")
        for _ in 0..<2 { try await left.get() }
        for name in ["a", "b", "c"] {
          kernel.thread(name) {
            try await lock.lock()
            let isLast = try await left.put()
            try await lock.unlock()
            if isLast { try await kernel.free(thing) }
          }
        }
        try await kernel.join()
      }
    }
    try explore(.exhaustive, scenario(false))
    let failure = try failure(.useAfterFree, scenario(true))
    #expect(
      failure.finding.summary.hasSuffix(
        "still wakes those that wait for a lock in thing, which has been freed meanwhile"), "\(failure)")
    #expect(failure.finding.location?.hasPrefix("DmabufModelTests/QueuedMutexTests.swift:") == true)
  }

  @Test("is looked at by its invariants in each unlock, also in one that hands it on (M2)")
  func invariants() throws {
    for isBroken in [false, true] {
      let scenario: Scenario = { kernel in
        kernel.queueLocks()
        let lock = SleepingMutex(kernel, "lock")
        let field = Shared(kernel, "field", 0)
        lock.invariant("the field is zero") { look in look.load(field) == 0 ? nil : "it is not" }
        for name in ["a", "b", "c"] {
          kernel.thread(name) {
            try await lock.lock()
            try await field.store(1)
            if !isBroken || name != "c" { try await field.store(0) }
            try await lock.unlock()
          }
        }
        try await kernel.join()
      }
      if isBroken { _ = try failure(.invariant, scenario) } else { try explore(.exhaustive, scenario) }
    }
  }

  @Test("that is handed to a thread counts as held by it before it runs: its structure must not be freed (M2, LD6)")
  func freedWhileHandedOver() throws {
    let failure = try failure(.heldLockFreed) { kernel in
      kernel.queueLocks()
      let thing = kernel.allocate("thing")
      let lock = ReadWriteSemaphore(kernel, "thing->lock", in: thing)
      try await lock.downWrite()
      let hasRun = Shared(kernel, "hasRun", false)
      let reader = kernel.thread("reader") {
        try await lock.downRead()
        try await hasRun.store(true)
        try await lock.upRead()
      }
      try await lock.upWrite()
      let isFree = try await lock.tryDownWrite()
      if isFree { try await lock.upWrite() }
      let isOver = try await hasRun.load()
      if isFree || isOver { try await reader.join() }
      try await kernel.free(thing)
      try await reader.join()
    }
    #expect(failure.finding.summary.contains("while reader holds thing->lock (read)"), "\(failure)")
  }
}
