// SPDX-License-Identifier: GPL-2.0-only

/// A schedule under which the machine found something wrong.
///
/// Its description is the report: the finding in one line, the interleaving with a column a thread, the locks held and
/// the kernel log at the end, and one line to replay it.
public struct ScheduleFailure: Error, Sendable, CustomStringConvertible {
  /// What was found.
  public let finding: Finding
  /// The execution in which it was found.
  public let recording: Recording
  /// The name of the search.
  public let name: String
  /// How many schedules had been run when it was found, this one included.
  public let executions: Int

  /// The replay string, as ``replay(_:name:_:)`` takes it.
  public var schedule: String { recording.schedule.description }

  /// The line that replays the failure in a shell.
  public var replayLine: String {
    let tag = Exploration.tag(name)
    return "DMABUF_REPLAY='\(tag)/\(schedule)' swift test --filter \(tag)"
  }

  /// The report.
  public var description: String {
    var lines = ["\(finding)"]
    lines += finding.details.map { "  \($0)" }
    if let location = finding.location { lines.append("  at \(location)") }
    lines.append("")
    lines += TraceTable(recording).lines
    lines.append("")
    lines += recording.heldAtEnd.map { "\($0.thread) holds \($0.locks.joined(separator: ", "))" }
    if !recording.log.isEmpty { lines += ["dmesg:"] + recording.log.map { "  \($0)" } }
    lines.append("schedule \(executions); replay: \(replayLine)")
    return lines.joined(separator: "\n")
  }
}

/// A replay string that the scenario no longer follows.
public struct ReplayDivergence: Error, Sendable, CustomStringConvertible {
  /// The first step that differs.
  public let summary: String
  /// What was executed instead.
  public let recording: Recording

  /// The first step that differs, and what was executed.
  public var description: String {
    (["replay diverged: \(summary)", ""] + TraceTable(recording).lines).joined(separator: "\n")
  }
}
