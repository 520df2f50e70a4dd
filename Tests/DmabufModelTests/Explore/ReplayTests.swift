// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A replay")
struct ReplayTests {
  @Test("of the schedule that a report prints fails in the same way, with the same trace and the same name")
  func roundTrip() throws {
    for (number, (kind, scenario)) in Self.failing.enumerated() {
      let found = try failure(kind, scenario)
      let line = try #require(found.description.split(separator: "\n").last)
      let quoted = line.split(separator: "'", omittingEmptySubsequences: false)
      try #require(quoted.count == 3 && line.hasPrefix("schedule \(found.executions); replay: DMABUF_REPLAY='"))
      let text = try #require(quoted[1].split(separator: "/").last)
      let again = try #require(throws: ScheduleFailure.self) { try replay(String(text), scenario) }
      #expect(again.finding == found.finding, "scenario \(number)")
      #expect(again.recording.steps == found.recording.steps, "scenario \(number)")
      #expect(again.schedule == found.schedule && found.schedule == String(text), "scenario \(number)")
      #expect(again.recording.heldAtEnd == found.recording.heldAtEnd && again.recording.log == found.recording.log)
    }
  }

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

  @Test("of every failing schedule of many seeds is the same schedule")
  func manySeeds() throws {
    var names: Set<String> = []
    for seed: UInt64 in 1...100 {
      for (kind, scenario) in Self.failing {
        let found = try failure(kind, under: .random(seed: seed), scenario)
        let again = try #require(throws: ScheduleFailure.self) { try replay(found.schedule, scenario) }
        #expect(again.finding == found.finding && again.recording.steps == found.recording.steps, "seed \(seed)")
        #expect(again.schedule == found.schedule, "seed \(seed)")
        names.insert(found.schedule)
      }
    }
    #expect(names.count > 30, "many different schedules were replayed")
  }

  @Test("of a scenario in which a thread ends before its switch says so, with the first step that differs")
  func threadEnds() throws {
    let error = try Self.divergence { kernel in
      let counter = Shared(kernel, "counter", 0)
      for name in ["a", "b"] { kernel.thread(name) { _ = try await counter.load() } }
      try await kernel.join()
    }
    #expect(error.summary.hasPrefix("switch "), "\(error)")
    #expect(error.summary.contains(" ended; the first step that differs is after step "), "\(error)")
    #expect(error.summary.hasSuffix(", READ_ONCE(counter)"), "\(error)")
    #expect(error.description.hasPrefix("replay diverged: switch "))
  }

  @Test("of a scenario in which the other thread is gone says that it cannot go on")
  func threadGone() throws {
    let error = try Self.divergence { kernel in
      let counter = Shared(kernel, "counter", 0)
      kernel.thread("a") { try await counter.store(try await counter.load() + 1) }
      try await kernel.join()
    }
    #expect(error.summary.contains("stops there, but thread 2 cannot go on;"), "\(error)")
  }

  @Test("of a scenario that has no threads any more says that the switch never came")
  func noThreads() throws {
    let error = try Self.divergence { kernel in _ = Shared(kernel, "counter", 0) }
    #expect(error.summary.contains("did not come to it before the execution ended"), "\(error)")
  }

  @Test("that makes every switch and passes with other steps is no pass")
  func otherTrace() throws {
    let error = try Self.divergence { kernel in
      let counter = Shared(kernel, "counter", 0)
      for name in ["a", "b"] { kernel.thread(name) { try await counter.store(try await counter.load() + 1) } }
      try await kernel.join()
      _ = try await counter.load()
      kernel.thread("one more") { _ = try await counter.load() }
    }
    #expect(error.summary.hasPrefix("every switch could be made and nothing was found, but the steps are not those"))
  }

  @Test("survives steps that have nothing to do with the race, and gives the schedule its new name")
  func survives() throws {
    let found = try failure(.check, Races.lostUpdate)
    let again = try #require(throws: ScheduleFailure.self) {
      try replay(found.schedule) { kernel in
        let counter = Shared(kernel, "counter", 0)
        let unrelated = Shared(kernel, "unrelated", 0)
        for name in ["a", "b"] {
          kernel.thread(name) {
            _ = try await unrelated.load()
            try await counter.store(try await counter.load() + 1)
          }
        }
        try await kernel.join()
        try kernel.expect(try await counter.load(), is: 2, "counter")
      }
    }
    #expect(again.finding.summary == found.finding.summary)
    #expect(again.schedule != found.schedule)
    #expect(again.schedule.prefix { $0 != "~" } == found.schedule.prefix { $0 != "~" }, "the switches are the same")
  }

  @Test("of a schedule that passes is a report of one execution")
  func passes() throws {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let strategy = RandomStrategy(seed: 4, executions: 1)
    _ = strategy.beginExecution()
    _ = kernel.execute(Races.harmless, under: strategy, recording: nil)
    let follow = FollowStrategy(kernel.events.map(\.thread))
    let recorder = Recorder()
    _ = kernel.execute(Races.harmless, under: follow, recording: recorder)
    let recording = Recording(kernel, recorder, follow.enabled)
    try #require(!recording.schedule.switches.isEmpty)
    let report = try replay(recording.schedule.description, Races.harmless)
    #expect(report.verdict == .sampled(1) && report.executions == 1 && report.steps == recording.steps.count)
  }

  @Test("knows an object that was alone with its name when a thread came to it, and is no more when it goes on")
  func namesakes() throws {
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
      let found = try failure(.check, under: .random(seed: seed), scenario)
      let again = try #require(throws: ScheduleFailure.self) { try replay(found.schedule, scenario) }
      #expect(again.schedule == found.schedule)
    }
  }

  static func divergence(_ changed: @escaping Scenario) throws -> ReplayDivergence {
    let found = try failure(.check, Races.lostUpdate)
    return try #require(throws: ReplayDivergence.self) { try replay(found.schedule, changed) }
  }
}

@Suite("A replay string")
struct ReplayStringTests {
  @Test(
    "that cannot be read is refused with the place and what was expected there",
    arguments: [
      ("", 1, "the version '1:'"), ("2:~0000", 1, "the version '1:'"), ("1", 2, "the version '1:'"),
      (" 1:~0000", 1, "the version '1:'"), ("1:", 3, "a thread"), ("1:0", 4, "a step"), ("1:0a", 5, "a step"),
      ("1:0ab", 6, "a thread"), ("1:é", 3, "a thread"), ("1:0!b1~0000", 4, "a step"), ("1:0ab1", 7, "'.' or '~'"),
      ("1:0ab10ab1~0000", 7, "'.' or '~'"), ("1:0ab1.~0000", 8, "a thread"), ("1:.0ab1~0000", 3, "a thread"),
      ("1:0ab*1~0000", 7, "how often, from 2"), ("1:0ab*11~0000", 7, "how often, from 2"),
      ("1:0ab*x1~0000", 7, "how often, from 2"), ("1:0ab*2~0000", 7, "how often, from 2"),
      ("1:0ab1~", 8, "the trace's digest"), ("1:0ab1~000", 11, "the trace's digest"),
      ("1:0ab1~00 0", 10, "the trace's digest"), ("1:0ab1~00000", 12, "the end"), ("1:0ab1~0000\n", 12, "the end"),
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
          from: UInt8(numbers.below(64)), step: UInt16(numbers.below(4096)),
          occurrence: numbers.below(2) == 0 ? 1 : 1 + numbers.below(999_999), to: UInt8(numbers.below(64)))
      }
      let schedule = Schedule(switches: switches, trace: UInt32(numbers.below(1 << 24)))
      #expect(try Schedule(schedule.description) == schedule)
    }
  }

  @Test("never crashes its reader, whatever it is made of")
  func noise() {
    let alphabet = Array("01:~.*aZ-_9é\n ")
    var numbers = SplitMix64(seed: 12)
    var refused = 0
    for _ in 0..<20_000 {
      let tail = String((0..<numbers.below(14)).map { _ in alphabet[numbers.below(alphabet.count)] })
      let text = numbers.below(4) == 0 ? tail : "1:" + tail
      do {
        #expect(try Schedule(text).description == text)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 10_000 && refused < 20_000)
  }
}
