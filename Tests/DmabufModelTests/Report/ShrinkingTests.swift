// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("Shrinking")
struct ShrinkingTests {
  @Test("comes to the least cost that brute force finds", arguments: [false, true], [1, 2, 3] as [UInt64])
  func leastCost(hasImporter: Bool, seed: UInt64) throws {
    let scenario = RevokeRace(hasImporter: hasImporter).scenario
    let all = BruteForce.failingCosts(scenario)
    let least = try #require(all.costs.min())
    let found = try failure(seed: seed, scenario)
    let shrinking = try #require(found.shrinking)
    #expect(shrinking.after == least)
    #expect(!shrinking.wasCut)
    #expect(shrinking.before >= least)
  }

  @Test("brute force, against which the cost is held, tries every interleaving")
  func bruteForce() {
    let pair = RevokeRace(hasImporter: false, skipsSecondCheck: false).scenario
    #expect(BruteForce.failingCosts(pair) == ([], 61))
    let three = RevokeRace(skipsSecondCheck: false).scenario
    #expect(BruteForce.failingCosts(three) == ([], 6_226))
  }

  @Test("leaves out threads that the failure does not need")
  func fewestThreads() throws {
    let found = try failure { kernel in
      let value = Shared(kernel, "value", 0)
      for name in ["a", "b", "c", "d"] {
        kernel.thread(name) {
          let old = try await value.load()
          try await value.store(old + 1)
          try kernel.check(try await value.load() > old, "went back")
          if name == "d" { try await value.store(0) }
        }
      }
    }
    let shrinking = try #require(found.shrinking)
    #expect(shrinking.after == ScheduleCost(threads: 2, switches: 2, steps: 7))
    #expect(!shrinking.wasCut)
  }

  @Test("says that it was cut when its budget was spent")
  func budget() throws {
    let found = try failure(reporting: .with { $0.shrinkingExecutions = 3 }, RevokeRace().scenario)
    let shrinking = try #require(found.shrinking)
    #expect(shrinking.executions == 3)
    #expect(shrinking.wasCut)
    #expect(found.description.contains("there may be less, the search was cut"))
  }

  @Test(
    "shows the same schedule whichever one was found", arguments: [RevokeRace().scenario, philosophers, oppositeOrders])
  func canonical(scenario: @escaping Scenario) throws {
    let reports = try (1...5).map { try failure(seed: $0, scenario).schedule }
    #expect(Set(reports).count == 1, "\(reports)")
  }

  @Test("is left out on request")
  func off() throws {
    let found = try failure(reporting: .with { $0.shrinkingExecutions = 0 }, RevokeRace().scenario)
    #expect(found.shrinking == nil)
    #expect(found.flip == nil)
  }

  @Test("keeps to the defect that was found when there is another, smaller one")
  func sameFinding() throws {
    let found = try failure(seed: 3, twoDefects)
    let again = try failure(seed: 3, reporting: .with { $0.shrinkingExecutions = 0 }, twoDefects)
    #expect(found.finding.summary == again.finding.summary)
  }

  @Test("shortens a schedule that is much too long for a search of all")
  func longSchedule() throws {
    let found = try failure { kernel in
      let flag = Shared(kernel, "flag", 0)
      for name in ["a", "b"] {
        kernel.thread(name) {
          for round in 0..<100 {
            if name == "a" { try await flag.store(round) } else { _ = try await flag.load() }
          }
        }
      }
      try await kernel.join()
      try kernel.check(false, "always")
    }
    #expect(found.shrinking?.after == ScheduleCost(threads: 2, switches: 1, steps: 200))
  }

  @Test("a livelock is reported as it is, and quickly")
  func livelock() throws {
    var limits = Limits()
    limits.stepsPerExecution = 30_000
    let found = try #require(throws: ScheduleFailure.self) {
      try explore(.random(seed: 1, schedules: 1), limits: limits) { kernel in
        let flag = Shared(kernel, "flag", false)
        kernel.thread("spinner") { while try await !flag.load() {} }
        kernel.thread("other") { _ = try await flag.load() }
      }
    }
    #expect(found.finding.kind == .stepLimit)
    #expect(found.description.split(separator: "\n").count < 90)
  }

  @Test("of a use after free the decision behind it decides, where there is one")
  func decisionBehindFree() throws {
    let found = try failure { kernel in
      let priv = kernel.allocate("priv")
      let field = Shared(kernel, "priv->field", 0, in: priv)
      let list = Shared(kernel, "list", true)
      kernel.thread("user") { if try await list.load() { _ = try await field.load() } }
      kernel.thread("owner") {
        try await list.store(false)
        try await kernel.free(priv)
      }
    }
    #expect(found.finding.kind == .useAfterFree)
    #expect(
      found.flip?.description
        == "if owner's WRITE_ONCE(list) (step 2) came before user's READ_ONCE(list) (step 1), the run passes")

    let alone = try failure { kernel in
      let priv = kernel.allocate("priv")
      let field = Shared(kernel, "priv->field", 0, in: priv)
      kernel.thread("user") { _ = try await field.load() }
      kernel.thread("owner") { try await kernel.free(priv) }
    }
    #expect(
      alone.flip?.description
        == "if user's READ_ONCE(priv->field) (step 2) came before owner's kfree(priv) (step 1), the run passes")
  }

  @Test("the pair that decides may be of a further object and the memory that it is in")
  func furtherFlip() throws {
    let found = try failure(furtherFree)
    #expect(found.finding.kind == .useAfterFree)
    #expect(
      found.flip?.description
        == "if a's pass_along(gate) (step 2) came before b's kfree(priv) (step 1), the run passes")
  }

  @Test("the pair that decides makes the run pass the other way round")
  func flip() throws {
    let found = try failure(RevokeRace().scenario)
    #expect(
      found.flip?.description
        == "if F's down_read(ml) (step 13) came before R's down_write(ml) (step 4), the run passes")
  }

  @Test("where no pair decides, the report says so")
  func noFlip() throws {
    let found = try failure(oppositeOrders)
    #expect(found.flip == nil)
    #expect(found.description.contains("flip: none; it fails with the one pair"))
  }
}

/// A scenario that can fail in two ways, one of which needs fewer steps than the other.
@Sendable private func twoDefects(_ kernel: Kernel) async throws {
  let value = Shared(kernel, "value", 0)
  kernel.thread("a") {
    try await value.store(1)
    try await value.store(2)
  }
  kernel.thread("b") {
    let seen = try await value.load()
    try kernel.check(seen != 2, "saw \(seen), the end")
    try kernel.check(seen != 0, "saw nothing")
  }
}

/// Every interleaving of a scenario, one after the other, without any reduction.
private final class BruteForce: Strategy {
  private var path: [(choices: [Int], place: Int)] = []
  private var depth = 0
  private var hasBegun = false

  var decidesForcedSteps: Bool { true }

  static func failingCosts(_ scenario: @escaping Scenario) -> (costs: [ScheduleCost], executions: Int) {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let strategy = BruteForce()
    var costs: [ScheduleCost] = []
    var executions = 0
    while strategy.beginExecution() {
      executions += 1
      if kernel.execute(scenario, under: strategy, recording: nil).finding != nil { costs.append(ScheduleCost(kernel)) }
    }
    return (costs, executions)
  }

  func beginExecution() -> Bool {
    depth = 0
    if !hasBegun {
      hasBegun = true
      return true
    }
    while let last = path.popLast() {
      if last.place + 1 < last.choices.count {
        path.append((last.choices, last.place + 1))
        return true
      }
    }
    return false
  }

  func choose(_ point: DecisionPoint) -> Int {
    // Waits for the end of a thread commute with all other steps, and are no part of the count.
    if let joiner = point.joiner { return joiner }
    if depth == path.count {
      path.append((Array(point.enabled), 0))
    }
    defer { depth += 1 }
    return path[depth].choices[path[depth].place]
  }
}
