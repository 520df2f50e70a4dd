// SPDX-License-Identifier: GPL-2.0-only

/// Renders a recorded execution as a table with one column a thread.
struct TraceTable {
  private let recording: Recording
  private let columns: [Int]
  private static let width = 120

  init(_ recording: Recording) {
    self.recording = recording
    var seen: [Int] = []
    for step in recording.steps where step.isConcurrent && !TraceTable.isJoin(step) {
      if !seen.contains(step.thread.index) { seen.append(step.thread.index) }
    }
    columns = seen.sorted()
  }

  /// The lines of the table, at most 120 characters wide where the number of threads allows it.
  var lines: [String] {
    guard !columns.isEmpty else { return recording.steps.suffix(20).map { "\($0.number)  \(Self.text(of: $0))" } }
    let column = max(16, (Self.width - 6) / columns.count - 1)
    var lines: [String] = []
    lines.append(
      "  step "
        + columns.map { Self.pad(recording.threadNames[$0], column) }.joined(separator: " ").trimmedEnd)
    var running: Int?
    for step in recording.steps where step.isConcurrent && !Self.isJoin(step) {
      guard let place = columns.firstIndex(of: step.thread.index) else { continue }
      let mark = running == step.thread.index ? " " : ">"
      running = step.thread.index
      let gap = String(repeating: " ", count: place * (column + 1))
      for (index, part) in Self.wrap(Self.text(of: step), column).enumerated() {
        let head = index == 0 ? mark + Self.padLeft("\(step.number)", 5) : "      "
        lines.append((head + " " + gap + part).trimmedEnd)
      }
    }
    return lines
  }

  private static func isJoin(_ step: TraceStep) -> Bool { step.access == .wait && step.label == "join" }

  private static func text(of step: TraceStep) -> String {
    "\(step.label)(\(step.objectName))" + (step.remark.isEmpty ? "" : " \(step.remark)")
  }

  private static func wrap(_ text: String, _ width: Int) -> [String] {
    if text.count <= width { return [text] }
    var parts: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.count + word.count + 1 > width {
        parts.append(line)
        line = "  "
      }
      line += (line.isEmpty || line == "  " ? "" : " ") + word
    }
    return parts + [line]
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text.count >= width ? String(text.prefix(width)) : text + String(repeating: " ", count: width - text.count)
  }

  private static func padLeft(_ text: String, _ width: Int) -> String {
    text.count >= width ? text : String(repeating: " ", count: width - text.count) + text
  }
}

extension String {
  fileprivate var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
