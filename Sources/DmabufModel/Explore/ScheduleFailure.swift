// SPDX-License-Identifier: GPL-2.0-only

/// A schedule under which the machine found something wrong.
///
/// Its description is the report: the finding in one line, the interleaving with a column a thread, the pair of steps
/// whose order decides, the locks held and the kernel log at the end, and one line to replay it.
public struct ScheduleFailure: Error, Sendable, CustomStringConvertible {
  /// What was found.
  public let finding: Finding
  /// The execution in which it was found, or the smallest one that finds the same.
  public let recording: Recording
  /// The name of the search, as replay strings and files carry it.
  public let name: String
  /// How many schedules had been run when it was found, this one included.
  public let executions: Int
  /// How the schedule was made smaller; none for a replayed one.
  public internal(set) var shrinking: Shrinking?
  /// The pair of steps whose order decides, if there is one.
  public internal(set) var flip: Flip?
  /// How many pairs were tried the other way round.
  public internal(set) var flipsTried = 0
  /// Whether a replayed schedule was followed though the steps are no longer those that were recorded.
  public internal(set) var hasChanged = false
  /// The pattern by which the test is found; empty for a search that is in no test.
  let filter: String
  /// A command of an executable that replays a schedule.
  let command: String?
  /// What could not be written where pictures were asked for, and which were.
  var files: [String] = []

  init(finding: Finding, recording: Recording, name: SearchName, executions: Int, command: String?) {
    self.finding = finding
    self.recording = recording
    self.name = name.tag
    self.executions = executions
    self.command = command
    filter = name.filter
  }

  /// The replay string, as ``replay(_:name:_:)`` takes it.
  public var schedule: String { recording.schedule.description }

  /// The line that replays the failure in a shell, as a test.
  public var replayLine: String { "DMABUF_REPLAY='\(name)/\(schedule)' swift test --filter \(filter)" }

  /// The line that replays the failure in a shell with an executable, if the search has named one.
  public var replayCommandLine: String? { command.map { "\($0) '\(schedule)'" } }

  /// The report without colours.
  public var description: String { report() }

  /// The report.
  ///
  /// - Parameter style: Plain for a file or a test, ``ReportStyle/forStandardError`` for a terminal.
  public func report(_ style: ReportStyle = .plain) -> String {
    var lines = [style.paint("\(finding)", .failure)]
    lines += finding.details.map { "  \($0)" }
    if let location = finding.location { lines.append("  at \(location)") }
    lines.append("")
    lines += TraceTable(recording, finding: finding, flip: flip, style: style).lines
    lines.append("")
    lines += verdictLines(style)
    if finding.blocked.isEmpty {
      lines += recording.heldAtEnd.map { "\($0.thread) holds \($0.locks.joined(separator: ", "))" }
    }
    if !recording.log.isEmpty { lines += ["dmesg:"] + recording.log.suffix(20).map { "  \($0)" } }
    if let replayCommandLine, filter.isEmpty {
      lines.append("replay: \(replayCommandLine)")
    } else {
      lines.append("replay: \(replayLine)")
      if let replayCommandLine { lines.append("    or: \(replayCommandLine)") }
    }
    return (lines + files).joined(separator: "\n")
  }

  /// What is known about the schedule: the pair that decides, how small it is, how it came about.
  private func verdictLines(_ style: ReportStyle) -> [String] {
    var lines: [String] = []
    if let flip {
      let parts = "\(flip)".wrapped(at: 120 - 6)
      lines += zip(parts, parts.indices).map { part, index in
        index == 0 ? style.paint("flip:", .heading) + " \(part)" : "      \(part)"
      }
    } else if flipsTried > 0 {
      let pairs = flipsTried == 1 ? "the one pair" : "each of the \(flipsTried) pairs"
      lines.append(
        style.paint("flip:", .heading) + " none; it fails with \(pairs) of dependent steps the other way round")
    }
    if hasChanged {
      lines.append("the steps are not all those that the schedule was recorded with; it was followed all the same")
    } else if let shrinking {
      lines.append("found by schedule \(executions); shown with \(shrinking)")
    }
    return lines
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
