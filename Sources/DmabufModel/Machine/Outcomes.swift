// SPDX-License-Identifier: GPL-2.0-only

/// What the scenario has named as the result of its executions, and how many executions had each result.
struct Outcomes {
  private var parts: [String] = []
  private var executions: [String: Int] = [:]
  /// The number of executions that have ended without a name for their result.
  private var unnamed = 0

  mutating func beginExecution() {
    if !parts.isEmpty { parts.removeAll(keepingCapacity: true) }
  }

  mutating func add(_ part: String) { parts.append(part) }

  /// Counts the execution that has just ended.
  ///
  /// The parts are put in order, since threads may name them in any.
  mutating func countExecution() {
    if parts.isEmpty {
      unnamed += 1
    } else {
      executions[parts.sorted().joined(separator: ", "), default: 0] += 1
    }
  }

  /// The name of having no result.
  static let unnamed = "(no outcome)"

  /// Each result with its number of executions, the most frequent first; nothing where no result was ever named.
  var counts: [OutcomeCount] { OutcomeCount.ofWhole(countsOfPart) }

  /// The same of a part of a search: another part may have named one.
  var countsOfPart: [OutcomeCount] {
    var counts = executions.map { OutcomeCount(outcome: $0.key, executions: $0.value) }
    if unnamed > 0 { counts.append(OutcomeCount(outcome: Self.unnamed, executions: unnamed)) }
    return counts.sorted { ($1.executions, $0.outcome) < ($0.executions, $1.outcome) }
  }
}

/// The number of executions with one result; under an exhaustive search, of classes of interleavings.
public struct OutcomeCount: Sendable, Hashable {
  /// The result as the scenario named it.
  public let outcome: String
  /// In how many executions it came out.
  public let executions: Int

  /// What a whole search prints of the counts of its parts.
  static func ofWhole(_ counts: [OutcomeCount]) -> [OutcomeCount] {
    counts.allSatisfy { $0.outcome == Outcomes.unnamed } ? [] : counts
  }
}

extension Kernel {
  /// Names the result of this execution, or a part of it; the report of a search counts how often each came out.
  ///
  /// Not a step. Parts that several threads name are put in alphabetical order.
  ///
  /// ```swift
  /// kernel.outcome("fault mapped, then zapped")
  /// ```
  public func outcome(_ text: String) { if !isUnwinding { outcomes.add(text) } }

  /// Names one value that belongs to the result of this execution.
  ///
  /// Not a step. Parts that several threads name are put in alphabetical order.
  ///
  /// ```swift
  /// kernel.outcome("faults mapped", mapped)
  /// ```
  public func outcome(_ name: String, _ value: some CustomStringConvertible) {
    if !isUnwinding { outcomes.add("\(name): \(value)") }
  }
}
