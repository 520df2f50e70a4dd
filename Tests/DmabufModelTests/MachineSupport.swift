// SPDX-License-Identifier: GPL-2.0-only

import Synchronization
import Testing

@testable import DmabufModel

/// Runs a search that must find something of a kind, and answers what it found.
func failure(
  _ kind: Finding.Kind, under strategy: some Strategy = ExhaustiveStrategy.exhaustive,
  limits: Limits = Limits(), function: String = #function, file: String = #fileID, line: UInt = #line,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ scenario: @escaping Scenario
) throws -> ScheduleFailure {
  let failure = try #require(throws: ScheduleFailure.self, sourceLocation: sourceLocation) {
    try explore(strategy, limits: limits, function: function, file: file, line: line, scenario)
  }
  #expect(failure.finding.kind == kind, "\(failure)", sourceLocation: sourceLocation)
  return failure
}

/// The lines of a deadlock's report without the places in the source.
func withoutPlaces(_ lines: [String]) -> [String] {
  lines.map { String($0[..<($0.firstRange(of: ", at ")?.lowerBound ?? $0.endIndex)]) }
}

extension Kernel {
  /// Checks in a body that a value is what it should be.
  func expect<Value: Equatable>(
    _ value: Value, is expected: Value, _ what: String = "the value", file: StaticString = #fileID, line: UInt = #line
  ) throws(KernelFault) {
    try check(value == expected, "\(what) is \(value) and should be \(expected)", file: file, line: line)
  }

  /// The warnings that the execution has logged so far.
  var warnings: [String] { log.entries.filter { $0.level == .warning }.map(\.text) }
}

/// Something that bodies may change and that outlives an execution.
final class Box<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>

  init(_ value: Value) { storage = Mutex(value) }

  var value: Value { storage.withLock { $0 } }

  func update(_ change: (inout Value) -> Void) { storage.withLock { change(&$0) } }
}

/// Counts how many of its probes are alive.
final class ProbeCounter: Sendable {
  private let count = Atomic<Int>(0)

  /// How many probes have been made and not destroyed.
  var alive: Int { count.load(ordering: .sequentiallyConsistent) }

  fileprivate func add(_ number: Int) { count.add(number, ordering: .sequentiallyConsistent) }
}

/// An object that a body captures: for as long as it is alive, so is the body or something that the body made.
final class Probe: Sendable {
  private let counter: ProbeCounter

  init(_ counter: ProbeCounter) {
    self.counter = counter
    counter.add(1)
  }

  deinit { counter.add(-1) }

  /// Keeps the probe alive up to here.
  func touch() {}
}

/// Lets another strategy decide, and writes down every execution.
final class TranscribedStrategy: Strategy {
  private let base: any Strategy
  private(set) var executions: [[Event]] = []

  init(_ base: any Strategy) { self.base = base }

  var decidesForcedSteps: Bool { base.decidesForcedSteps }

  var mustFinish: Bool { base.mustFinish }

  var objection: ScenarioError? { base.objection }

  func beginExecution() -> Bool { base.beginExecution() }

  func choose(_ point: DecisionPoint) -> Int { base.choose(point) }

  func endExecution(_ execution: Execution) {
    executions.append(execution.kernel.events.map { $0 })
    base.endExecution(execution)
  }

  func verdict(executions: Int) -> Verdict { base.verdict(executions: executions) }
}

/// The scenarios that several suites share.
enum Races {
  /// Two threads that each load and store: one of the two increments can be lost.
  @Sendable static func lostUpdate(_ kernel: Kernel) async throws {
    let counter = Shared(kernel, "counter", 0)
    for name in ["a", "b"] {
      kernel.thread(name) { try await counter.store(try await counter.load() + 1) }
    }
    try await kernel.join()
    try kernel.expect(try await counter.load(), is: 2, "counter")
  }

  /// Three threads on a lock, a count, a field and a completion; nothing is wrong with it.
  @Sendable static func harmless(_ kernel: Kernel) async throws {
    let lock = SleepingMutex(kernel, "lock")
    let references = Kref(kernel, "references")
    let field = Shared(kernel, "field", 0)
    let done = Completion(kernel, "done")
    for number in 1...3 {
      kernel.thread("t\(number)") {
        try await references.get()
        try await lock.lock()
        try await field.store(try await field.load() + number)
        try await lock.unlock()
        try await done.complete()
      }
    }
    for _ in 1...3 { try await done.wait() }
    try await kernel.join()
    try kernel.expect(try await field.load(), is: 6, "field")
    try kernel.expect(try await references.read(), is: 4, "references")
  }
}
