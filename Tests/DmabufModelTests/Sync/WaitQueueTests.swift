// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A wait queue")
struct WaitQueueTests {
  @Test("lets a thread go on at once whose condition holds, without a step of its own")
  func alreadyTrue() throws {
    try explore(.serial) { kernel in
      let queue = WaitQueue(kernel)
      let flag = Shared(kernel, "flag", true)
      let before = kernel.stepCount
      try await queue.wait { try await flag.load() }
      try kernel.check(kernel.stepCount == before + 1, "more than the look at the condition")
      try kernel.expect(try await queue.isActive(), is: false)
    }
  }

  @Test("wakes everybody who waits, in every interleaving", arguments: 1...2)
  func wakesAll(waiters: Int) throws {
    let report = try explore(.exhaustive, seeing: ["slept", "did not sleep"], name: "\(waiters)") { kernel in
      let queue = WaitQueue(kernel)
      let flag = Shared(kernel, "flag", false)
      for _ in 0..<waiters {
        kernel.thread("waiter") {
          try await queue.wait { try await flag.load() }
          try kernel.expect(try await flag.load(), is: true, "woken too early")
        }
      }
      kernel.thread("waker") {
        try await flag.store(true)
        let isActive = try await queue.isActive()
        kernel.sometimes("slept", isActive)
        kernel.sometimes("did not sleep", !isActive)
        try await queue.wakeUpAll()
      }
      try await kernel.join()
      try kernel.expect(try await queue.isActive(), is: false, "nobody is left on the queue")
    }
    #expect(report.abandoned == 0)
  }

  @Test("loses the wake-up of a thread that looks before it is on the queue")
  func lostWakeUp() throws {
    let failure = try failure(.deadlock, under: .exhaustive) { kernel in
      let queue = WaitQueue(kernel)
      let flag = Shared(kernel, "flag", false)
      kernel.thread("waiter") {
        if try await flag.load() { return }
        let entry = WaitQueueEntry(kernel)
        try await queue.prepareToWait(entry)
        try await entry.schedule()
        try await queue.finishWait(entry)
      }
      kernel.thread("waker") {
        try await flag.store(true)
        try await queue.wakeUpAll()
      }
      try await kernel.join()
    }
    #expect(
      withoutPlaces(failure.finding.details) == ["waiter waits in schedule(wait), which no thread gives; holds nothing"]
    )
  }

  @Test("loses the wake-up that comes before what it is for")
  func earlyWakeUp() throws {
    let failure = try failure(.deadlock, under: .exhaustive) { kernel in
      let queue = WaitQueue(kernel)
      let flag = Shared(kernel, "flag", false)
      kernel.thread("waiter") { try await queue.wait { try await flag.load() } }
      kernel.thread("waker") {
        try await queue.wakeUpAll()
        try await flag.store(true)
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary == "waiter blocked for ever")
  }

  @Test("wakes a thread that is about to sleep, which then does not")
  func wokenBeforeItSleeps() throws {
    try explore(.serial) { kernel in
      let queue = WaitQueue(kernel)
      let entry = WaitQueueEntry(kernel)
      try await queue.prepareToWait(entry)
      try kernel.expect(try await queue.isActive(), is: true)
      try await queue.wakeUpAll()
      try await entry.schedule()
      try await queue.finishWait(entry)
    }
  }

  /// The counts are those of every interleaving, which `DMABUF_DEEP=1` goes through again for two waiters.
  @Test(
    "is searched without a class too many or too few",
    arguments: [(true, 1, 6, 0), (false, 1, 6, 2), (true, 2, 111, 0), (false, 2, 99, 40)])
  func classes(wakesLast: Bool, waiters: Int, classes: Int, deadlocks: Int) throws {
    let scenario: Scenario = { kernel in
      let queue = WaitQueue(kernel)
      let flag = Shared(kernel, "flag", false)
      for _ in 0..<waiters { kernel.thread("waiter") { try await queue.wait { try await flag.load() } } }
      kernel.thread("waker") {
        if wakesLast { try await flag.store(true) }
        try await queue.wakeUpAll()
        if !wakesLast { try await flag.store(true) }
      }
      try await kernel.join()
    }
    let optimal = ObservingStrategy(ExhaustiveStrategy())
    let reduced = try survey(optimal, scenario)
    #expect(reduced.report.abandoned == 0)
    #expect(reduced.report.executions == classes)
    #expect(reduced.executions(finding: .deadlock) == deadlocks)
    #expect((try survey(.stateCaching, scenario).executions(finding: .deadlock) > 0) == (deadlocks > 0))
    #expect(try checkCommutation(pairs: 40, scenario) > 0)
    if waiters == 2 && Environment.value("DMABUF_DEEP") == nil { return }
    let brute = ObservingStrategy(BruteForceStrategy())
    _ = try survey(brute, scenario)
    #expect(brute.observed.traces.count == classes)
    #expect(optimal.observed.sees(theSameAs: brute.observed))
  }
}
