// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// The strategies that sample against the probabilities that their definitions give, on programs small enough to count.
struct SamplerLawTests {
  /// Two threads of two steps, on two fields or on one, and three threads of one step.
  enum Program: CaseIterable {
    case apart, together, three

    var scenario: Scenario {
      let program = self
      return { kernel in
        let fields = [Shared(kernel, "x", 0), Shared(kernel, "y", 0)]
        for thread in 0..<(program == .three ? 3 : 2) {
          kernel.thread("t\(thread)") {
            for _ in 0..<(program == .three ? 1 : 2) { try await fields[program == .apart ? thread : 0].store(1) }
          }
        }
        try await kernel.join()
      }
    }
  }

  /// The chance of each interleaving, written as the threads that take its steps.
  typealias Law = [String: Double]

  static let even: Law = Law(
    uniqueKeysWithValues: ["1122", "1212", "1221", "2112", "2121", "2211"].map { ($0, 1.0 / 6) })
  /// A coin for each step as long as there is a choice.
  static let coins: Law = [
    "1122": 1.0 / 4, "1212": 1.0 / 8, "1221": 1.0 / 8, "2112": 1.0 / 8, "2121": 1.0 / 8, "2211": 1.0 / 4,
  ]
  /// The order of four numbers drawn at once: 1212 is one order of all four, 1221 is three of them, 1122 is eight.
  static let orders: Law = [
    "1122": 8.0 / 24, "1212": 1.0 / 24, "1221": 3.0 / 24, "2112": 3.0 / 24, "2121": 1.0 / 24, "2211": 8.0 / 24,
  ]
  /// Priorities that never change.
  static let halves: Law = ["1122": 1.0 / 2, "2211": 1.0 / 2]
  static let permutations: Law = Law(
    uniqueKeysWithValues: ["123", "132", "213", "231", "312", "321"].map { ($0, 1.0 / 6) })

  static let seeds: ClosedRange<UInt64> = 1...6
  static let schedules = 1_001

  /// How often each interleaving came, over all seeds, without the first schedule of each: one sampler learns from it.
  static func counts(_ program: Program, _ make: (UInt64) -> any Strategy) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    for seed in seeds {
      let keeping = OrderKeeper(make(seed))
      _ = try survey(keeping, program.scenario)
      for order in keeping.orders.dropFirst() { counts[order, default: 0] += 1 }
    }
    return counts
  }

  /// How far counts are from a law: the sum of the squares over what was expected.
  static func distance(_ counts: [String: Int], from law: Law) -> Double {
    let all = Double(counts.values.reduce(0, +))
    var distance = 0.0
    for name in Set(law.keys).union(counts.keys).sorted() {
      let expected = (law[name] ?? 0) * all
      // What cannot happen must not happen at all.
      if expected == 0 { return .infinity }
      let off = Double(counts[name] ?? 0) - expected
      distance += off * off / expected
    }
    return distance
  }

  /// Five degrees of freedom: once in a thousand seeds it is more than 20.5.
  static let tolerance = 24.0

  private func expect(
    _ program: Program, _ law: Law, sourceLocation: SourceLocation = #_sourceLocation,
    _ make: (UInt64) -> any Strategy
  ) throws {
    let counts = try Self.counts(program, make)
    #expect(Self.distance(counts, from: law) < Self.tolerance, "\(counts)", sourceLocation: sourceLocation)
  }

  @Test func walksThrowACoinForEachStep() throws {
    for program in [Program.apart, .together] {
      try expect(program, Self.coins) { RandomStrategy.random(seed: $0, schedules: Self.schedules) }
    }
  }

  @Test func posDrawsOnceForAStepThatNothingRacesWith() throws {
    try expect(.apart, Self.orders) { PosStrategy.pos(seed: $0, schedules: Self.schedules) }
    try expect(.together, Self.coins) { PosStrategy.pos(seed: $0, schedules: Self.schedules) }
  }

  @Test func urwIsEven() throws {
    // One schedule of 256 is a trial run, which throws coins.
    let law = Self.even.merging(Self.coins) { $0 * 255 / 256 + $1 / 256 }
    for program in [Program.apart, .together] {
      try expect(program, law) { UrwStrategy.urw(seed: $0, schedules: Self.schedules) }
    }
  }

  /// A thread that takes two steps three times in four counts for two, not for the one that is left of 1.75.
  @Test func urwRoundsLengths() throws {
    let runs = Box(0)
    let scenario: Scenario = { kernel in
      runs.update { $0 += 1 }
      let x = Shared(kernel, "x", 0)
      let steps = runs.value % 4 == 0 ? 1 : 2
      kernel.thread("sometimes one") { for _ in 0..<steps { try await x.store(1) } }
      kernel.thread("two") { for _ in 0..<2 { try await x.store(2) } }
      try await kernel.join()
    }
    var counts: [String: Int] = [:]
    for seed in Self.seeds {
      runs.update { $0 = 0 }
      let keeping = OrderKeeper(UrwStrategy.urw(seed: seed, schedules: 255))
      _ = try survey(keeping, scenario)
      for order in keeping.orders.dropFirst(8) where order.count == 4 { counts[order, default: 0] += 1 }
    }
    #expect(Self.distance(counts, from: Self.even) < Self.tolerance, "\(counts)")
  }

  @Test func pctWithoutChangesRunsOneThreadAfterTheOther() throws {
    try expect(.apart, Self.halves) { PctStrategy.pct(seed: $0, schedules: Self.schedules, depth: 1) }
  }

  @Test func oneStepEachComesInAnyOrder() throws {
    try expect(.three, Self.permutations) { RandomStrategy.random(seed: $0, schedules: Self.schedules) }
    try expect(.three, Self.permutations) { PosStrategy.pos(seed: $0, schedules: Self.schedules) }
    try expect(.three, Self.permutations) { UrwStrategy.urw(seed: $0, schedules: Self.schedules) }
    try expect(.three, Self.permutations) { PctStrategy.pct(seed: $0, schedules: Self.schedules, depth: 1) }
  }

  /// The paper's bound: 1 / (n · k^(d − 1)) for what needs d steps in a certain order, and never what needs more.
  @Test(arguments: [(2, ["1221", "2112"], ["1212", "2121"]), (3, ["1212", "2121"], [])])
  func pctKeepsItsPromise(depth: Int, reached: [String], beyond: [String]) throws {
    var most = 0
    var counts: [String: Int] = [:]
    for seed in Self.seeds {
      let keeping = OrderKeeper(PctStrategy.pct(seed: seed, schedules: Self.schedules, depth: depth))
      _ = try survey(keeping, Program.apart.scenario)
      most = max(most, keeping.mostPlaces)
      for order in keeping.orders.dropFirst() { counts[order, default: 0] += 1 }
    }
    // The scenario's own thread is one of the three.
    var bound = Double(counts.values.reduce(0, +)) / 3
    for _ in 1..<depth { bound /= Double(most) }
    for order in reached { #expect(Double(counts[order] ?? 0) > bound * 0.9, "\(counts), at least \(bound) each") }
    for order in beyond { #expect(counts[order] == nil, "\(counts)") }
  }

  /// What has lost its point is not taken for what it should be.
  @Test func tellsSamplersApart() throws {
    let lowest = try Self.counts(.apart) { _ in PickStrategy(Self.schedules) { _, _ in 0 } }
    let byTurns = try Self.counts(.apart) { _ in PickStrategy(Self.schedules) { run, _ in run } }
    let firstOnly = try Self.counts(.apart) { seed in
      var numbers = SplitMix64(seed: seed)
      return PickStrategy(Self.schedules) { _, place in place == 0 ? Int(numbers.next() >> 60) : 0 }
    }
    let walk = try Self.counts(.apart) { RandomStrategy.random(seed: $0, schedules: Self.schedules) }
    let urw = try Self.counts(.apart) { UrwStrategy.urw(seed: $0, schedules: Self.schedules) }
    let pos = try Self.counts(.apart) { PosStrategy.pos(seed: $0, schedules: Self.schedules) }
    for law in [Self.even, Self.coins, Self.orders] {
      for counts in [lowest, byTurns, firstOnly] { #expect(Self.distance(counts, from: law) > 200) }
    }
    #expect(Self.distance(lowest, from: Self.halves) > 200)
    for law in [Self.even, Self.orders] { #expect(Self.distance(walk, from: law) > 200) }
    for law in [Self.coins, Self.orders] { #expect(Self.distance(urw, from: law) > 200) }
    for law in [Self.coins, Self.even] { #expect(Self.distance(pos, from: law) > 200) }
  }

  /// Another seed is another sequence, and the same one the same.
  @Test func seedsMatter() throws {
    func orders(_ strategy: some Strategy) throws -> [String] {
      let keeping = OrderKeeper(strategy)
      _ = try survey(keeping, Program.together.scenario)
      return keeping.orders
    }
    #expect(try orders(.random(seed: 1, schedules: 60)) == orders(.random(seed: 1, schedules: 60)))
    #expect(try orders(.random(seed: 1, schedules: 60)) != orders(.random(seed: 2, schedules: 60)))
    #expect(try orders(.pos(seed: 1, schedules: 60)) != orders(.pos(seed: 2, schedules: 60)))
    #expect(try orders(.urw(seed: 1, schedules: 60)) != orders(.urw(seed: 2, schedules: 60)))
    #expect(try orders(.pct(seed: 1, schedules: 60)) != orders(.pct(seed: 2, schedules: 60)))
  }
}

/// Keeps who took the steps of each execution, without the joins.
private final class OrderKeeper: Strategy {
  private let base: any Strategy
  private var places = 0
  private(set) var mostPlaces = 0
  private(set) var orders: [String] = []

  init(_ base: any Strategy) { self.base = base }

  func beginExecution() -> Bool {
    places = 0
    return base.beginExecution()
  }

  func choose(_ point: DecisionPoint) -> Int {
    places += 1
    return base.choose(point)
  }

  func endExecution(_ execution: Execution) {
    mostPlaces = max(mostPlaces, places)
    orders.append(execution.kernel.events.map { $0.thread }.filter { $0 != 0 }.map { "\($0)" }.joined())
    base.endExecution(execution)
  }
}

/// Picks by a rule, from the number of the execution and of the place.
private final class PickStrategy: Strategy {
  private let executions: Int
  private let pick: (Int, Int) -> Int
  private var done = 0
  private var places = 0

  init(_ executions: Int, _ pick: @escaping (Int, Int) -> Int) {
    self.executions = executions
    self.pick = pick
  }

  func beginExecution() -> Bool {
    if done == executions { return false }
    done += 1
    places = 0
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    defer { places += 1 }
    return point.enabledThread(pick(done, places) % point.enabled.count)
  }
}
