// SPDX-License-Identifier: GPL-2.0-only

/// A search that was to be complete and came to a limit first: neither a pass nor a defect.
public struct SearchStopped: Error, Sendable, CustomStringConvertible {
  /// What had been done and seen until then.
  public let report: ExplorationReport
  /// The file from which the search can go on, if it has one.
  public internal(set) var checkpoint: String?
  /// What is in the file and how to go on from it.
  var kept: String?

  /// One line: the limit, what it means, and what can be done about it; and one that says how to go on from a
  /// checkpoint.
  public var description: String {
    let line =
      if case .interrupted = report.verdict {
        "the search was to be exhaustive and was \(report.verdict)"
      } else {
        "the search was to be exhaustive and \(report.verdict); raise \(variable), make the scenario smaller, bound the "
          + "preemptions, or sample"
      }
    return ([line] + [kept].compactMap { $0 }).joined(separator: "\n")
  }

  /// The variable that raises the limit.
  private var variable: String {
    if case .stoppedAtTimeLimit = report.verdict { "DMABUF_SECONDS" } else { "DMABUF_MAX_SCHEDULES" }
  }
}
