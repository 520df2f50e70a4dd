// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("Replay")
struct ReplayTests {
  /// What a replay came to.
  private enum Result: Equatable {
    case failed(Finding, [TraceStep])
    case passed
    case diverged(String)
    case unreadable
  }

  private func run(_ schedule: String, _ scenario: @escaping Scenario) throws -> Result {
    do {
      try replay(schedule, scenario)
      return .passed
    } catch let failure as ScheduleFailure {
      return .failed(failure.finding, failure.recording.steps)
    } catch let divergence as ReplayDivergence {
      return .diverged(divergence.summary)
    } catch ScenarioError.badSchedule {
      return .unreadable
    }
  }

  @Test("the line of a printed report gives the same trace again", arguments: [1, 2, 3, 4] as [UInt64])
  func roundTrip(seed: UInt64) throws {
    for scenario in [RevokeRace().scenario, oppositeOrders, waitUnderLock, lateGet, readAfterFree, brokenPromise] {
      for shrinks in [0, 5_000] {
        let found = try failure(seed: seed, reporting: .with { $0.shrinkingExecutions = shrinks }, scenario)
        let line = try #require(found.description.split(separator: "\n").first { $0.hasPrefix("replay: ") })
        let value = try #require(line.split(separator: "'").dropFirst().first)
        let search = SearchName(file: "Tests/Races.swift", line: 1, function: "race()", name: "")
        let wanted = try WantedReplay(String(value))
        #expect(wanted.search == search.tag)
        #expect(try run("\(wanted.schedule)", scenario) == .failed(found.finding, found.recording.steps))
      }
    }
  }

  @Test("is at most 40 characters for the race of three threads", arguments: 1...10 as ClosedRange<UInt64>)
  func length(seed: UInt64) throws {
    let found = try failure(seed: seed, RevokeRace().scenario)
    #expect(found.schedule.count <= 40, "\(found.schedule)")
  }

  @Test("survives a step that has nothing to do with it")
  func unrelatedStep() throws {
    let found = try failure(RevokeRace().scenario)
    let again = try #require(throws: ScheduleFailure.self) {
      try replay(found.schedule, RevokeRace(hasUnrelatedStep: true).scenario)
    }
    #expect(again.finding.summary == found.finding.summary)
    #expect(again.hasChanged)
    #expect(again.description.contains("the steps are not all those that the schedule was recorded with"))
    let back = try #require(throws: ScheduleFailure.self) { try replay(found.schedule, RevokeRace().scenario) }
    #expect(!back.hasChanged)
  }

  @Test("says that a repaired defect is gone")
  func repaired() throws {
    let found = try failure(RevokeRace().scenario)
    let divergence = try #require(throws: ReplayDivergence.self) {
      try replay(found.schedule, RevokeRace(skipsSecondCheck: false).scenario)
    }
    #expect(divergence.summary.contains("nothing fails any more"))
  }

  @Test("names the first step that differs")
  func divergence() throws {
    let found = try failure { kernel in try await threeStores(kernel, second: "second") }
    #expect(found.schedule.split(separator: ".").count == 2, "\(found.schedule)")
    let divergence = try #require(throws: ReplayDivergence.self) {
      try replay(found.schedule) { kernel in try await threeStores(kernel, second: "other") }
    }
    #expect(
      divergence.summary.contains(
        /^the first step that differs: step 3, where b comes to READ_ONCE\(other\) at [^;]*ReplayTests\.swift:\d+; switch 2 of 2, from b to a, cannot be made$/
      ), "\(divergence.summary)")
  }

  @Test("names the first step that differs even where no switch is made")
  func earlyDivergence() throws {
    let found = try failure { kernel in try await twoSteps(kernel, writesFirst: false) }
    let divergence = try #require(throws: ReplayDivergence.self) {
      try replay(found.schedule) { kernel in try await twoSteps(kernel, writesFirst: true) }
    }
    #expect(divergence.summary.contains("the first step that differs: step 1, where a comes to WRITE_ONCE(x)"))
  }

  @Test("names the steps among which the first one that differs is, where there are too many for a mark each")
  func coarseMarks() throws {
    let found = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive) { kernel in try await longRun(kernel, changed: nil) }
    }
    #expect(found.schedule.count <= StepMarks.lengthOfText)
    for changed in [0, 40, 77] {
      let divergence = try #require(throws: ReplayDivergence.self) {
        try replay(found.schedule) { kernel in try await longRun(kernel, changed: changed) }
      }
      let match = try #require(divergence.summary.firstMatch(of: /one of the steps (\d+) to (\d+)/))
      let steps = try #require(Int(match.1))...(try #require(Int(match.2)))
      #expect(steps.contains(changed + 1) && steps.count < 6, "\(changed): \(divergence.summary)")
    }
  }

  @Test("a mistyped schedule is refused, diverges, or fails in the same way")
  func mutations() throws {
    let alphabet = Array("09azAZ-_*+.~:' 1é")
    for scenario in [RevokeRace(hasImporter: false).scenario, lateGet] {
      let found = try failure(scenario)
      let characters = Array(found.schedule)
      var counts = [0, 0, 0]
      for place in characters.indices {
        for replacement in alphabet where replacement != characters[place] {
          var mutated = characters
          mutated[place] = replacement
          switch try run(String(mutated), scenario) {
          case .unreadable: counts[0] += 1
          case .diverged: counts[1] += 1
          case .failed(let finding, _):
            counts[2] += 1
            #expect(finding.kind == found.finding.kind)
          case .passed: Issue.record("'\(String(mutated))' passes")
          }
        }
        var shorter = characters
        shorter.remove(at: place)
        #expect(try run(String(shorter), scenario) != .passed)
      }
      #expect(counts.allSatisfy { $0 > 0 }, "\(counts)")
    }
  }

  @Test("the reader says where a string is wrong")
  func badSchedule() {
    #expect(throws: ScenarioError.badSchedule("2:~0000", at: 0, expected: "the version '1:'")) {
      try Schedule("2:~0000")
    }
    #expect(throws: ScenarioError.badSchedule("", at: 0, expected: "the version '1:'")) { try Schedule("") }
    #expect(throws: ScenarioError.badSchedule("1:0ab*110~0000", at: 6, expected: "how often, from 2")) {
      try Schedule("1:0ab*110~0000")
    }
    #expect(throws: ScenarioError.badSchedule("1:~00000", at: 7, expected: "the end")) { try Schedule("1:~00000") }
  }

  @Test("long names of switches are read as they were written")
  func codec() throws {
    let switches = [1, 2, 63, 64, Schedule.Switch.maximumOccurrence].map {
      Schedule.Switch(from: 63, step: 4_095, occurrence: $0, to: 1, stepsBefore: 63)
    }
    let schedule = Schedule(switches: switches, trace: 0xFF_FFFF)
    #expect(try Schedule(schedule.description) == schedule)
  }

  @Test("searches of one function are told apart")
  func names() {
    func name(_ name: String, line: UInt) -> SearchName {
      SearchName(file: "Module/RevokeRaceTests.swift", line: line, function: "isSafe(importers:)", name: name)
    }
    #expect(name("", line: 10).tag == "RevokeRaceTests.isSafe")
    #expect(name("", line: 20).tag == "RevokeRaceTests.isSafe.2")
    #expect(name("", line: 10).tag == "RevokeRaceTests.isSafe")
    #expect(name("importers 2", line: 10).tag == "RevokeRaceTests.isSafe.importers_2")
    #expect(name("", line: 20).filter == "isSafe")
    #expect(SearchName(file: "Tool/main.swift", line: 1, function: "", name: "race").tag == "race")
  }

  @Test("an executable's command takes the schedule at its end")
  func command() throws {
    let found = try failure(
      reporting: .with { $0.replayCommand = "Benchmarks explore --race FRM --replay" }, RevokeRace().scenario)
    let line = "Benchmarks explore --race FRM --replay '\(found.schedule)'"
    #expect(found.replayLine == line)
    #expect(found.description.hasSuffix("\nreplay: \(line)"))
    #expect(!found.description.contains("swift test"))
  }
}

/// A lost update, after a step that reads or writes something else.
@Sendable private func twoSteps(_ kernel: Kernel, writesFirst: Bool) async throws {
  let x = Shared(kernel, "x", 0)
  let sum = Shared(kernel, "sum", 0)
  kernel.thread("a") {
    if writesFirst { try await x.store(1) } else { _ = try await x.load() }
    try await sum.store(try await sum.load() + 1)
  }
  kernel.thread("b") { try await sum.store(try await sum.load() + 1) }
  try await kernel.join()
  let isWhole = try await sum.load() == 2
  let isWritten = try await x.load() == 1
  try kernel.check(isWhole || isWritten, "an update was lost")
}

/// A thread that takes many steps, one of which may be another one, and then looks too early.
@Sendable private func longRun(_ kernel: Kernel, changed: Int?) async throws {
  let x = Shared(kernel, "x", 0)
  let isReady = Shared(kernel, "ready", false)
  kernel.thread("a") {
    for step in 0..<80 {
      if step == changed { try await x.store(step) } else { _ = try await x.load() }
    }
    let isReady = try await isReady.load()
    try kernel.check(isReady || changed != nil, "too early")
  }
  kernel.thread("b") { try await isReady.store(true) }
  try await kernel.join()
}

/// Fails only if b reads once before and once after the last two steps of a.
@Sendable private func threeStores(_ kernel: Kernel, second: StaticString) async throws {
  let first = Shared(kernel, "first", 0)
  let last = Shared(kernel, second, 0)
  kernel.thread("a") {
    try await first.store(1)
    try await first.store(2)
    try await last.store(3)
  }
  kernel.thread("b") {
    let one = try await first.load()
    let two = try await last.load()
    try kernel.check(!(one == 1 && two == 3), "from one to three")
  }
}
