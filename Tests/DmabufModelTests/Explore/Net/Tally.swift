// SPDX-License-Identifier: GPL-2.0-only

import Synchronization

@testable import DmabufModel

/// What a search has seen of a program, where every search of the program has to see the same.
struct Tally {
  /// How an execution ended that nothing cut short, with all that its threads have learnt.
  struct Ending: Hashable, CustomStringConvertible {
    var finding: Finding.Kind?
    var learnt: [String]

    var description: String { "\(finding?.rawValue ?? "passes"): \(learnt.joined(separator: " | "))" }
  }

  var executions = 0
  var abandoned = 0
  /// The classes of all executions, and of those that nothing cut short.
  var traces: Set<TraceDigest> = []
  var wholeTraces: Set<TraceDigest> = []
  var endings: Set<Ending> = []
  /// Findings of any execution.
  var kinds: Set<Finding.Kind> = []
  /// A finding in each kind, for reports.
  var summaries: [Finding.Kind: String] = [:]
  /// Executions that a finding has ended while other threads had steps left.
  ///
  /// What those threads would have done is unknown to a search by reduction, which may then leave something out.
  var cutShort = 0

  var fails: Bool { !kinds.isEmpty }
  var passes: Bool { endings.contains { $0.finding == nil } }

  /// The findings, in the order of their names.
  var names: [String] { kinds.map(\.rawValue).sorted() }
}

/// Hands every question on to another strategy and keeps what each execution came to.
final class TallyStrategy<Base: Strategy>: Strategy {
  private let base: Base
  private let notes: Notes
  private let keepsTraces: Bool
  private(set) var tally = Tally()

  init(_ base: Base, _ notes: Notes, keepsTraces: Bool = false) {
    self.base = base
    self.notes = notes
    self.keepsTraces = keepsTraces
  }

  var decidesForcedSteps: Bool { base.decidesForcedSteps }
  var mustFinish: Bool { base.mustFinish }
  var objection: ScenarioError? { base.objection }
  func beginExecution() -> Bool { base.beginExecution() }
  func prepare(_ kernel: Kernel) { base.prepare(kernel) }

  func choose(_ point: DecisionPoint) -> Int { base.choose(point) }
  func verdict(executions: Int) -> Verdict { base.verdict(executions: executions) }

  func endExecution(_ execution: Execution) {
    let kernel = execution.kernel
    tally.executions += 1
    if kernel.wasAbandoned {
      tally.abandoned += 1
    } else {
      note(kernel)
    }
    base.endExecution(execution)
  }

  private func note(_ kernel: Kernel) {
    let finding = kernel.finding
    // Once all are joined no thread has a step left, and a deadlock leaves only those that cannot be taken.
    let isWhole = finding == nil || finding?.kind == .deadlock || kernel.unjoined.isEmpty
    if keepsTraces {
      let trace = TraceDigest(kernel)
      tally.traces.insert(trace)
      if isWhole { tally.wholeTraces.insert(trace) }
    }
    if let finding {
      tally.kinds.insert(finding.kind)
      if tally.summaries[finding.kind] == nil { tally.summaries[finding.kind] = finding.description }
    }
    if isWhole {
      tally.endings.insert(Tally.Ending(finding: finding?.kind, learnt: notes.take()))
    } else {
      tally.cutShort += 1
    }
  }
}

/// Where the threads of a scenario write down what they have learnt, each on a line of its own.
///
/// It stands outside of the machine and is looked at when an execution is over.
final class Notes: Sendable {
  private let lines = Mutex<[String]>([])

  func begin(_ count: Int) { lines.withLock { $0 = Array(repeating: "", count: count) } }

  func note(_ text: String, by line: Int) { lines.withLock { $0[line] += text + " " } }

  func take() -> [String] { lines.withLock { $0 } }
}

/// Every interleaving, one after the other, with no reduction: what a clever search is held against.
///
/// For scenarios whose own thread starts others and joins them, and does nothing meanwhile: a join is taken as soon as
/// it can be, since it depends on nothing.
final class EveryOrderStrategy: Strategy {
  private var left: [ThreadSet] = []
  private var hasBegun = false

  var decidesForcedSteps: Bool { true }
  var mustFinish: Bool { true }

  func beginExecution() -> Bool {
    if hasBegun && left.isEmpty { return false }
    hasBegun = true
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    if point.depth == left.count { left.append(point.enabled.contains(0) ? ThreadSet(0) : point.enabled) }
    return left[point.depth].first
  }

  func endExecution(_ execution: Execution) {
    while let last = left.last {
      left[left.count - 1].removeFirst()
      if !last.hasNoSecond { return }
      left.removeLast()
    }
  }
}

/// Walks at random, and estimates from each walk how many interleavings there are (Knuth, 1975).
final class SizeStrategy: Strategy {
  private let walks: Int
  private var done = 0
  private var numbers = SplitMix64(seed: 1)
  private var product = 1.0
  private var sum = 0.0

  init(walks: Int) { self.walks = walks }

  /// Whether a scenario has about that number of interleavings or fewer.
  static func isWithin(_ interleavings: Int, _ scenario: @escaping Scenario) throws -> Bool {
    let walks = SizeStrategy(walks: 8)
    _ = try survey(walks, scenario)
    return walks.estimate <= Double(interleavings)
  }

  /// The mean over all walks.
  var estimate: Double { sum / Double(max(1, done)) }

  func beginExecution() -> Bool {
    if done == walks { return false }
    done += 1
    product = 1
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    if point.enabled.contains(0) { return 0 }
    let count = point.enabled.count
    product *= Double(count)
    return point.enabledThread(numbers.below(count))
  }

  /// The number of walks that have failed.
  private(set) var failures = 0

  func endExecution(_ execution: Execution) {
    sum += product
    if execution.hasFailed { failures += 1 }
  }
}
