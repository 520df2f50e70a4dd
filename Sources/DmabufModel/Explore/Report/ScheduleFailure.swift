// SPDX-License-Identifier: GPL-2.0-only

/// A schedule under which the machine found something wrong.
///
/// Its description is the report: the finding in one line, the interleaving with a column a thread, the pair of steps
/// whose order decides, the locks held and the kernel log at the end, and one line to replay it.
public struct ScheduleFailure: Error, Sendable, CustomStringConvertible {
  /// What was found.
  public let finding: Finding
  /// The execution in which it was found, or the smallest one that finds the same.
  package let recording: Recording
  /// The name of the search, as replay strings and files carry it.
  public let name: String
  /// The number of schedules that had been run when it was found, this one included.
  public let executions: Int
  /// How the schedule was made smaller; none for a replayed one.
  package internal(set) var shrinking: Shrinking?
  /// The pair of steps whose order decides, if there is one.
  package internal(set) var flip: Flip?
  /// The number of pairs that were tried the other way round.
  public internal(set) var flipsTried = 0
  /// Whether a replayed schedule was followed though the steps are no longer those that were recorded.
  public internal(set) var hasChanged = false
  /// Whether it was found under the clock, where there is one schedule.
  var isTimed = false
  /// The pattern by which the test is found; empty for a search that is in no test.
  let filter: String
  /// A command of an executable that replays a schedule.
  let command: String?
  /// What could not be written where pictures were asked for, and which were.
  var files: [String] = []
  /// Whether the table has a row for every step.
  var showsEveryStep = false
  /// The number of characters in a line of the table.
  var columns = ReportWidth.usual

  init(finding: Finding, recording: Recording, name: SearchName, executions: Int, command: String?) {
    self.finding = finding
    self.recording = recording
    self.name = name.tag
    self.executions = executions
    self.command = command
    filter = name.filter
  }

  /// The replay string, as `replay` takes it.
  public var schedule: String { recording.schedule.description }

  /// The line that replays the failure in a shell: with the command that the search has named, else as a test.
  ///
  /// A test is found by its function. An executable that searches by itself has to say how it is to be called, with
  /// ``ReportOptions/replayCommand``; else all that can be said is the variable that it has to be called with.
  public var replayLine: String {
    let variable = "DMABUF_REPLAY='\(name)/\(schedule)'"
    return replayCommandLine ?? (filter.isEmpty ? variable : "\(variable) swift test --filter \(filter)")
  }

  /// The command that the search has named, with the schedule.
  var replayCommandLine: String? { command.map { "\($0) '\(schedule)'" } }

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
    let table = TraceTable(
      recording, finding: finding, flip: flip, style: style, isUnfolded: showsEveryStep, columns: columns)
    lines += table.lines
    lines.append("")
    lines += verdictLines(style)
    if finding.blocked.isEmpty {
      lines += recording.heldAtEnd.map { "\($0.thread) holds \($0.locks.joined(separator: ", "))" }
    }
    if !recording.log.isEmpty { lines += ["dmesg:"] + recording.log.suffix(20).map { "  \($0)" } }
    lines.append(isTimed ? "replay: run it again; under the clock there is one schedule" : "replay: \(replayLine)")
    return (lines + files).joined(separator: "\n")
  }

  /// What is known about the schedule: the pair that decides, how small it is, how it came about.
  private func verdictLines(_ style: ReportStyle) -> [String] {
    var lines: [String] = []
    if let flip {
      lines += paragraph("\(flip)", under: "flip:", style)
    } else if flipsTried > 0 {
      let pairs = flipsTried == 1 ? "the one pair" : "each of the \(flipsTried) pairs"
      lines.append(
        style.paint("flip:", .heading) + " none; it fails with \(pairs) of dependent steps the other way round")
    }
    if hasChanged {
      lines.append("the steps are not all those that the schedule was recorded with; it was followed all the same")
    } else if let shrinking, shrinking.after.threads == 0 {
      lines.append("found by schedule \(executions), in what main does alone: every schedule has it")
    } else if let shrinking {
      lines += "found by schedule \(executions); shown with \(shrinking)".wrapped(at: columns)
    }
    if recording.locksQueue { lines.append("locks: queued as in the kernel") }
    if hasRunNobody {
      lines += paragraph("no thread that was started has run yet; kernel.join() waits for them", under: "note:", style)
    }
    return lines
  }

  /// Whether the scenario failed with threads started that had not taken a step: it may have forgotten to wait for
  /// them.
  private var hasRunNobody: Bool {
    finding.kind == .check && recording.threadNames.count > 1 && recording.steps.allSatisfy { $0.thread == .main }
  }

  private func paragraph(_ text: String, under head: String, _ style: ReportStyle) -> [String] {
    let indent = head.count + 1
    return text.wrapped(at: columns - indent).enumerated().map { index, part in
      index == 0 ? style.paint(head, .heading) + " \(part)" : String(repeating: " ", count: indent) + part
    }
  }
}

/// A replay string that the scenario no longer follows.
public struct ReplayDivergence: Error, Sendable, CustomStringConvertible {
  /// The first step that differs.
  public let summary: String
  /// What was executed instead.
  package let recording: Recording
  /// How the table is written.
  let options: ReportOptions

  /// The first step that differs, and what was executed.
  public var description: String {
    let table = TraceTable(recording, isUnfolded: options.showsEveryStep, columns: options.width)
    return (["replay diverged: \(summary)", ""] + table.lines).joined(separator: "\n")
  }
}
