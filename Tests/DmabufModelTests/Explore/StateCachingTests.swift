// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// The search by states: how many there are, and that it sees what others see.
struct StateCachingTests {
  private func states(_ scenario: @escaping Scenario) throws -> Int {
    let strategy = StateCachingStrategy()
    let report = try survey(strategy, scenario).report
    #expect(report.verdict == .exhaustiveByStates(states: strategy.stateCount))
    return strategy.stateCount
  }

  /// Counted a second time by a program of another kind, in which a thread is its place in the code and all results.
  ///
  /// With the results that a thread still has a use for, and a step more for an importer that is refused, that program
  /// counts 55, 294 and 1,356: the machine cannot know which results a thread has forgotten.
  @Test(arguments: [("FR", 58), ("FRM", 370), ("FFRM", 2_002)])
  func statesOfTheRace(word: String, expected: Int) throws { #expect(try states(Race.scenario(word)) == expected) }

  @Test(arguments: ["FMR", "RFM", "RMF", "MFR", "MRF"])
  func statesOfTheRaceWithThreadsInAnyOrder(word: String) throws { #expect(try states(Race.scenario(word)) == 370) }

  @Test func sixThreads() throws {
    let strategy = StateCachingStrategy()
    let report = try explore(strategy, Race.scenario("FFFRMM"))
    #expect(report.verdict == .exhaustiveByStates(states: 53_728))
    // Hardly more than a quarter of an execution a state: sleep sets leave out the second order of steps that commute.
    #expect(report.executions < 53_728 / 4)
  }

  @Test func theSeededBugIsFound() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.stateCaching, Race.scenario("FR", looksTwice: false))
    }
    #expect(failure?.finding.kind == .check)
  }

  @Test func aLimitIsNotAPass() throws {
    var limits = Limits()
    limits.executions = 9
    #expect(throws: SearchStopped.self) { try explore(.stateCaching, limits: limits, Race.scenario("FRM")) }
  }

  /// Threads that do the same in another order come to the same state: n! orders of n + 1 states.
  @Test(arguments: 2...5)
  func increments(count: Int) throws {
    let found = try states { kernel in
      let lock = SleepingMutex(kernel)
      for _ in 0..<count {
        kernel.thread("locks") {
          try await lock.lock()
          try await lock.unlock()
        }
      }
      try await kernel.join()
    }
    // Each thread before or behind its section, or one of them inside.
    #expect(found == 1 << count + count << (count - 1))
  }

  /// What the machine cannot be told apart by a name is told apart by what has happened to it.
  @Test func actorsThatSayNothingAreSearchedToo() throws {
    let ledger = Ledger()
    let scenario: Scenario = { kernel in
      ledger.begin(4)
      let x = AtomicCounter(kernel)
      for index in 0..<3 { kernel.thread("adds") { ledger.note(try await x.increment(), by: index) } }
      try await kernel.join()
      ledger.note(try await x.increment(), by: 3)
    }
    let caching = EndingsStrategy(StateCachingStrategy(), ledger)
    _ = try survey(caching, scenario)
    #expect(caching.endings.count == 6)
  }

  static let most = 400
  /// Programs to compare; ten times as many with `DMABUF_DEEP=1`.
  static let wanted = Environment.value("DMABUF_DEEP") != nil ? 12_000 : 400

  @Test(arguments: 0..<4)
  func endsInTheSameWaysOnRandomPrograms(part: Int) throws {
    var compared = 0
    var withDeadlocks = 0
    var pruned = 0
    var seed = UInt64(part) << 32 | 1 << 31
    while compared < Self.wanted / 4 {
      seed += 1
      let program = RandomProgram(seed: seed)
      let ledger = Ledger()
      if try !SizeStrategy.isWithin(Self.most, program.scenario(ledger)) { continue }
      var limits = Limits()
      limits.executions = Self.most * 2
      let brute = EndingsStrategy(BruteForceStrategy(), ledger)
      do { _ = try survey(brute, limits: limits, program.scenario(ledger)) } catch is SearchStopped { continue }
      let caching = EndingsStrategy(StateCachingStrategy(), ledger)
      let report = try survey(caching, program.scenario(ledger)).report
      compared += 1
      withDeadlocks += brute.endings.contains { $0.finding != nil } ? 1 : 0
      pruned += report.abandoned > 0 ? 1 : 0
      #expect(brute.endings == caching.endings, "seed \(seed): \(program)")
    }
    // A generator that makes nothing but trivial programs would prove nothing.
    #expect(withDeadlocks > compared / 20)
    #expect(pruned > compared / 4)
  }
}
