// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("The message of a check that reads the state")
struct CheckMessageTests {
  /// Two increments that lose one, and a third thread that counts on after it; the check is the first thread's.
  static func scenario(_ message: @escaping @Sendable (Kernel, Shared<Int>, SleepingMutex) async throws -> String)
    -> Scenario
  {
    { kernel in
      let (x, lock) = (Shared(kernel, "x", 0), SleepingMutex(kernel, "m"))
      kernel.thread("checks") {
        let before = try await x.load()
        try await x.store(before + 1)
        let after = try await x.load()
        try await kernel.check(after == before + 1) { try await message(kernel, x, lock) }
      }
      kernel.thread("adds") {
        try await lock.lock()
        for _ in 0..<2 { try await x.store(try await x.load() + 10) }
        try await lock.unlock()
      }
      try await kernel.join()
    }
  }

  static let reading = scenario { _, x, _ in "x is \(try await x.load()), then \(try await x.load())" }

  static func failure(_ scenario: @escaping Scenario) throws -> ScheduleFailure {
    let failure = #expect(throws: ScheduleFailure.self) { try explore(.exhaustive, name: "message", scenario) }
    return try #require(failure)
  }

  @Test("tells of the instant of the failure: nobody runs while it reads")
  func instant() throws {
    let failure = try Self.failure(Self.reading)
    let values = failure.finding.summary.matches(of: /\d+/).map { String($0.output) }
    #expect(values.count == 2 && values[0] == values[1], "\(failure.finding)")
    #expect(failure.finding.thread == "checks")
    #expect(failure.finding.location?.contains("CheckMessageTests.swift:") == true)
    #expect(failure.shrinking != nil)
  }

  @Test("is no part of the execution: the search, the schedule and the table are those of a plain one")
  func noSteps() throws {
    let plain = Self.scenario { _, _, _ in "x is wrong" }
    let (one, other) = (try Self.failure(plain), try Self.failure(Self.reading))
    #expect(one.recording.schedule == other.recording.schedule)
    #expect(one.executions == other.executions)
    #expect(one.recording.steps.map(\.label) == other.recording.steps.map(\.label))
    let surveys = try [plain, Self.reading].map { try survey(.exhaustive, $0) }
    #expect(surveys[0].report == surveys[1].report)
    #expect(surveys[0].findings.map(\.executions).reduce(0, +) == surveys[1].findings.map(\.executions).reduce(0, +))
  }

  @Test("says the same when the schedule is run again")
  func replays() throws {
    let failure = try Self.failure(Self.reading)
    let again = #expect(throws: ScheduleFailure.self) { try replay("\(failure.recording.schedule)", Self.reading) }
    #expect(again?.finding.summary == failure.finding.summary)
  }

  @Test("is not made for a check that holds, and takes nothing from a proof")
  func passes() throws {
    func proof(_ check: @escaping @Sendable (Kernel, Bool) async throws -> Void) throws -> ExplorationReport {
      try explore(.exhaustive, name: "proof") { kernel in
        let x = Shared(kernel, "x", 0)
        for _ in 0..<2 { kernel.thread("adds") { try await x.store(try await x.load() + 1) } }
        try await kernel.join()
        try await check(kernel, try await x.load() > 0)
      }
    }
    let plain = try proof { kernel, holds in try kernel.check(holds, "x is nothing") }
    let reading = try proof { kernel, holds in
      try await kernel.check(holds) {
        try kernel.check(false, "the message was made")
        return ""
      }
    }
    #expect(plain == reading)
  }

  @Test("may take a lock that is free, and ends at one that is not")
  func waits() throws {
    let scenario = Self.scenario { _, x, lock in
      try await lock.lock()
      let value = try await x.load()
      try await lock.unlock()
      return "x is \(value)"
    }
    let survey = try survey(.exhaustive, scenario)
    let texts = Set(survey.findings.map(\.finding.summary))
    #expect(texts.contains("the check has failed, and its message cannot be made: it waits for another thread"))
    #expect(texts.contains { $0.hasPrefix("x is ") }, "\(texts)")
    #expect(survey.findings.allSatisfy { $0.finding.kind == .check })
  }

  @Test("that goes wrong itself does not hide what has failed")
  func fails() throws {
    let freed = Self.scenario { kernel, _, _ in
      let allocation = kernel.allocate("struct a")
      try await kernel.free(allocation)
      try await kernel.free(allocation)
      return "never"
    }
    let failure = try Self.failure(freed)
    #expect(failure.finding.kind == .check)
    #expect(failure.finding.summary.contains("its message cannot be made: checks frees struct a"), "\(failure.finding)")
    let thrown = try Self.failure(Self.scenario { _, _, _ in throw Errno.invalidArgument })
    #expect(thrown.finding.summary.hasSuffix("cannot be made: \(Errno.invalidArgument)"))
  }

  @Test("starts no thread, and lets one that has not begun be")
  func threads() throws {
    let failure = try Self.failure { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("late") { try await x.store(7) }
      try await kernel.check(false) {
        kernel.thread("never") { try await x.store(8) }
        return "x is \(try await x.load())"
      }
    }
    #expect(failure.finding.summary == "x is 0")
  }

  @Test("runs no thread that it starts while others have steps to take, and waits for none", arguments: [false, true])
  func startedBesideOthers(joins: Bool) throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("stores") { try await x.store(1) }
      kernel.thread("checks") {
        let seen = try await x.load()
        try await kernel.check(seen == 0) {
          kernel.thread("never") { try await x.store(9) }
          if joins { try await kernel.join() }
          return "x is \(try await x.load())"
        }
      }
      try await kernel.join()
    }
    // Again and again on one machine: a thread that was left half-way would run in a later execution.
    for _ in 0..<3 {
      let findings = try survey(.exhaustive, scenario).findings
      #expect(
        findings.map(\.finding.summary)
          == [joins ? "the check has failed, and its message cannot be made: it waits for another thread" : "x is 1"])
    }
  }

  @Test("under every strategy, and with steps held against their declarations")
  func strategies() throws {
    for strategy in [StateCachingStrategy.stateCaching, RandomStrategy.random(schedules: 500)] as [any Strategy] {
      let failure = #expect(throws: ScheduleFailure.self) { try explore(strategy, name: "message", Self.reading) }
      #expect(failure?.finding.summary.hasPrefix("x is ") == true)
    }
  }
}
