// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// How an execution can end, as far as a search by states can tell: not by which way.
struct Ending: Hashable {
  /// What was found; a deadlock with all that the threads have read, any other finding without.
  var finding: String?
  var read: [Int]
}

/// Hands every question on to another strategy and keeps how its executions ended.
final class EndingsStrategy<Base: Strategy>: Strategy {
  private let base: Base
  private let ledger: Ledger
  private(set) var endings: Set<Ending> = []

  init(_ base: Base, _ ledger: Ledger) {
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
    let kernel = execution.kernel
    let read = ledger.take()
    if let finding = kernel.finding {
      let isAtEnd = finding.kind == .deadlock || finding.kind == .leak
      endings.insert(Ending(finding: finding.description, read: isAtEnd ? read : []))
    } else if !kernel.wasAbandoned {
      endings.insert(Ending(finding: nil, read: read))
    }
    base.endExecution(execution)
  }
}
