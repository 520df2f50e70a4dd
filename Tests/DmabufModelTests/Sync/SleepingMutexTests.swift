// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A mutex")
struct SleepingMutexTests {
  @Test("is refused by a try while it is held, by its owner too, and given to a try while it is free (M5)")
  func tryLock() throws {
    try explore(.serial) { kernel in
      let lock = SleepingMutex(kernel)
      try kernel.expect(try await lock.tryLock(), is: true, "the first try")
      try lock.assertHeld()
      try kernel.expect(try await lock.tryLock(), is: false, "the owner's second try")
      try await lock.unlock()
      try kernel.expect(try await lock.tryLock(), is: true, "a try after the unlock")
      try await lock.unlock()
    }
  }

  @Test("that is not held fails the check that it is, with the place of the check")
  func assertHeld() throws {
    let failure = try failure(.lockNotHeld, under: .serial) { kernel in
      let lock = SleepingMutex(kernel, "dev_set->lock")
      try await lock.lock()
      try await lock.unlock()
      try lock.assertHeld()
    }
    #expect(failure.finding.summary == "main must hold dev_set->lock here")
    #expect(failure.finding.location?.hasPrefix("DmabufModelTests/SleepingMutexTests.swift:") == true)
  }
}

@Suite("A mutex between threads")
struct SleepingMutexRaceTests {
  @Test("makes load and store one: no increment is lost, whoever is first")
  func exclusion() throws {
    let orders = Box<Set<String>>([])
    try explore(.exhaustive) { kernel in
      let lock = SleepingMutex(kernel)
      let field = Shared(kernel, "field", "")
      for name in ["a", "b", "c"] {
        kernel.thread(name) {
          try await lock.lock()
          try await field.store(try await field.load() + name)
          try await lock.unlock()
        }
      }
      try await kernel.join()
      let order = try await field.load()
      try kernel.expect(order.count, is: 3, "the number of letters")
      orders.update { $0.insert(order) }
    }
    #expect(orders.value.count == 6, "every order of three can be had under the any-order policy: \(orders.value)")
  }

  @Test("is both got and refused by a try that races a holder (M5)")
  func tryAgainstHolder() throws {
    try explore(.exhaustive, seeing: ["got", "refused"]) { kernel in
      let lock = SleepingMutex(kernel)
      let inside = Shared(kernel, "inside", 0)
      kernel.thread("holder") {
        try await lock.lock()
        try await inside.store(1)
        try await inside.store(0)
        try await lock.unlock()
      }
      kernel.thread("trier") {
        if try await lock.tryLock() {
          kernel.sometimes("got")
          try kernel.expect(try await inside.load(), is: 0, "inside")
          try await lock.unlock()
        } else {
          kernel.sometimes("refused")
        }
      }
      try await kernel.join()
    }
  }
}
