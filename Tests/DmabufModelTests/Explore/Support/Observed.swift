// SPDX-License-Identifier: GPL-2.0-only

import Synchronization

@testable import DmabufModel

/// Hands every question on to another strategy and keeps what each execution came to.
final class ObservingStrategy<Base: Strategy>: Strategy {
  let base: Base
  private let ledger: Ledger?
  private(set) var observed = Observed()

  init(_ base: Base, _ ledger: Ledger? = nil) {
    self.base = base
    self.ledger = ledger
  }

  var decidesForcedSteps: Bool { base.decidesForcedSteps }
  var mustFinish: Bool { base.mustFinish }
  var objection: ScenarioError? { base.objection }
  func beginExecution() -> Bool { base.beginExecution() }
  func choose(_ point: DecisionPoint) -> Int { base.choose(point) }
  func verdict(executions: Int) -> Verdict { base.verdict(executions: executions) }

  func endExecution(_ execution: Execution) {
    let trace = CanonicalTrace(execution.kernel)
    observed.executions += 1
    observed.traces.insert(trace)
    if let finding = execution.kernel.finding { observed.failures.insert(trace, finding.kind) }
    if let ledger { observed.states.insert(ledger.take()) }
    base.endExecution(execution)
  }
}

/// What a search has come to, independent of the order in which it did.
struct Observed: Equatable {
  struct Failures: Equatable {
    var traces: [Finding.Kind: Set<CanonicalTrace>] = [:]
    mutating func insert(_ trace: CanonicalTrace, _ kind: Finding.Kind) { traces[kind, default: []].insert(trace) }
  }

  var executions = 0
  var traces: Set<CanonicalTrace> = []
  var failures = Failures()
  var states: Set<[Int]> = []

  /// Adds what another part of the same search has come to.
  mutating func add(_ other: Observed) {
    executions += other.executions
    traces.formUnion(other.traces)
    states.formUnion(other.states)
    for (kind, traces) in other.failures.traces { failures.traces[kind, default: []].formUnion(traces) }
  }

  /// Whether two searches have seen the same, however often.
  func sees(theSameAs other: Observed) -> Bool {
    traces == other.traces && failures == other.failures && states == other.states
  }
}

/// Where the threads of a scenario write down what they have read.
///
/// It stands outside of the machine and is looked at when an execution is over.
final class Ledger: Sendable {
  private let lines = Mutex<[[Int]]>([])

  func begin(_ threads: Int) { lines.withLock { $0 = Array(repeating: [], count: threads) } }

  func note(_ value: Int, by thread: Int) { lines.withLock { $0[thread].append(value) } }

  func take() -> [Int] { lines.withLock { $0.flatMap { [-1] + $0 } } }
}
