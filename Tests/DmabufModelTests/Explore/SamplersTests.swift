// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// The strategies that sample: the same for the same seed, and good at what they promise.
struct SamplersTests {
  enum Sampler: CaseIterable {
    case random, pct, pos, urw

    func strategy(seed: UInt64, schedules: Int, depth: Int = 3) -> any Strategy {
      switch self {
      case .random: .random(seed: seed, schedules: schedules)
      case .pct: .pct(seed: seed, schedules: schedules, depth: depth)
      case .pos: .pos(seed: seed, schedules: schedules)
      case .urw: .urw(seed: seed, schedules: schedules)
      }
    }

    /// After how many schedules it finds a failure; nothing if it does not.
    func schedulesToFailure(seed: UInt64, most: Int, depth: Int = 3, _ scenario: @escaping Scenario) throws -> Int? {
      do { try explore(strategy(seed: seed, schedules: most, depth: depth), scenario) } catch let failure
        as ScheduleFailure
      { return failure.executions }
      return nil
    }
  }

  @Test(arguments: Sampler.allCases)
  func takesTheSameStepsForTheSameSeed(sampler: Sampler) throws {
    func steps(seed: UInt64) throws -> [[UInt8]] {
      let keeping = KeepingThreads(sampler.strategy(seed: seed, schedules: 300))
      #expect(try survey(keeping, Race.scenario("FFRM")).report.verdict == .sampled(schedules: 300))
      return keeping.executions
    }
    #expect(try steps(seed: 7) == steps(seed: 7))
    #expect(try steps(seed: 7) != steps(seed: 8))
    #expect(Set(try steps(seed: 7)).count > 30)
  }

  @Test(arguments: Sampler.allCases, 1...5 as ClosedRange<UInt64>)
  func findsTheSeededBugOfTheRace(sampler: Sampler, seed: UInt64) throws {
    let found = try sampler.schedulesToFailure(
      seed: seed, most: 200, depth: 2, Race.scenario("FRM", looksTwice: false))
    #expect(found != nil)
  }

  @Test(arguments: Sampler.allCases)
  func findsNothingWhereNothingIs(sampler: Sampler) throws {
    #expect(try sampler.schedulesToFailure(seed: 1, most: 500, Race.scenario("FFRM")) == nil)
  }

  /// Two changes in the middle of long runs: a coin at each step has to fall on one side some forty times in a row.
  @Test func pctFindsABugOfDepthThreeThatAPlainWalkMisses() throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      let noise = Shared(kernel, "noise", 0)
      kernel.thread("a") {
        for _ in 0..<20 { _ = try await noise.load() }
        try await x.store(1)
        for _ in 0..<20 { _ = try await noise.load() }
        let mine = try await x.load()
        try kernel.check(mine != 2, "b came between, and only once")
      }
      kernel.thread("b") {
        for _ in 0..<20 { _ = try await noise.load() }
        if try await x.load() != 1 { return }
        try await x.store(2)
        for _ in 0..<20 { _ = try await noise.load() }
        try await x.store(3)
      }
      try await kernel.join()
    }
    // Walks of two threads side by side stay within a few steps of each other; the window is twenty steps wide.
    for seed in 1...3 as ClosedRange<UInt64> {
      #expect(try Sampler.pct.schedulesToFailure(seed: seed, most: 400, depth: 3, scenario) != nil)
      #expect(try Sampler.pct.schedulesToFailure(seed: seed, most: 400, depth: 1, scenario) == nil)
    }
  }

  /// All 56 interleavings of three and five steps have the same chance once the lengths are known.
  @Test func urwIsUniformOverInterleavings() throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("short") { for _ in 0..<3 { try await x.store(1) } }
      kernel.thread("long") { for _ in 0..<5 { try await x.store(2) } }
      try await kernel.join()
    }
    #expect(try spread(.urw, scenario).counts.count == 56)
    let urw = try spread(.urw, scenario).chiSquare
    let random = try spread(.random, scenario).chiSquare
    // 55 degrees of freedom: above 93.2 once in a thousand seeds.
    #expect(urw < 93.2)
    #expect(random > 1_000)
  }

  /// A step that has drawn low waits for all others.
  ///
  /// Behind thirteen of them once in 14 executions, where coins fall so once in 8,192.
  @Test(arguments: [(0, 900...1_100), (12, 100...190)])
  func posLetsALongThreadOvertakeAShortOne(length: Int, expected: ClosedRange<Int>) throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      let noise = Shared(kernel, "noise", 0)
      kernel.thread("long") {
        for _ in 0..<length { _ = try await noise.load() }
        try await x.store(1)
      }
      kernel.thread("short") { try await x.store(2) }
      try await kernel.join()
      kernel.sometimes("overtaken", try await x.load() == 2)
    }
    let pos = try survey(.pos(seed: 3, schedules: 2_000), scenario).report
    #expect(expected.contains(pos.executions(seeing: "overtaken")))
  }

  private func spread(
    _ sampler: Sampler, _ scenario: @escaping Scenario
  ) throws -> (counts: [[UInt8]: Int], chiSquare: Double) {
    let schedules = 5_600
    let keeping = KeepingThreads(sampler.strategy(seed: 1, schedules: schedules + 1))
    _ = try survey(keeping, scenario)
    // The first one is the trial run. Joins are a matter of the thread that joins.
    let counts: [[UInt8]: Int] = keeping.executions.dropFirst().reduce(into: [:]) {
      $0[$1.filter { $0 != 0 }, default: 0] += 1
    }
    let expected = Double(schedules) / 56
    var chiSquare = Double(56 - counts.count) * expected
    for count in counts.values {
      let distance = Double(count) - expected
      chiSquare += distance * distance / expected
    }
    return (counts, chiSquare)
  }
}

/// Keeps which thread took each step of each execution.
private final class KeepingThreads: Strategy {
  private let base: any Strategy
  private(set) var executions: [[UInt8]] = []

  init(_ base: any Strategy) { self.base = base }

  func beginExecution() -> Bool { base.beginExecution() }
  func choose(_ point: DecisionPoint) -> Int { base.choose(point) }

  func endExecution(_ execution: Execution) {
    executions.append(execution.kernel.events.map(\.thread))
    base.endExecution(execution)
  }
}
