// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A completion")
struct CompletionTests {
  @Test("keeps one token for each complete, and a wait takes one (CO1, CO2, CO4, CO6)", arguments: [0, 1, 2, 5])
  func tokens(count: Int) throws {
    try explore(.serial) { kernel in
      let done = Completion(kernel)
      try kernel.expect(try await done.isDone(), is: false, "a new completion")
      for _ in 0..<count { try await done.complete() }
      for _ in 0..<count {
        try kernel.expect(try await done.isDone(), is: true)
        try await done.wait()
      }
      try kernel.expect(try await done.isDone(), is: false, "after \(count) waits")
      try kernel.expect(try await done.tryWait(), is: false, "one wait more")
    }
  }

  @Test("that was completed for all never runs out until it is taken back (CO1, CO3)")
  func completeAll() throws {
    try explore(.serial) { kernel in
      let done = Completion(kernel)
      try await done.completeAll()
      for _ in 0..<5 { try await done.wait() }
      try await done.complete()
      try kernel.expect(try await done.tryWait(), is: true)
      try await done.reset()
      try kernel.expect(try await done.isDone(), is: false, "after reinit_completion")
    }
  }

  @Test("answers a look without sleeping (CO9)")
  func tryWait() throws {
    try explore(.serial) { kernel in
      let done = Completion(kernel)
      try kernel.expect(try await done.tryWait(), is: false)
      try await done.complete()
      try kernel.expect(try await done.isDone(), is: true)
      try kernel.expect(try await done.isDone(), is: true, "a second look")
      try kernel.expect(try await done.tryWait(), is: true)
      try kernel.expect(try await done.tryWait(), is: false, "the token is gone")
    }
  }

  @Test("that nobody completes is a hung task, not a timeout (CO4)")
  func neverCompleted() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in try await Completion(kernel, "comp").wait() }
    #expect(failure.finding.summary == "main blocked for ever")
    #expect(
      withoutPlaces(failure.finding.details)
        == ["main waits in wait_for_completion(comp), which no thread gives; holds nothing"])
  }
}

@Suite("A completion between threads")
struct CompletionRaceTests {
  @Test("lets as many waiters go as it was completed, in any order (CO2, CO4)")
  func waiters() throws {
    let orders = Box<Set<[Int]>>([])
    try explore(.exhaustive) { kernel in
      let done = Completion(kernel)
      let order = Shared<[Int]>(kernel, "order", [])
      let turn = SleepingMutex(kernel, "turn")
      for number in 1...2 {
        kernel.thread("w\(number)") {
          try await done.wait()
          try await turn.lock()
          try await order.store(try await order.load() + [number])
          try await turn.unlock()
        }
      }
      for _ in 0..<2 { try await done.complete() }
      try await kernel.join()
      try kernel.expect(try await done.isDone(), is: false, "every token is taken: isDone")
      let seen = try await order.load()
      orders.update { $0.insert(seen) }
    }
    #expect(orders.value == [[1, 2], [2, 1]])
  }

  @Test("does not hand its token to the waiter it wakes: a third party can take it first (CO5)")
  func stolenToken() throws {
    let failure = try failure(.deadlock) { kernel in
      let done = Completion(kernel, "comp")
      kernel.thread("waiter") { try await done.wait() }
      kernel.thread("thief") { _ = try await done.tryWait() }
      try await done.complete()
      try await kernel.join()
    }
    #expect(failure.finding.summary == "waiter blocked for ever")
    #expect(failure.recording.steps.contains { $0.label == "try_wait_for_completion" })
    #expect(failure.recording.steps.contains { $0.label == "complete" }, "it was completed and hangs all the same")
  }

  @Test("taken back between complete and the waiter's turn loses the wake-up (CO10)")
  func lostWakeUp() throws {
    let failure = try failure(.deadlock) { kernel in
      let done = Completion(kernel, "comp")
      kernel.thread("w1") {
        try await done.wait()
        try await done.reset()
      }
      kernel.thread("w2") { try await done.wait() }
      for _ in 0..<2 { try await done.complete() }
      try await kernel.join()
    }
    #expect(failure.finding.summary.hasSuffix(" blocked for ever"))
    let labels = failure.recording.steps.map(\.label)
    #expect(labels.filter { $0 == "complete" }.count == 2 && labels.contains("reinit_completion"), "\(failure)")
  }

  @Test("taken back by the one waiter, who is done with it, loses nothing (CO10)")
  func resetByTheWaiter() throws {
    try explore(.exhaustive) { kernel in
      let done = Completion(kernel)
      let again = Completion(kernel)
      kernel.thread("waiter") {
        for _ in 0..<2 {
          try await done.wait()
          try await done.reset()
          try await again.complete()
        }
      }
      for _ in 0..<2 {
        try await done.complete()
        try await again.wait()
      }
      try await kernel.join()
    }
  }
}
