// SPDX-License-Identifier: GPL-2.0-only

import Synchronization
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// That steps which are declared independent are, and that it is noticed when they are not.
struct CommutationTests {
  /// The mistake that a scenario is told of; nothing if it gets a verdict.
  private func mistake(_ scenario: @escaping Scenario) throws -> String? {
    var limits = Limits()
    // What a debug build does by itself; and without the look at each step, which would be the first to notice.
    limits.commutingPairs = 12
    limits.checkedExecutions = 0
    do { try explore(.exhaustive, limits: limits, scenario) } catch let error as ScenarioError {
      return error.description
    }
    return nil
  }

  @Test(arguments: ["FR", "FRM", "FFRM", "FFFRMM"])
  func theRaceDeclaresWhatItTouches(word: String) throws {
    #expect(try checkCommutation(pairs: 60, Race.scenario(word)) > 20)
  }

  @Test(arguments: [false, true])
  func randomProgramsDeclareWhatTheyTouch(family: Bool) throws {
    var compared = 0
    for seed in 1...150 as ClosedRange<UInt64> {
      let program = RandomProgram(seed: seed, family: family)
      compared += try checkCommutation(pairs: 6, seed: seed, program.scenario(Ledger()))
    }
    #expect(compared > 400)
  }

  /// The search itself never runs the same choices twice here.
  @Test func aScenarioThatDoesSomethingElseEachTimeIsNoticed() throws {
    let runs = Mutex(SplitMix64(seed: 1))
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("moody") {
        if runs.withLock({ $0.below(2) }) == 0 { try await x.store(1) } else { _ = try await x.load() }
      }
      try await kernel.join()
    }
    let mistake = try #require(try mistake(scenario))
    #expect(mistake.contains("the scenario does not do the same again"))
  }

  /// One reader is let in at a time and counts: a write, whatever it is called.
  @Test func aReadThatWritesIsNoticed() throws {
    let scenario: Scenario = { kernel in
      let gauge = Gauge(kernel)
      kernel.thread("left") { _ = try await gauge.readAndCount() }
      kernel.thread("right") {
        // Whoever comes first sees no reader before.
        try await gauge.noteIfFirst()
      }
      try await kernel.join()
    }
    let mistake = try #require(try mistake(scenario))
    #expect(mistake.contains("thread left: read_gauge(gauge), declared as read at"))
    #expect(mistake.contains("thread right: note_gauge(gauge), declared as read at"))
    #expect(mistake.contains("CommutationTests.swift:"))
    #expect(mistake.contains("gauge: readers = 1, first ="))
  }

  /// Nothing that the two steps write is ever read again, and the actor does not say what is in it.
  @Test func aSecondObjectThatIsNotDeclaredIsNoticed() throws {
    func scenario(declares: Bool) -> Scenario {
      { kernel in
        let total = Gauge(kernel, "total")
        let mover = Mover(kernel, total, declares: declares)
        try await total.set(1)
        kernel.thread("sets") { try await total.set(7) }
        kernel.thread("moves") { try await mover.double() }
        try await kernel.join()
      }
    }
    let mistake = try #require(try mistake(scenario(declares: false)))
    #expect(mistake.contains("thread moves: double(mover), declared as write"))
    #expect(mistake.contains("total: readers = 0, first = 0, value ="))
    #expect(try self.mistake(scenario(declares: true)) == nil)
  }

  /// A step that enables another one has to be dependent on it.
  @Test func anOfferThatIsNotDeclaredIsNoticed() throws {
    let mistake = try mistake { kernel in
      let door = BareLock(kernel, "door")
      let thief = Thief(kernel, door.object)
      kernel.thread("locks") { try await door.lock() }
      kernel.thread("steals") { try await thief.steal() }
      kernel.thread("waits") { _ = try await thief.look() }
      try await kernel.join()
    }
    #expect(mistake?.contains("one of them not behind the other") == true)
  }

  @Test func samplersAreNotHeldToIt() throws {
    try explore(.random(seed: 1, schedules: 50)) { kernel in
      let gauge = Gauge(kernel)
      for _ in 0..<2 { kernel.thread("t") { try await gauge.noteIfFirst() } }
      try await kernel.join()
    }
  }

  @Test func noPairIsTriedWhenThatIsTheWish() throws {
    var limits = Limits()
    limits.commutingPairs = 0
    limits.checkedExecutions = 0
    try explore(.exhaustive, limits: limits) { kernel in
      let gauge = Gauge(kernel)
      for _ in 0..<2 { kernel.thread("t") { try await gauge.noteIfFirst() } }
      try await kernel.join()
    }
  }
}

/// Declares reads and writes all the same.
private actor Gauge: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var readers = 0
  private var first = 0
  private var value = 0

  init(_ kernel: Kernel, _ name: StaticString = "gauge") {
    self.kernel = kernel
    object = kernel.register(name)
  }

  func readAndCount() async throws(KernelFault) -> Int {
    try await step(.read, "read_gauge")
    readers += 1
    return value
  }

  func noteIfFirst() async throws(KernelFault) {
    try await step(.read, "note_gauge")
    if readers == 0 { first = 1 }
  }

  func set(_ new: Int) async throws(KernelFault) {
    try await step(.write, "set_gauge")
    value = new
  }

  /// For a step that has declared it, or should have.
  func double() { value *= 2 }
}

/// Changes another object.
private actor Mover: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private let total: Gauge
  private let declares: Bool

  init(_ kernel: Kernel, _ total: Gauge, declares: Bool) {
    self.kernel = kernel
    self.total = total
    self.declares = declares
    object = kernel.register("mover")
  }

  func double() async throws(KernelFault) {
    if declares {
      try await step(.write, "double", also: ObjectAccess(total.object, .write))
    } else {
      try await step(.write, "double")
    }
    await total.double()
  }
}

/// Takes away what another object offers.
private actor Thief: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private let victim: ObjectID

  init(_ kernel: Kernel, _ victim: ObjectID) {
    self.kernel = kernel
    self.victim = victim
    object = kernel.register("thief")
  }

  func steal() async throws(KernelFault) {
    try await step(.write, "steal")
    kernel.offer([], by: victim)
  }

  func look() async throws(KernelFault) -> Int {
    try await step(.read, "look")
    return 0
  }
}
