// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// Programs for which it is known how many classes of equivalent executions they have.
struct ExhaustiveCountsTests {
  /// How many executions a proof takes; every one of them must be a class of its own, and none given up.
  private func classes(_ scenario: @escaping Scenario) throws -> Int {
    let observing = ObservingStrategy(ExhaustiveStrategy())
    let report = try survey(observing, scenario).report
    #expect(report.abandoned == 0)
    #expect(observing.observed.traces.count == report.executions)
    #expect(report.verdict == .exhaustive(executions: report.executions))
    return report.executions
  }

  // MARK: The race

  @Test(arguments: [("FR", 3), ("FRM", 23), ("FFRM", 202)])
  func race(word: String, expected: Int) throws { #expect(try classes(Race.scenario(word)) == expected) }

  @Test(arguments: ["FRM", "FMR", "RFM", "RMF", "MFR", "MRF"])
  func raceWithThreadsInAnyOrder(word: String) throws { #expect(try classes(Race.scenario(word)) == 23) }

  @Test(arguments: ["RFFM", "MRFF", "FMRF", "MFRF"])
  func largerRaceWithThreadsInAnyOrder(word: String) throws { #expect(try classes(Race.scenario(word)) == 202) }

  /// The totals were counted a second time by a program of another kind, over the states of the race.
  @Test(arguments: [("FR", 61, 3), ("FRM", 6_226, 23)])
  func raceByBruteForce(word: String, interleavings: Int, expected: Int) throws {
    let observing = ObservingStrategy(BruteForceStrategy())
    let found = try survey(observing, Race.scenario(word)).report.executions
    #expect(found == interleavings)
    #expect(observing.observed.traces.count == expected)
  }

  /// An importer that is refused takes a step that touches nothing of the others' where it would take a reference.
  ///
  /// So the race was counted elsewhere: 8,276 interleavings, and as many classes as without that step.
  @Test func raceWithAnIdleStepByBruteForce() throws {
    let scenario: Scenario = { kernel in
      let race = Race(kernel, looksTwice: true)
      let idle = Shared(kernel, "idle", 0)
      kernel.thread("F") { try await race.fault() }
      kernel.thread("R") { try await race.revoke() }
      kernel.thread("M") {
        try await race.resv.lock()
        let isOk = try await race.status.load() == Race.ok
        if isOk { try await race.kref.get() } else { try await idle.store(1) }
        try await race.resv.unlock()
        if !isOk { return }
        try await race.resv.lock()
        if try await race.kref.put() { try await race.done.complete() }
        try await race.resv.unlock()
      }
      try await kernel.join()
    }
    let found = try survey(BruteForceStrategy(), scenario).report.executions
    #expect(found == 8_276)
    #expect(try classes(scenario) == 23)
  }

  @Test func raceWithTheSeededBugFails() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive, Race.scenario("FR", looksTwice: false))
    }
    #expect(failure?.finding.kind == .check)
  }

  // MARK: Reads and writes

  @Test(arguments: 1...8)
  func readers(count: Int) throws {
    let found = try classes { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("writer") { try await x.store(1) }
      for _ in 0..<count { kernel.thread("reader") { _ = try await x.load() } }
      try await kernel.join()
    }
    #expect(found == 1 << count)
  }

  @Test(arguments: [(2, 5), (3, 12), (4, 28), (5, 64), (6, 144), (7, 320)])
  func lastZero(count: Int, expected: Int) throws {
    let found = try classes { kernel in
      let a = (0...count).map { _ in Shared(kernel, "a", 0) }
      kernel.thread("scan") {
        var place = count
        while try await a[place].load() != 0 { place -= 1 }
      }
      for place in 1...count { kernel.thread("add") { try await a[place].store(try await a[place - 1].load() + 1) } }
      try await kernel.join()
    }
    #expect(found == expected)
  }

  @Test(arguments: [(2, 4), (3, 36), (4, 576)])
  func loadThenStore(count: Int, expected: Int) throws {
    let found = try classes { kernel in
      let x = Shared(kernel, "x", 0)
      for _ in 0..<count { kernel.thread("add") { try await x.store(try await x.load() + 1) } }
      try await kernel.join()
    }
    #expect(found == expected)
  }

  @Test(arguments: [(2, 2), (3, 6), (4, 24), (5, 120)])
  func atomicIncrements(count: Int, expected: Int) throws {
    let found = try classes { kernel in
      let x = AtomicCounter(kernel)
      for _ in 0..<count { kernel.thread("add") { _ = try await x.increment() } }
      try await kernel.join()
    }
    #expect(found == expected)
  }

  // MARK: Steps that wait

  @Test(arguments: [(2, 2), (3, 6), (4, 24), (5, 120)])
  func incrementsUnderALock(count: Int, expected: Int) throws {
    let found = try classes { kernel in
      let lock = SleepingMutex(kernel)
      let x = Shared(kernel, "x", 0)
      for _ in 0..<count {
        kernel.thread("add") {
          try await lock.lock()
          try await x.store(try await x.load() + 1)
          try await lock.unlock()
        }
      }
      try await kernel.join()
    }
    #expect(found == expected)
  }

  @Test(arguments: 2...6)
  func philosophersWhoTakeForksInOrder(count: Int) throws {
    #expect(
      try classes(Self.philosophers(count) { (min($0, ($0 + 1) % count), max($0, ($0 + 1) % count)) }) == 1 << count - 2
    )
  }

  @Test(arguments: 2...6)
  func philosophersWhoTakeTheLeftForkFirst(count: Int) throws {
    let scenario = Self.philosophers(count) { ($0, ($0 + 1) % count) }
    #expect(try classes(scenario) == 1 << count - 1)
    #expect(try survey(.exhaustive, scenario).executions(finding: .deadlock) == 1)
    var options = ReportOptions()
    options.shrinkingExecutions = 0
    #expect(throws: ScheduleFailure.self) { try explore(.exhaustive, reporting: options, scenario) }
  }

  private static func philosophers(_ count: Int, forks: @escaping @Sendable (Int) -> (Int, Int)) -> Scenario {
    { kernel in
      let table = (0..<count).map { _ in BareLock(kernel, "fork") }
      for seat in 0..<count {
        let (first, second) = forks(seat)
        kernel.thread("philosopher") {
          try await table[first].lock()
          try await table[second].lock()
          try await table[second].unlock()
          try await table[first].unlock()
        }
      }
      try await kernel.join()
    }
  }

  /// Each reader of a lock comes before or behind the writer.
  @Test(arguments: 1...6)
  func readersOfALockAndOneWriter(count: Int) throws {
    let found = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      kernel.thread("writer") {
        try await lock.downWrite()
        try await lock.upWrite()
      }
      for _ in 0..<count {
        kernel.thread("reader") {
          try await lock.downRead()
          try await lock.upRead()
        }
      }
      try await kernel.join()
    }
    #expect(found == 1 << count)
  }

  @Test func twoReadersOfALockCommute() throws {
    let found = try classes { kernel in
      let lock = ReadWriteSemaphore(kernel)
      for _ in 0..<4 {
        kernel.thread("reader") {
          try await lock.downRead()
          try await lock.upRead()
        }
      }
      try await kernel.join()
    }
    #expect(found == 1)
  }

  @Test func aWaitHasOneOrderOnly() throws {
    let found = try classes { kernel in
      let done = Completion(kernel)
      kernel.thread("waits") { try await done.wait() }
      kernel.thread("completes") { try await done.complete() }
      try await kernel.join()
    }
    #expect(found == 1)
  }

  /// All orders of two waits and two completions in which each wait finds a token: 2 · 2 names for each of two
  /// patterns.
  @Test func tokensOfACompletion() throws {
    let found = try classes { kernel in
      let done = Completion(kernel)
      for _ in 0..<2 {
        kernel.thread("waits") { try await done.wait() }
        kernel.thread("completes") { try await done.complete() }
      }
      try await kernel.join()
    }
    #expect(found == 8)
  }
}
