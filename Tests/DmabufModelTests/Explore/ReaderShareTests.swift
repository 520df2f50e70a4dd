// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Shares of a lock that a search does not see being taken or given back, or not by one thread: while the scenario's
/// own thread is alone, or from one thread to another.
@Suite("Shares of a lock")
struct ReaderShareTests {
  /// The order of a reader and a writer, whoever has the lower number.
  private static let orders = [["r", "w"], ["w", "r"]]

  private func classes(_ scenario: @escaping Scenario) throws -> Int {
    let report = try explore(.exhaustive, name: "shares", scenario)
    #expect(report.abandoned == 0)
    let brute = ObservingStrategy(BruteForceStrategy())
    _ = try survey(brute, scenario)
    #expect(report.executions == brute.observed.traces.count)
    return report.executions
  }

  @Test("taken before there are threads", arguments: orders)
  func takenAlone(order: [String]) throws {
    let count = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      try await lock.downRead()
      start(order, lock)
      try await lock.upRead()
      try await kernel.join()
    }
    #expect(count == 2)
  }

  @Test("taken before there are two readers and a writer")
  func takenBeforeTwoReaders() throws {
    let count = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      try await lock.downRead()
      start(["r", "r", "w"], lock)
      try await lock.upRead()
      try await kernel.join()
    }
    #expect(count == 4)
  }

  @Test("kept of a lock that was held alone", arguments: orders)
  func downgradedAlone(order: [String]) throws {
    let count = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      try await lock.downWrite()
      try await lock.downgrade()
      start(order, lock)
      try await lock.upRead()
      try await kernel.join()
    }
    #expect(count == 2)
  }

  @Test("given back when the other threads have been joined", arguments: orders)
  func givenBackAlone(order: [String]) throws {
    let count = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      let first = kernel.thread("first") {
        try await lock.downRead()
        try await lock.upRead()
      }
      try await lock.downRead()
      try await first.join()
      try await lock.upRead()
      start(order, lock)
      try await kernel.join()
    }
    #expect(count == 2)
  }

  @Test("in a second round of threads", arguments: orders)
  func secondRound(order: [String]) throws {
    let count = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      start(order, lock)
      try await kernel.join()
      try await lock.downRead()
      start(order, lock)
      try await lock.upRead()
      try await kernel.join()
    }
    #expect(count == 4)
  }

  @Test(
    "taken and given back by a step on something else, with a look at the lock in between",
    arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
  func furtherAccess(order: [Int]) throws {
    let count = try classes { kernel in
      let lock = BareReadWriteLock(kernel)
      let gate = Gate(kernel, lock)
      for thread in order {
        switch thread {
        case 0:
          kernel.thread("passes") {
            try await gate.enter()
            try await gate.leave()
          }
        case 1: kernel.thread("looks") { try await lock.look() }
        default:
          kernel.thread("w") {
            try await lock.lock()
            try await lock.unlock()
          }
        }
      }
      try await kernel.join()
    }
    #expect(count == 20)
  }

  @Test("given back by another thread than that which took it")
  func handedOver() throws {
    let count = try classes { kernel in
      let lock = BareReadWriteLock(kernel)
      let done = Completion(kernel)
      kernel.thread("takes") {
        try await lock.lockShared()
        try await done.complete()
      }
      kernel.thread("gives") {
        try await done.wait()
        try await lock.unlockShared()
      }
      kernel.thread("r") {
        try await lock.lockShared()
        try await lock.unlockShared()
      }
      kernel.thread("w") {
        try await lock.lock()
        try await lock.unlock()
      }
      try await kernel.join()
    }
    #expect(count == 4)
  }
}

/// Takes a share of a lock in passing, and gives it back so.
private actor Gate: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private let lock: BareReadWriteLock

  init(_ kernel: Kernel, _ lock: BareReadWriteLock) {
    self.kernel = kernel
    self.lock = lock
    object = kernel.register("gate")
  }

  func enter() async throws(KernelFault) {
    try await step(.write, "enter", also: ObjectAccess(lock.object, .acquireShared))
    await lock.addReader()
  }

  func leave() async throws(KernelFault) {
    try await step(.write, "leave", also: ObjectAccess(lock.object, .releaseShared))
    await lock.removeReader()
  }
}

/// Starts a thread for each letter: one that takes a share of a lock, or the lock alone, and gives it back.
private func start(_ order: [String], _ lock: ReadWriteSemaphore) {
  for name in order {
    lock.kernel.thread(name) {
      if name == "r" {
        try await lock.downRead()
        try await lock.upRead()
      } else {
        try await lock.downWrite()
        try await lock.upWrite()
      }
    }
  }
}
