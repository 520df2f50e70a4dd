// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// What a search on several machines says must not depend on how many there are, nor on who is first.
struct JobsTests {
  @Test(arguments: ["FR", "FRM", "FFRM", "FMRM"])
  func provesTheSameWithAnyNumberOfJobs(word: String) throws {
    let alone = try explore(.exhaustive, jobs: 1, name: "jobs", Race.scenario(word))
    for jobs in [2, 5] {
      let together = try explore(.exhaustive, jobs: jobs, name: "jobs", Race.scenario(word))
      #expect(together.verdict == alone.verdict)
      #expect(together.executions == alone.executions)
      #expect(together.abandoned == 0)
      #expect(together.steps == alone.steps)
    }
  }

  /// More units than one: the budget of the first one is smaller than the search.
  @Test func largerSearchIsTheSameEveryTime() throws {
    let first = try explore(.exhaustive, jobs: 2, name: "jobs", Race.scenario("FFMM"))
    #expect(first.verdict == .exhaustive(executions: 360))
    #expect(first.abandoned == 0)
    // Switches belong to the schedules that stand for their classes: these too must be the same ones.
    #expect(try explore(.exhaustive, jobs: 4, name: "jobs", Race.scenario("FFMM")) == first)
    let alone = try explore(.exhaustive, name: "jobs", Race.scenario("FFMM"))
    #expect(alone.verdict == first.verdict)
    #expect(alone.steps == first.steps)
  }

  @Test func countsOutcomesAndConditionsOnce() throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      for _ in 0..<4 { kernel.thread("add") { try await x.store(try await x.load() + 1) } }
      try await kernel.join()
      let end = try await x.load()
      kernel.outcome("x", end)
      kernel.sometimes("lost", end < 4)
    }
    let alone = try explore(.exhaustive, jobs: 1, name: "outcomes", scenario)
    let together = try explore(.exhaustive, jobs: 3, name: "outcomes", scenario)
    #expect(alone.executions == 576)
    #expect(together.outcomes == alone.outcomes)
    #expect(together.conditions == alone.conditions)
    #expect(together.verdict == alone.verdict)
  }

  @Test func findsTheSameFailureWithAnyNumberOfJobs() throws {
    func failure(_ jobs: Int) -> ScheduleFailure? {
      #expect(throws: ScheduleFailure.self) {
        try explore(.exhaustive, jobs: jobs, name: "failure", Race.scenario("FFRM", looksTwice: false))
      }
    }
    let two = failure(2)
    #expect(failure(5)?.description == two?.description)
    #expect(failure(1)?.finding.kind == two?.finding.kind)
  }

  @Test func surveysDeadlocksOnce() throws {
    let scenario: Scenario = { kernel in
      let forks = (0..<5).map { _ in BareLock(kernel, "fork") }
      for seat in 0..<5 {
        kernel.thread("philosopher") {
          try await forks[seat].lock()
          try await forks[(seat + 1) % 5].lock()
          try await forks[(seat + 1) % 5].unlock()
          try await forks[seat].unlock()
        }
      }
      try await kernel.join()
    }
    let found = try survey(.exhaustive, jobs: 3, scenario)
    #expect(found.report.executions == 31)
    #expect(found.executions(finding: .deadlock) == 1)
  }

  @Test func aLimitStopsAllMachines() throws {
    var limits = Limits()
    limits.executions = 300
    let stopped = #expect(throws: SearchStopped.self) {
      try explore(.exhaustive, limits: limits, jobs: 2, name: "limit", Race.scenario("FFMM"))
    }
    #expect(stopped?.report.verdict == .stoppedAtLimit(executions: 300))
  }

  @Test func aMistakeInTheScenarioIsReported() {
    #expect(throws: ScenarioError.self) {
      try explore(.exhaustive, jobs: 2, name: "mistake") { kernel in
        kernel.thread("sleeps") { try await Task.sleep(nanoseconds: 1) }
        try await kernel.join()
      }
    }
  }

  // MARK: Samplers

  private static func samplers(_ schedules: Int) -> [any Strategy] {
    [
      RandomStrategy.random(seed: 7, schedules: schedules), PosStrategy.pos(seed: 7, schedules: schedules),
      PctStrategy.pct(seed: 7, schedules: schedules), UrwStrategy.urw(seed: 7, schedules: schedules),
    ]
  }

  @Test(arguments: 0..<4)
  func samplesTheSameSchedules(sampler: Int) throws {
    func run(_ strategy: some Strategy, _ jobs: Int) throws -> ExplorationReport {
      try explore(strategy, jobs: jobs, name: "samples", Race.scenario("FFRM"))
    }
    let alone = try run(Self.samplers(700)[sampler], 1)
    #expect(alone.verdict == .sampled(schedules: 700))
    #expect(try run(Self.samplers(700)[sampler], 2) == alone)
    #expect(try run(Self.samplers(700)[sampler], 5) == alone)
  }

  /// The failure with the lowest number is reported, not the one that is found first.
  @Test(arguments: 0..<4)
  func samplersFindTheSameFailure(sampler: Int) {
    let rare: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("counts") { for _ in 0..<6 { try await x.store(try await x.load() + 1) } }
      kernel.thread("looks") {
        let first = try await x.load()
        let second = try await x.load()
        try kernel.check(first != 1 || second < 5, "saw \(first) and \(second)")
      }
      try await kernel.join()
    }
    func text(_ strategy: some Strategy, _ jobs: Int) -> String? {
      do {
        try explore(strategy, jobs: jobs, name: "rare", rare)
        return nil
      } catch { return "\(error)" }
    }
    let alone = text(Self.samplers(6_000)[sampler], 1)
    #expect(alone != nil)
    #expect(text(Self.samplers(6_000)[sampler], 2) == alone)
    #expect(text(Self.samplers(6_000)[sampler], 6) == alone)
  }
}
