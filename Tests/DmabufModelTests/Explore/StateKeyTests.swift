// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Two states that a program can tell apart have two keys; the search by states would lose one of them otherwise.
@Suite("The key of a state")
struct StateKeyTests {
  /// A state, as a scenario with threads 1 and 2 of which the given ones take the next steps.
  typealias State = (order: [Int], scenario: Scenario)

  private func key(_ state: State) throws -> UInt64 {
    let probe = KeyProbe(state.order)
    _ = try survey(probe, state.scenario)
    return try #require(probe.key, "the schedule has no such step")
  }

  private func expectApart(_ one: State, _ other: State, _ what: Comment) throws {
    #expect(try key(one) == key(one), "the same state has two keys")
    #expect(try key(one) != key(other), what)
  }

  @Test("has the object and the access of what each thread does next")
  func pending() throws {
    func state(_ body: @escaping @Sendable (Shared<Int>, Shared<Int>) async throws -> Void) -> State {
      (
        [],
        { kernel in
          let (x, y) = (Shared(kernel, "x", 0), Shared(kernel, "y", 0))
          kernel.thread("a") { try await body(x, y) }
          kernel.thread("b") { try await y.store(2) }
        }
      )
    }
    let stores = state { x, _ in try await x.store(1) }
    try expectApart(stores, state { _, y in try await y.store(1) }, "the object of the next step")
    try expectApart(stores, state { x, _ in _ = try await x.load() }, "the access of the next step")
  }

  @Test("has what an object offers, and what it holds, beside what it says of itself")
  func offers() throws {
    func state(_ change: @escaping @Sendable (isolated Described) -> Void) -> State {
      (
        [1],
        { kernel in
          let box = Described(kernel)
          kernel.thread("a") {
            try await box.change(change)
            try await box.change { _ in }
          }
          kernel.thread("b") { try await box.change { _ in } }
        }
      )
    }
    let nothing = state { _ in }
    try expectApart(nothing, state { $0.offer(.done) }, "the offer")
    try expectApart(nothing, state { $0.hold(1) }, "what would be a leak")
    try expectApart(nothing, state { $0.value = 1 }, "the value")
  }

  @Test("has every result of a step, and what was learnt without one")
  func results() throws {
    func state(_ learn: @escaping @Sendable (Kernel) -> Void) -> State {
      (
        [1],
        { kernel in
          let box = Described(kernel)
          kernel.thread("a") {
            try await box.change { learn($0.kernel) }
            try await box.change { _ in }
          }
          kernel.thread("b") { try await box.change { _ in } }
        }
      )
    }
    let first = state {
      $0.returned(1)
      $0.returned(5)
    }
    let second = state {
      $0.returned(2)
      $0.returned(5)
    }
    try expectApart(first, second, "the first of two results")
    try expectApart(state { $0.observed(1) }, state { $0.observed(2) }, "what was observed")
  }

  @Test("has what an object has changed without a step of its own")
  func silentChange() throws {
    func state(_ value: Int) -> State {
      (
        [1],
        { kernel in
          let (box, shadow) = (Described(kernel), Described(kernel))
          kernel.thread("a") {
            try await box.change { box in
              shadow.assumeIsolated { $0.value = value }
              shadow.changed()
            }
            try await box.change { _ in }
          }
          kernel.thread("b") { try await box.change { _ in } }
        }
      )
    }
    try expectApart(state(1), state(2), "a change without a step")
  }

  /// For an object that does not say what is in it, what has been done to it counts, by whom, and in which order.
  @Test("has the history of an object that does not describe itself")
  func history() throws {
    func state(_ order: [Int], _ access: Access = .write) -> State {
      (
        order,
        { kernel in
          let mute = Undescribed(kernel)
          kernel.thread("a") {
            try await mute.touch(access)
            try await mute.touch(.write)
          }
          kernel.thread("b") {
            try await mute.touch(.write)
            try await mute.touch(.write)
          }
        }
      )
    }
    try expectApart(state([1, 2]), state([2, 1]), "who came first")
    try expectApart(state([1]), state([1], .wake), "what was done")
  }

  /// The value is the same, and only one of the two threads may go on.
  @Test("has whether what a waiting thread has read was written since")
  func staleReads() throws {
    func state(_ order: [Int]) -> State {
      (
        order,
        { kernel in
          let x = Shared(kernel, "x", 0)
          kernel.thread("spin") {
            while try await x.load() == 0 { try await kernel.cpuRelax() }
          }
          kernel.thread("writer") {
            try await x.store(0)
            try await x.store(1)
          }
        }
      )
    }
    try expectApart(state([1, 2]), state([2, 1]), "a read that is stale")
  }

  @Test("keeps asleep only those who slept at every visit")
  func sleepers() {
    var table = StateTable()
    #expect(table.visit(7, asleep: [0, 1]) == nil)
    #expect(table.visit(7, asleep: [0]) == [1])
    #expect(table.isAsleep(0, in: 7) && !table.isAsleep(1, in: 7))
    #expect(table.visit(7, asleep: [1]) == [0])
    #expect(table.visit(7, asleep: []) == [])
    #expect(!table.isAsleep(0, in: 7))
    #expect(table.count == 1)
  }
}

/// Takes some steps, looks at the key of the state behind them, and goes on in order.
private final class KeyProbe: Strategy {
  private let order: [Int]
  private let watch = StateWatch()
  private var hasBegun = false
  private(set) var key: UInt64?

  init(_ order: [Int]) { self.order = order }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    defer { hasBegun = true }
    return !hasBegun
  }

  func choose(_ point: DecisionPoint) -> Int {
    if point.depth == 0 { point.kernel.startWatching(watch) }
    watch.names.catchUp(with: point.kernel)
    watch.settle(point.kernel)
    if point.depth == order.count { key = watch.fingerprint(point.kernel) }
    if point.depth < order.count { return order[point.depth] }
    return (point.enabled.without(0).isEmpty ? point.enabled : point.enabled.without(0)).first
  }
}

/// An object that describes its value and nothing else.
private actor Described: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  var value = 0

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("box")
  }

  func change(_ body: @Sendable (isolated Described) -> Void) async throws(KernelFault) {
    try await step(.write, "change")
    returned()
    body(self)
  }

  func describe(to fingerprint: inout Fingerprint) { fingerprint.add(value) }
}

/// An object that does not describe itself.
private actor Undescribed: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("mute")
  }

  func touch(_ access: Access) async throws(KernelFault) {
    try await step(access, "touch")
    returned()
  }
}
