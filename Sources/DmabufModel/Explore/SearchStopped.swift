// SPDX-License-Identifier: GPL-2.0-only

/// A search that was to be complete and came to a limit first: neither a pass nor a defect.
public struct SearchStopped: Error, Sendable, CustomStringConvertible {
  /// What had been done and seen until then.
  public let report: ExplorationReport

  /// One line: the limit, what it means, and what can be done about it.
  public var description: String {
    "the search was to be exhaustive and \(report.verdict); raise \(variable), make the scenario smaller, bound the "
      + "preemptions, or sample"
  }

  /// The variable that raises the limit.
  private var variable: String {
    if case .stoppedAtTimeLimit = report.verdict { "DMABUF_SECONDS" } else { "DMABUF_MAX_SCHEDULES" }
  }
}
