// SPDX-License-Identifier: GPL-2.0-only

/// What a search that does not stop at a finding has seen.
public struct Survey: Sendable, Hashable, CustomStringConvertible {
  /// A finding, and how often it was made.
  public struct Count: Sendable, Hashable {
    /// The finding.
    public let finding: Finding
    /// In how many executions it was made.
    public internal(set) var executions: Int

    static func add(_ finding: Finding, to counts: inout [Count]) {
      if let index = counts.firstIndex(where: { $0.finding == finding }) {
        counts[index].executions += 1
      } else {
        counts.append(Count(finding: finding, executions: 1))
      }
    }
  }

  /// What was done.
  public let report: ExplorationReport
  /// What was found, in the order in which it was first seen.
  public let findings: [Count]

  /// In how many executions a check found something.
  public func executions(finding kind: Finding.Kind) -> Int {
    findings.filter { $0.finding.kind == kind }.reduce(0) { $0 + $1.executions }
  }

  /// The report, and a line for each finding.
  public var description: String {
    ([report.description] + findings.map { "  \($0.executions) times: \($0.finding)" }).joined(separator: "\n")
  }
}
