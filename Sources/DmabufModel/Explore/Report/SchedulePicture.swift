// SPDX-License-Identifier: GPL-2.0-only

/// Draws a recorded execution: a lane a thread, time downward, locks as bars, blocked time hatched.
///
/// A self-contained SVG document: no scripts, no fonts or images from elsewhere.
struct SchedulePicture {
  private static let rowHeight = 26
  private static let characterWidth = 6.7
  private static let barWidth = 7
  private static let laneColors = [
    "#0b7285", "#b35900", "#862e9c", "#2b8a3e", "#1864ab", "#a61e4d", "#5f3dc4", "#5c940d",
  ]
  private static let lockColors = [
    "#4dabf7", "#f783ac", "#69db7c", "#ffa94d", "#b197fc", "#3bc9db", "#e8c547", "#a9a29b",
  ]

  private let failure: ScheduleFailure
  private let timeline: Timeline
  private let locks: [String]
  /// For each lane where its line is.
  private var centers: [Int] = []
  private var width = 0
  private let top: Int
  private let height: Int
  private let notes: [String]

  init(_ failure: ScheduleFailure) {
    self.failure = failure
    let timeline = Timeline(failure, isWhole: true)
    self.timeline = timeline
    var locks: [String] = []
    for bar in timeline.bars.map({ Self.plain($0.lock) }) where !locks.contains(bar) { locks.append(bar) }
    self.locks = locks
    notes = failure.finding.details.map { $0.clipped(to: 150) }
    var x = 64
    for lane in timeline.lanes.indices {
      let slots = (timeline.bars.filter { $0.lane == lane }.map(\.slot).max() ?? -1) + 1
      let texts = timeline.marks.filter { $0.lane == lane }.map { Self.label($0.step).count }
      x += slots * (Self.barWidth + 3) + 14
      centers.append(x)
      let name = timeline.lanes[lane].name.count
      x += Int(Double(max(name / 2, texts.max() ?? 0)) * Self.characterWidth) + 24
    }
    let places = timeline.marks.map { TraceTable.place(of: $0.step).count }.max() ?? 0
    let title = "\(failure.finding)".clipped(to: 150).count
    let longest = max(title + title / 8, notes.map(\.count).max() ?? 0, "\(failure.flip?.description ?? "")".count + 8)
    width = max(x + Int(Double(places) * 6.1) + 24, Int(Double(longest) * Self.characterWidth) + 40, 420)
    top = 62 + notes.count * 17 + 48
    height = top + timeline.rowCount * Self.rowHeight + 84
  }

  /// The document.
  var text: String {
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, "
        + "'DejaVu Sans Mono', monospace\" font-size=\"11\">",
      "<title>\(Self.escaped(failure.name))</title>",
      "<defs><pattern id=\"blocked\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        + "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff5f5\"/>"
        + "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"#fa5252\" stroke-width=\"2\"/></pattern>"
        + "<marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        + "orient=\"auto-start-reverse\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#e8590c\"/></marker></defs>",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
    ]
    lines += heading
    lines += failingRows
    lines += laneLines
    lines += timeline.bars.map { draw($0) }
    lines += timeline.waits.map { draw($0) }
    lines += switches
    lines += flipArrow
    lines += timeline.marks.map { draw($0) }
    lines += legend
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  // MARK: Parts

  private var heading: [String] {
    [Self.text(20, 28, "\(failure.finding)".clipped(to: 150), "font-size=\"14\" font-weight=\"bold\" fill=\"#c92a2a\"")]
      + notes.enumerated().map { Self.text(28, 48 + $0 * 17, $1, "fill=\"#495057\"") }
      + [Self.text(20, 52 + notes.count * 17, failure.name, "fill=\"#868e96\"")]
      + (timeline.leftOut > 0
        ? [Self.text(64, top - 14, "… \(timeline.leftOut) earlier steps are not shown", "fill=\"#868e96\"")] : [])
  }

  private var failingRows: [String] {
    timeline.marks.filter(\.isFailure).map { mark in
      "<rect x=\"8\" y=\"\(y(mark.row) - 12)\" width=\"\(width - 16)\" height=\"24\" rx=\"4\" fill=\"#fff0f0\"/>"
    }
  }

  private var laneLines: [String] {
    timeline.lanes.indices.flatMap { lane -> [String] in
      let rows = timeline.marks.filter { $0.lane == lane }.map(\.row)
      let color = color(ofLane: lane)
      guard let first = rows.first, let last = rows.last else { return [] }
      // The scenario's own thread mostly acts after the others have ended; its line begins there.
      let start = timeline.lanes[lane].thread == .main ? y(first) : top - 28
      let name = timeline.lanes[lane].name
      let half = Int(Double(name.count) * Self.characterWidth / 2) + 8
      let left = max(4, centers[lane] - half)
      return [
        "<line x1=\"\(centers[lane])\" y1=\"\(start)\" x2=\"\(centers[lane])\" y2=\"\(y(last))\" stroke=\"\(color)\" "
          + "stroke-width=\"1.5\" stroke-opacity=\"0.35\"/>",
        "<rect x=\"\(left)\" y=\"\(top - 46)\" width=\"\(half * 2)\" height=\"20\" rx=\"10\" fill=\"\(color)\"/>",
        Self.text(left + half, top - 32, name, "fill=\"#ffffff\" font-weight=\"bold\" text-anchor=\"middle\""),
      ]
    }
  }

  /// Thin lines along which the processor goes from thread to thread.
  private var switches: [String] {
    zip(timeline.marks, timeline.marks.dropFirst()).filter { $0.lane != $1.lane && $1.step.number != 0 }.map {
      from, to in
      let middle = (y(from.row) + y(to.row)) / 2
      return "<path d=\"M\(centers[from.lane]),\(y(from.row)) C\(centers[from.lane]),\(middle + 6) "
        + "\(centers[to.lane]),\(middle - 6) \(centers[to.lane]),\(y(to.row))\" fill=\"none\" stroke=\"#adb5bd\" "
        + "stroke-width=\"1.2\" stroke-dasharray=\"3 3\"/>"
    }
  }

  private func draw(_ bar: Timeline.Bar) -> String {
    let x = centers[bar.lane] - 12 - (bar.slot + 1) * (Self.barWidth + 3)
    let top = y(bar.rows.lowerBound) - 5
    let bottom = y(bar.rows.upperBound) + (bar.isOpen ? 13 : 5)
    let isShared = bar.lock != Self.plain(bar.lock)
    let color = color(of: bar.lock)
    let paint = isShared ? "fill=\"\(color)\" fill-opacity=\"0.35\" stroke=\"\(color)\"" : "fill=\"\(color)\""
    return "<rect x=\"\(x)\" y=\"\(top)\" width=\"\(Self.barWidth)\" height=\"\(bottom - top)\" rx=\"3\" \(paint)>"
      + "<title>\(Self.escaped(bar.lock))</title></rect>"
  }

  private func draw(_ wait: Timeline.Wait) -> String {
    // A thread is blocked, and free again, after the step before the row.
    let top = y(wait.rows.lowerBound) - Self.rowHeight / 2
    let bottom = y(wait.rows.upperBound) + (wait.isForEver ? 1 : -1) * Self.rowHeight / 2
    return "<rect x=\"\(centers[wait.lane] - 4)\" y=\"\(top)\" width=\"8\" height=\"\(max(6, bottom - top))\" rx=\"2\" "
      + "fill=\"url(#blocked)\"><title>\(Self.escaped("blocked: \(wait.text)"))</title></rect>"
  }

  private func draw(_ mark: Timeline.Mark) -> String {
    let x = centers[mark.lane]
    let y = y(mark.row)
    let color = mark.isFailure ? "#e03131" : color(ofLane: mark.lane)
    var lines = ["<circle cx=\"\(x)\" cy=\"\(y)\" r=\"\(mark.isFailure ? 8 : 5)\" fill=\"\(color)\"/>"]
    if mark.isFailure {
      lines.append(
        "<path d=\"M\(x - 3),\(y - 3) l6,6 m0,-6 l-6,6\" stroke=\"#ffffff\" stroke-width=\"2\" fill=\"none\"/>")
    }
    if mark.step.number != 0 {
      lines.append(Self.text(48, y + 4, "\(mark.step.number)", "fill=\"#868e96\" text-anchor=\"end\""))
    }
    let weight = mark.isFailure ? "font-weight=\"bold\" fill=\"#c92a2a\"" : "fill=\"#212529\""
    // A halo keeps the label readable where a line crosses it.
    let label = Self.text(
      x + 14, y + 4, Self.label(mark.step),
      "\(weight) stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"")
    lines.append(label)
    lines.append(
      Self.text(
        width - 12, y + 4, TraceTable.place(of: mark.step), "font-size=\"10\" fill=\"#adb5bd\" text-anchor=\"end\""))
    return lines.joined(separator: "\n")
  }

  private var flipArrow: [String] {
    guard let flip = failure.flip, let first = mark(flip.first), let second = mark(flip.second) else { return [] }
    let rings = [first, second].map { mark in
      "<circle cx=\"\(centers[mark.lane])\" cy=\"\(y(mark.row))\" r=\"10\" fill=\"none\" stroke=\"#e8590c\" "
        + "stroke-width=\"2\"/>"
    }
    let (x1, y1, x2, y2) = (centers[first.lane], y(first.row), centers[second.lane], y(second.row))
    let side = x2 >= x1 ? 1 : -1
    let path =
      "<path d=\"M\(x1 + 8 * side),\(y1 + 7) C\(x1 + 30 * side),\((y1 + y2) / 2) \(x2 - 34 * side),"
      + "\((y1 + y2) / 2) \(x2 - 9 * side),\(y2 - 7)\" fill=\"none\" stroke=\"#e8590c\" stroke-width=\"2\" "
      + "marker-start=\"url(#head)\" marker-end=\"url(#head)\"/>"
    return rings + [path]
  }

  private var legend: [String] {
    let y = height - 52
    var lines: [String] = []
    var x = 20
    for lock in locks {
      lines.append(
        "<rect x=\"\(x)\" y=\"\(y - 10)\" width=\"\(Self.barWidth)\" height=\"14\" rx=\"3\" fill=\"\(color(of: lock))\"/>"
      )
      lines.append(Self.text(x + 12, y + 1, lock, "fill=\"#495057\""))
      x += Int(Double(lock.count) * Self.characterWidth) + 34
    }
    if !timeline.waits.isEmpty {
      lines.append("<rect x=\"\(x)\" y=\"\(y - 10)\" width=\"8\" height=\"14\" rx=\"2\" fill=\"url(#blocked)\"/>")
      lines.append(Self.text(x + 13, y + 1, "blocked", "fill=\"#495057\""))
    }
    if let flip = failure.flip {
      lines.append(Self.text(20, height - 30, "flip: \(flip)", "fill=\"#e8590c\""))
    }
    lines.append(Self.text(20, height - 12, "schedule \(failure.schedule)", "fill=\"#868e96\""))
    return lines
  }

  // MARK: Helpers

  private func y(_ row: Int) -> Int { top + row * Self.rowHeight + 8 }

  private func mark(_ step: Flip.Step) -> Timeline.Mark? {
    timeline.marks.first { $0.step.thread == step.id && $0.step.number == step.number ?? 0 }
  }

  private func color(ofLane lane: Int) -> String {
    let thread = timeline.lanes[lane].thread
    return thread == .main ? "#868e96" : Self.laneColors[(thread.index - 1) % Self.laneColors.count]
  }

  private func color(of lock: String) -> String {
    Self.lockColors[(locks.firstIndex(of: Self.plain(lock)) ?? 0) % Self.lockColors.count]
  }

  private static func plain(_ lock: String) -> String {
    lock.hasSuffix(" (read)") ? String(lock.dropLast(7)) : lock
  }

  private static func label(_ step: TraceStep) -> String {
    (step.text + (step.remark.isEmpty ? "" : " \(step.remark)")).clipped(to: 48)
  }

  private static func text(_ x: Int, _ y: Int, _ text: String, _ attributes: String) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" \(attributes)>\(escaped(text))</text>"
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      // XML has no way to write control characters.
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
