// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufModel

@Suite("The table never leaves out who is to blame")
struct BlameTests {
  /// Enough steps of a thread that others notice for most of them to be folded.
  private static func manySteps(_ kernel: Kernel, _ value: Shared<Int>) async throws {
    for round in 1...40 { try await value.store(round) }
  }

  @Test("the last write of what the failing step reads, in the middle of a run that is folded")
  func lastWrite() throws {
    let found = try failure { kernel in
      let noise = Shared(kernel, "noise", 0)
      let flag = Shared(kernel, "flag", false)
      kernel.thread("writer") {
        try await Self.manySteps(kernel, noise)
        try await flag.store(true)
        try await Self.manySteps(kernel, noise)
      }
      kernel.thread("reader") {
        for _ in 0..<60 { _ = try await noise.load() }
        try kernel.check(try await !flag.load(), "set")
      }
    }
    #expect(table(found).contains { $0.contains("WRITE_ONCE(flag) false -> true") })
    #expect(table(found).count < 25)
  }

  @Test("that write is there where the set-up made it")
  func setUp() throws {
    let found = try failure { kernel in
      let flag = Shared(kernel, "flag", false)
      let noise = Shared(kernel, "noise", 0)
      try await flag.store(true)
      try await Self.manySteps(kernel, noise)
      kernel.thread("reader") { try kernel.check(try await !flag.load(), "set") }
    }
    #expect(table(found).contains { $0.contains("main: WRITE_ONCE(flag) false -> true") })
    #expect(table(found).count == 4)
  }

  @Test("of a hang, where a thread that could have ended the wait has ended without")
  func hang() throws {
    let found = try failure { kernel in
      let asked = Shared(kernel, "asked", false)
      let noise = Shared(kernel, "noise", 0)
      let done = Completion(kernel, "done")
      kernel.thread("giver") { if try await asked.load() { try await done.complete() } }
      kernel.thread("asker") {
        try await Self.manySteps(kernel, noise)
        try await done.reset()
        try await Self.manySteps(kernel, noise)
        try await asked.store(true)
        try await done.wait()
      }
      kernel.thread("other") { for _ in 0..<30 { _ = try await noise.load() } }
    }
    #expect(found.finding.kind == .deadlock)
    #expect(table(found).contains { $0.contains("READ_ONCE(asked) = false") })
    #expect(table(found).contains { $0.contains("reinit_completion(done)") })
  }

  @Test("of a mapping that outlives its revoke, the step that made it")
  func mapping() throws {
    let found = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let noise = Shared(kernel, "noise", 0)
        let exporter = TestExporter(kernel)
        let dmabuf = DmaBuf(kernel, exporter, size: Page.size, revokedWhen: [exporter.revokeRule])
        let importer = PeerDevice(kernel, .unmapsLater)
        let attachment = try await dmabuf.attach(importer).get()
        _ = try await importer.map(attachment)
        try await Self.manySteps(kernel, noise)
        try await dmabuf.reservation.lock()
        try await exporter.isRevoked.store(true)
        try await dmabuf.reservation.unlock()
      }
    }
    #expect(found.finding.kind == .outlivesRevoke)
    let made = try #require(found.recording.makers.first)
    #expect(table(found).contains { $0.contains(" \(made)  main: ") })
    #expect(table(found).count < 20, "\(found)")
  }

  @Test("of a use after free, where the memory was allocated and freed")
  func life() throws {
    let found = try failure { kernel in
      let noise = Shared(kernel, "noise", 0)
      let place = Shared<Shared<Int>?>(kernel, "place", nil)
      kernel.thread("owner") {
        try await Self.manySteps(kernel, noise)
        let priv = kernel.allocate("priv")
        let field = Shared(kernel, "priv->field", 0, in: priv)
        try await place.store(field)
        try await Self.manySteps(kernel, noise)
        try await kernel.free(priv)
        try await Self.manySteps(kernel, noise)
      }
      kernel.thread("user") {
        for _ in 0..<60 { _ = try await noise.load() }
        if let field = try await place.load() { _ = try await field.load() }
      }
    }
    #expect(found.finding.kind == .useAfterFree)
    let lines = table(found)
    let birth = try #require(lines.firstIndex { $0.contains("kzalloc(priv) by owner") })
    let death = try #require(lines.firstIndex { $0.contains("kfree(priv)") })
    #expect(birth < death)
  }

  @Test("of a scenario that fails by itself, what it did last")
  func serial() throws {
    let found = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let value = Shared(kernel, "value", 0)
        for round in 1...20 { try await value.store(round) }
        try kernel.check(try await value.load() == 0, "written")
      }
    }
    let lines = table(found)
    #expect(lines[1] == "        main sets up: WRITE_ONCE(value), WRITE_ONCE(value), WRITE_ONCE(value), … 8 more")
    for round in 12...20 {
      #expect(lines.contains { $0.contains("main: WRITE_ONCE(value) \(round - 1) -> \(round)") }, "\(round)")
    }
    #expect(lines.last?.hasPrefix("✗   21  main: READ_ONCE(value) = 20") == true)
  }

  @Test("and nothing is left out on request")
  func everything() throws {
    let scenario: Scenario = { kernel in
      let value = Shared(kernel, "value", 0)
      try await Self.manySteps(kernel, value)
      kernel.thread("t") { try await Self.manySteps(kernel, value) }
      try await kernel.join()
      try await Self.manySteps(kernel, value)
      try kernel.check(false, "always")
    }
    #expect(table(try failure(scenario)).count < 25)
    let whole = try failure(reporting: .with { $0.showsEveryStep = true }, scenario)
    #expect(table(whole).count == 1 + whole.recording.steps.filter { !$0.isJoin }.count)
    #expect(!whole.description.contains("…"))
    for (text, isSet) in [("1", true), ("0", false), ("", false)] {
      let environment = try Environment { $0 == "DMABUF_FULL_TRACE" ? text : nil }
      #expect(try ReportOptions().overridden(by: environment).showsEveryStep == isSet)
    }
    #expect(throws: ScenarioError.self) { try Environment { $0 == "DMABUF_FULL_TRACE" ? "yes" : nil } }
  }

  @Test("locks that share their last name are told apart, and others are short")
  func locks() throws {
    let found = try failure { kernel in
      let locks = (["a->lock", "b->lock", "c->mutex"] as [StaticString]).map { SleepingMutex(kernel, $0) }
      let value = Shared(kernel, "value", 0)
      kernel.thread("t") {
        for lock in locks { try await lock.lock() }
        try await value.store(1)
        try kernel.check(false, "always")
      }
    }
    #expect(table(found).contains { $0.contains("  a->lock b->lock mutex  ") }, "\(found)")
  }

  /// The lines between the first two empty ones.
  private func table(_ failure: ScheduleFailure) -> [String] {
    let lines = failure.description.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { !$0.isEmpty }.dropFirst().prefix { !$0.isEmpty }.map(String.init)
  }
}

@Suite("A run that passes can be looked at")
struct PassingTraceTests {
  private static let scenario: Scenario = { kernel in
    let value = Shared(kernel, "value", 0)
    try await value.store(1)
    kernel.thread("a") { try await value.store(2) }
    kernel.thread("b") { _ = try await value.load() }
    try await kernel.join()
    try kernel.check(try await value.load() == 2, "not written")
  }

  @Test("of one machine or several, and of a search of any kind", arguments: [1, 2])
  func searches(jobs: Int) throws {
    let options = ReportOptions(tracing: true)
    let reports = [
      try explore(.serial, reporting: options, jobs: jobs, Self.scenario),
      try explore(.exhaustive, reporting: options, jobs: jobs, Self.scenario),
      try explore(.random(seed: 1, schedules: 300), reporting: options, jobs: jobs, Self.scenario),
    ]
    for report in reports {
      let trace = try #require(report.trace)
      #expect(trace.contains("WRITE_ONCE(value) 1 -> 2"))
      #expect(trace.hasPrefix("  step  a"))
    }
    #expect(try explore(.serial, jobs: jobs, Self.scenario).trace == nil)
  }

  @Test("of a replay, and of a scenario without threads")
  func others() throws {
    let scenario: Scenario = { kernel in
      let value = Shared(kernel, "value", 0)
      for round in 1...12 { try await value.store(round) }
    }
    let alone = try #require(try explore(.serial, reporting: ReportOptions(tracing: true), scenario).trace)
    let lines = alone.split(separator: "\n")
    #expect(lines.count == 14)
    #expect(lines[12].contains("   12  main: WRITE_ONCE(value) 11 -> 12"))

    let options = ReportOptions(tracing: true)
    let sampled = try explore(.random(seed: 3, schedules: 1), reporting: options, Self.scenario)
    let trace = try #require(sampled.trace)
    let schedule = try #require(trace.components(separatedBy: "\nschedule: ").last)
    #expect(try replay(schedule, reporting: options, Self.scenario).trace == trace)
  }
}
