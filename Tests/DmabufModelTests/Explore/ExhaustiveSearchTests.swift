// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// What an exhaustive search owes to those who use it, and cases that its algorithm has to get right.
struct ExhaustiveSearchTests {
  /// Holds a scenario against brute force.
  private func check(_ scenario: @escaping Scenario) throws -> Observed {
    let brute = ObservingStrategy(BruteForceStrategy())
    _ = try survey(brute, scenario)
    let optimal = ObservingStrategy(ExhaustiveStrategy())
    let report = try survey(optimal, scenario).report
    #expect(optimal.observed.sees(theSameAs: brute.observed))
    #expect(report.executions == optimal.observed.traces.count)
    #expect(report.abandoned == 0)
    return optimal.observed
  }

  /// A writer can only come first without the shares of both readers: neither gives its share back without the other.
  @Test func writerComesBeforeReadersWhoMeetInside() throws {
    let seen = try check { kernel in
      let lock = BareReadWriteLock(kernel)
      let left = Completion(kernel, "left")
      let right = Completion(kernel, "right")
      let x = Shared(kernel, "x", 0)
      kernel.thread("left") {
        try await lock.lockShared()
        try await left.complete()
        try await right.wait()
        try await lock.unlockShared()
      }
      kernel.thread("right") {
        try await lock.lockShared()
        try await right.complete()
        try await left.wait()
        try await lock.unlockShared()
      }
      kernel.thread("writer") {
        try await lock.lock()
        try await x.store(1)
        try await lock.unlock()
      }
      try await kernel.join()
    }
    #expect(seen.traces.count == 2)
  }

  @Test func readersWhoMeetWithTwoWriters() throws {
    _ = try check { kernel in
      let lock = BareReadWriteLock(kernel)
      let met = Completion(kernel, "met")
      kernel.thread("waits") {
        try await lock.lockShared()
        try await lock.lockShared()
        try await met.wait()
        try await lock.unlockShared()
        try await lock.unlockShared()
      }
      kernel.thread("completes") {
        try await lock.lockShared()
        try await met.complete()
        try await lock.unlockShared()
      }
      for _ in 0..<2 {
        kernel.thread("writer") {
          try await lock.lock()
          try await lock.downgrade()
          try await lock.unlockShared()
        }
      }
      try await kernel.join()
    }
  }

  /// The deadlock is found although the step that would show it is never taken.
  @Test func threadThatWaitsForEverTakesPart() throws {
    let scenario: Scenario = { kernel in
      let lock = SleepingMutex(kernel, "lock")
      let done = Completion(kernel, "done")
      kernel.thread("holds") {
        try await lock.lock()
        try await done.wait()
        try await lock.unlock()
      }
      kernel.thread("completes") {
        try await lock.lock()
        try await done.complete()
        try await lock.unlock()
      }
      try await kernel.join()
    }
    let seen = try check(scenario)
    #expect(seen.traces.count == 2)
    #expect(seen.failures.traces[.deadlock]?.count == 1)
  }

  /// Two threads make objects and threads at the same time, so that their numbers are a matter of the schedule.
  @Test func objectsAndThreadsMadeByRacingThreads() throws {
    let seen = try check { kernel in
      let x = Shared(kernel, "x", 0)
      for index in 0..<2 {
        kernel.thread("parent") {
          _ = try await x.load()
          let own = Shared(kernel, "own", 0)
          kernel.thread("child") {
            try await own.store(1)
            try await x.store(index)
          }
          _ = try await own.load()
        }
      }
      try await kernel.join()
    }
    #expect(seen.traces.count > 8)
  }

  /// A thread that others have joined too is joined all the same, so that nobody's next step depends on the schedule.
  @Test func severalThreadsJoinOne() throws {
    let seen = try check { kernel in
      let x = Shared(kernel, "x", 0)
      let first = kernel.thread("first") { try await x.store(1) }
      kernel.thread("second") {
        try await first.join()
        _ = try await x.load()
      }
      kernel.thread("third") { try await first.join() }
      _ = try await x.load()
      try await kernel.join()
    }
    #expect(seen.traces.count == 2)
  }

  /// A free is dependent with every access to a field, and with nothing else.
  @Test func freeRacesWithEveryField() throws {
    let scenario: Scenario = { kernel in
      let structure = kernel.allocate("priv")
      let left = Shared(kernel, "left", 0, in: structure)
      let right = Shared(kernel, "right", 0, in: structure)
      let other = Shared(kernel, "other", 0)
      kernel.thread("frees") { try await kernel.free(structure) }
      kernel.thread("left") {
        try await other.store(1)
        try await left.store(1)
      }
      kernel.thread("right") { try await right.store(1) }
      try await kernel.join()
    }
    let found = try survey(.exhaustive, scenario)
    #expect(found.executions(finding: .useAfterFree) > 0)
    #expect(found.report.abandoned == 0)
    #expect(found.report.executions > found.executions(finding: .useAfterFree))
  }

  @Test func accessToSeveralObjectsInOneStep() throws {
    let seen = try check { kernel in
      let a = AtomicCounter(kernel, "a")
      let b = AtomicCounter(kernel, "b")
      kernel.thread("adds") { _ = try await a.add(b) }
      kernel.thread("a") { _ = try await a.increment() }
      kernel.thread("b") { _ = try await b.increment() }
      try await kernel.join()
    }
    #expect(seen.traces.count == 4)
  }

  @Test func aLimitIsNotAPass() throws {
    var limits = Limits()
    limits.executions = 22
    let stopped = #expect(throws: SearchStopped.self) { try explore(.exhaustive, limits: limits, Race.scenario("FRM")) }
    #expect(stopped?.report.verdict == .stoppedAtLimit(executions: 22))
    limits.executions = 23
    #expect(try explore(.exhaustive, limits: limits, Race.scenario("FRM")).verdict == .exhaustive(executions: 23))
  }

  @Test func aScenarioThatIsNotDeterministicIsRefused() {
    let ledger = Ledger()
    ledger.begin(1)
    #expect(throws: ScenarioError.self) {
      try explore(.exhaustive) { kernel in
        ledger.note(0, by: 0)
        let isOdd = ledger.take().count & 1 == 1
        let x = Shared(kernel, "x", 0)
        let y = Shared(kernel, "y", 0)
        kernel.thread("a") { try await (isOdd ? x : y).store(1) }
        kernel.thread("b") {
          _ = try await x.load()
          try await y.store(2)
        }
        kernel.thread("c") {
          _ = try await y.load()
          try await x.store(2)
        }
        try await kernel.join()
      }
    }
  }

  /// Every kind of dependence is needed: where one is left out, classes are missed.
  @Test(arguments: [Access.write, .acquire, .acquireShared, .wake])
  func withoutADependenceClassesOfTheRaceAreMissed(ignored: Access) throws {
    let observing = ObservingStrategy(ExhaustiveStrategy(ignoring: .only(ignored)))
    _ = try survey(observing, Race.scenario("FFRM"))
    #expect(observing.observed.traces.count < 202)
  }

  @Test func withoutTheDependenceOfReadsClassesAreMissed() throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      for _ in 0..<3 { kernel.thread("add") { try await x.store(try await x.load() + 1) } }
      try await kernel.join()
    }
    #expect(try explore(.exhaustive, scenario).verdict == .exhaustive(executions: 36))
    #expect(try explore(ExhaustiveStrategy(ignoring: .only(.read)), scenario).executions < 36)
  }

  @Test func conditionsAndOutcomesAreCountedByClass() throws {
    let report = try explore(.exhaustive, seeing: ["lost"]) { kernel in
      let x = Shared(kernel, "x", 0)
      for _ in 0..<2 { kernel.thread("add") { try await x.store(try await x.load() + 1) } }
      try await kernel.join()
      kernel.sometimes("lost", try await x.load() == 1)
    }
    #expect(report.verdict == .exhaustive(executions: 4))
    #expect(report.executions(seeing: "lost") == 2)
  }
}
