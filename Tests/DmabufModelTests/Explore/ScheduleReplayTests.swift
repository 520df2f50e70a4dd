// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A schedule of whatever scenario")
struct AnyScheduleReplayTests {
  /// Fails in a check, for want of a wake-up and in a count: in a step, before a step and with steps never taken.
  static let failing: [(Finding.Kind, Scenario)] = [
    (.check, Races.lostUpdate),
    (
      .deadlock,
      { kernel in
        let lock = SleepingMutex(kernel)
        let done = Completion(kernel)
        kernel.thread("a") {
          try await lock.lock()
          try await done.wait()
          try await lock.unlock()
        }
        kernel.thread("b") {
          try await lock.lock()
          try await done.complete()
          try await lock.unlock()
        }
        try await kernel.join()
      }
    ),
    (
      .refcount,
      { kernel in
        let references = Kref(kernel)
        for number in 1...3 {
          kernel.thread("t\(number)") {
            for _ in 0..<2 {
              try await references.get()
              _ = try await references.put()
            }
            if number == 1 { _ = try await references.put() }
          }
        }
        try await kernel.join()
      }
    ),
  ]

  @Test("is replayed to the same failure, trace and name, shrunk or as it was found", arguments: [true, false])
  func manySeeds(isShrunk: Bool) throws {
    let options = ReportOptions.with { if !isShrunk { $0.shrinkingExecutions = 0 } }
    var names: Set<String> = []
    for seed: UInt64 in 1...(isShrunk ? 10 : 100) {
      for (kind, scenario) in Self.failing {
        let found = try #require(throws: ScheduleFailure.self) {
          try explore(.random(seed: seed, schedules: 2_000), reporting: options, scenario)
        }
        let again = try #require(throws: ScheduleFailure.self) {
          try replay(found.schedule, reporting: options, scenario)
        }
        #expect(found.finding.kind == kind && again.finding == found.finding, "seed \(seed)")
        #expect(again.recording.steps == found.recording.steps, "seed \(seed)")
        #expect(again.recording.heldAtEnd == found.recording.heldAtEnd && again.recording.log == found.recording.log)
        #expect(again.schedule == found.schedule, "seed \(seed)")
        names.insert(found.schedule)
      }
    }
    #expect(isShrunk ? names.count >= 3 : names.count > 30, "\(names.count) different schedules were replayed")
  }

  @Test("knows an object that was alone with its name when a thread came to it, and is no more when it goes on")
  func namesakes() throws {
    let options = ReportOptions.with { $0.shrinkingExecutions = 0 }
    let scenario: Scenario = { kernel in
      let lock = SleepingMutex(kernel, "lock")
      let made = Shared(kernel, "made", false)
      kernel.thread("maker") {
        _ = SleepingMutex(kernel, "lock")
        try await made.store(true)
      }
      kernel.thread("locker") {
        _ = try await made.load()
        try await lock.lock()
        try await lock.unlock()
        try kernel.check(!(try await made.load()), "to have the schedule")
      }
      try await kernel.join()
    }
    for seed: UInt64 in 1...20 {
      let found = try #require(throws: ScheduleFailure.self) {
        try explore(.random(seed: seed, schedules: 1_000), reporting: options, scenario)
      }
      let again = try #require(throws: ScheduleFailure.self) {
        try replay(found.schedule, reporting: options, scenario)
      }
      #expect(again.schedule == found.schedule)
    }
  }

  @Test("that passes is replayed to a report of one execution")
  func passes() throws {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let strategy = RandomStrategy(seed: 4, executions: 1)
    _ = strategy.beginExecution()
    _ = kernel.execute(Races.harmless, under: strategy, recording: nil)
    let follow = FollowStrategy(kernel.events.map(\.thread))
    let recorder = Recorder()
    _ = kernel.execute(Races.harmless, under: follow, recording: recorder)
    let recording = Recording(kernel, recorder, follow.enabled, schedule: nil)
    try #require(!recording.schedule.switches.isEmpty)
    let report = try replay(recording.schedule.description, Races.harmless)
    #expect(report.verdict == .sampled(schedules: 1) && report.executions == 1 && report.steps == recording.steps.count)
  }
}

@Suite("A replay string")
struct ReplayStringTests {
  @Test(
    "that cannot be read is refused with the place and what was expected there",
    arguments: [
      ("", 1, "the version '1:'"), ("2:~0000", 1, "the version '1:'"), ("1", 2, "the version '1:'"),
      (" 1:~0000", 1, "the version '1:'"), ("1:", 3, "a thread"), ("1:0", 4, "a step"), ("1:0a", 5, "a step"),
      ("1:0ab", 6, "a thread"), ("1:é", 3, "a thread"), ("1:0!b10~0000", 4, "a step"),
      ("1:0ab1", 7, "a number of steps"), ("1:0ab10", 8, "'.' or '~'"), ("1:0ab100ab1~0000", 8, "'.' or '~'"),
      ("1:0ab10.~0000", 9, "a thread"), ("1:.0ab10~0000", 3, "a thread"),
      ("1:0ab*110~0000", 7, "how often, from 2"), ("1:0ab*", 7, "how often, from 2"),
      ("1:0ab+~", 7, "how often, from 2"), ("1:0ab+000110~0000", 7, "how often, from 2"),
      ("1:0ab10~", 9, "the trace's digest"), ("1:0ab10~000", 12, "the trace's digest"),
      ("1:0ab10~00 0", 11, "the trace's digest"), ("1:0ab10~00000", 13, "the end"), ("1:0ab10~0000\n", 13, "the end"),
    ] as [(String, Int, String)])
  func bad(text: String, place: Int, expected: String) throws {
    let error = try #require(throws: ScenarioError.self) { try Schedule(text) }
    #expect(error.description == "replay string '\(text)', character \(place): expected \(expected)")
    #expect(throws: error) { try replay(text) { _ in } }
  }

  @Test("is what it was when it is read and written again, whatever the switches are")
  func roundTrip() throws {
    var numbers = SplitMix64(seed: 11)
    for _ in 0..<5_000 {
      let switches = (0..<numbers.below(5)).map { _ in
        Schedule.Switch(
          from: UInt8(numbers.below(128)), step: UInt16(numbers.below(4096)),
          occurrence: numbers.below(2) == 0 ? 1 : 1 + numbers.below(1 << numbers.below(24)),
          to: UInt8(numbers.below(128)), stepsBefore: numbers.below(64))
      }
      let schedule = Schedule(switches: switches, trace: UInt32(numbers.below(1 << 24)))
      #expect(try Schedule(schedule.description) == schedule)
    }
  }

  @Test("never crashes its reader, whatever it is made of")
  func noise() throws {
    let alphabet = Array("01:~.*+@aZ-_9é\n ")
    var numbers = SplitMix64(seed: 12)
    var accepted = 0
    for round in 0..<20_000 {
      let tail = String((0..<numbers.below(14)).map { _ in alphabet[numbers.below(alphabet.count)] })
      let text = round.isMultiple(of: 4) ? tail : round.isMultiple(of: 3) ? "1:" + tail : "1:" + tail + "~0000"
      guard let schedule = try? Schedule(text) else { continue }
      accepted += 1
      #expect(try Schedule(schedule.description) == schedule)
    }
    #expect(accepted > 100 && accepted < 10_000)
  }
}
