// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("What a passing search saw")
struct CoverageTests {
  @Test("the report counts the results that the scenario names")
  func outcomes() throws {
    let report = try explore(.random(seed: 1, schedules: 500), RevokeRace(skipsSecondCheck: false).scenario)
    #expect(report.outcomes.map(\.outcome).sorted() == ["fault: late", "fault: mapped", "fault: refused"])
    #expect(report.outcomes.map(\.executions).reduce(0, +) == 500)
    #expect(report.outcomes == report.outcomes.sorted { $0.executions > $1.executions })
    #expect(report.executions(endingIn: "fault: mapped") > 0)
    #expect(report.executions(endingIn: "something else") == 0)
    #expect(report.description.contains("  fault: mapped"))
    #expect(report.pairs.isEmpty)
  }

  @Test("the report begins with the name of the search", arguments: [1, 2])
  func name(jobs: Int) throws {
    let scenario = RevokeRace(skipsSecondCheck: false).scenario
    let report = try explore(.random(seed: 1, schedules: 500), jobs: jobs, name: "fast", scenario)
    #expect(report.name == "CoverageTests.name.fast")
    #expect(report.description.hasPrefix("CoverageTests.name.fast: sampled (500 schedules): "))
    let alone = try survey(.random(seed: 1, schedules: 5), jobs: jobs, scenario)
    #expect(alone.description.hasPrefix("sampled (5 schedules): "))
  }

  @Test("parts come in one order whichever thread names them first, and an execution may name none")
  func parts() throws {
    let report = try explore(.random(seed: 1, schedules: 200)) { kernel in
      let value = Shared(kernel, "value", 0)
      for name in ["b", "a"] {
        kernel.thread(name) {
          try await value.store(1)
          kernel.outcome(name, 1)
        }
      }
      kernel.outcome("begun")
    }
    #expect(report.outcomes == [OutcomeCount(outcome: "a: 1, b: 1, begun", executions: 200)])

    let some = try explore(.random(seed: 1, schedules: 200)) { kernel in
      let value = Shared(kernel, "value", 0)
      kernel.thread("writer") { try await value.store(1) }
      kernel.thread("reader") { if try await value.load() == 1 { kernel.outcome("seen") } }
    }
    #expect(Set(some.outcomes.map(\.outcome)) == ["seen", "(no outcome)"])
    #expect(some.outcomes.map(\.executions).reduce(0, +) == 200)
  }

  @Test("the report counts the pairs of dependent steps that came in both orders, and lists the others")
  func pairs() throws {
    let report = try explore(.random(seed: 1, schedules: 500), reporting: .with { $0.coversPairs = true }) { kernel in
      let value = Shared(kernel, "value", 0)
      let done = Completion(kernel, "done")
      kernel.thread("a") {
        try await value.store(1)
        try await done.complete()
      }
      kernel.thread("b") {
        _ = try await value.load()
        try await done.wait()
      }
      kernel.thread("c") { _ = try await value.load() }
    }
    #expect(report.pairs.count == 3)
    #expect(report.description.hasSuffix("\n  2 of 3 dependent pairs were seen in both orders"))
    #expect(report.pairsInOneOrder == "a: complete(done) -> b: wait_for_completion(done)")
  }

  @Test("a pair may be of further objects, and of a field and the memory that it is in")
  func furtherPairs() throws {
    let both = try explore(.exhaustive, reporting: .with { $0.coversPairs = true }) { kernel in
      let gate = Turnstile(kernel, "gate")
      let door = Turnstile(kernel, "door")
      kernel.thread("a") { try await gate.pass(along: door) }
      kernel.thread("b") { try await door.pass() }
    }
    #expect(both.executions == 2)
    #expect(both.pairs.map(\.description) == ["a: pass_along(gate) <-> b: pass(door)"])

    let freed = try survey(.exhaustive, reporting: .with { $0.coversPairs = true }, furtherFree)
    #expect(freed.report.pairs.map(\.description) == ["a: pass_along(gate) -> b: kfree(priv)"])
  }

  @Test("counting pairs changes nothing else")
  func sameSearch() throws {
    let scenario = RevokeRace(skipsSecondCheck: false).scenario
    let with = try explore(.random(seed: 7, schedules: 300), reporting: .with { $0.coversPairs = true }, scenario)
    let without = try explore(.random(seed: 7, schedules: 300), scenario)
    #expect(with.steps == without.steps)
    #expect(with.switches == without.switches)
    #expect(with.outcomes == without.outcomes)
  }

  @Test("a progress line says what is known")
  func progress() {
    #expect(Progress.line(12_345, .seconds(10), nil) == "12,345 executions, 1,235 a second")
    // What another process has done says nothing of how fast this one is.
    #expect(
      Progress.line(12_000, .seconds(1), SearchEstimate(executions: 14_000, spread: 0), before: 11_000)
        == "12,000 executions, 1,000 a second, of about 14,000, 2 s left")
    #expect(
      Progress.line(1_000, .seconds(1), SearchEstimate(executions: 61_000, spread: 2_500))
        == "1,000 executions, 1,000 a second, of about 61,000 ± 2,500, 60 s left")
    #expect(
      Progress.line(1_000, .seconds(1), SearchEstimate(executions: 900, spread: 0))
        == "1,000 executions, 1,000 a second, of about 900")
    #expect(Progress.line(0, .zero, SearchEstimate(executions: 1e300, spread: .infinity)).contains("many"))
  }

  @Test("a strategy may have no estimate")
  func estimate() {
    #expect(SerialStrategy().estimated == nil)
    #expect(RandomStrategy(seed: 1, executions: 10).estimate == SearchEstimate(executions: 10, spread: 0))
  }
}
