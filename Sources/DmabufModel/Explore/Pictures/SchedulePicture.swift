// SPDX-License-Identifier: GPL-2.0-only

/// Draws a recorded execution: a lane a thread, time downward, locks as bars, blocked time hatched.
///
/// A self-contained SVG document: no scripts, no fonts or images from elsewhere, and nothing that only some renderers
/// know. Its rows are those of the report's table.
struct SchedulePicture {
  private let failure: ScheduleFailure
  private let timeline: Timeline
  private let colors: PictureColors
  private let layout: PictureLayout

  init(_ failure: ScheduleFailure) {
    self.failure = failure
    timeline = Timeline(failure)
    colors = PictureColors(timeline)
    layout = PictureLayout(failure, timeline, locks: colors.locks)
  }

  /// The document.
  var text: String {
    let (width, height) = (layout.width, layout.height)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, "
        + "'DejaVu Sans Mono', monospace\" font-size=\"11\">",
      PictureText.tooltip(failure.name),
      "<defs><pattern id=\"blocked\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        + "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff5f5\"/>"
        + "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"#fa5252\" stroke-width=\"2\"/></pattern>"
        + colors.definitions.joined() + "</defs>",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
    ]
    lines += shadedRows
    lines += laneLines
    lines += timeline.bars.map { draw($0) }
    lines += timeline.waits.map { draw($0) }
    lines += switches
    lines += flipArrow
    lines += layout.bands.flatMap { names(at: $0.y, before: $0.row) }
    lines += timeline.marks.map { draw($0) }
    lines += timeline.gaps.map { draw($0) }
    lines += legend
    lines += layout.texts.map(\.element)
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  // MARK: Lanes

  private var shadedRows: [String] {
    let rows =
      timeline.marks.filter(\.isFailure).map { ($0.row, "#fff0f0") } + timeline.gaps.map { ($0.row, "#f6f7f8") }
    return rows.map { row, color in
      let (top, bottom) = (layout.top(row) + 1, layout.bottom(row) - 1)
      return "<rect x=\"8\" y=\"\(top)\" width=\"\(layout.width - 16)\" height=\"\(bottom - top)\" rx=\"4\" "
        + "fill=\"\(color)\"/>"
    }
  }

  private var laneLines: [String] {
    timeline.lanes.indices.flatMap { lane -> [String] in
      guard let rows = rows(of: lane) else { return [] }
      // The scenario's own thread mostly acts after the others have ended; its line begins there.
      let start = timeline.lanes[lane].thread == .main ? layout.y(rows.lowerBound) : layout.bands[0].y + 10
      let color = PictureColors.color(of: timeline.lanes[lane].thread)
      let hidden = timeline.gaps.map(\.row).filter { rows.contains($0) }
      let edges = [start] + hidden.flatMap { [layout.top($0), layout.bottom($0)] } + [layout.y(rows.upperBound)]
      // Where steps are left out the line is dotted.
      return edges.indices.dropLast().filter { edges[$0] < edges[$0 + 1] }.map { part in
        "<line x1=\"\(layout.centers[lane])\" y1=\"\(edges[part])\" x2=\"\(layout.centers[lane])\" "
          + "y2=\"\(edges[part + 1])\" stroke=\"\(color)\" stroke-width=\"1.5\" stroke-opacity=\"0.4\""
          + (part % 2 == 1 ? " stroke-dasharray=\"2 4\"/>" : "/>")
      }
    }
  }

  /// From the first to the last row in which a thread does something.
  private func rows(of lane: Int) -> ClosedRange<Int>? {
    let rows = timeline.marks.filter { $0.lane == lane }.map(\.row)
    guard let first = rows.min(), let last = rows.max() else { return nil }
    return first...last
  }

  /// The names of the threads: of all at the beginning and the end, in between of those that have not ended.
  private func names(at y: Int, before row: Int) -> [String] {
    timeline.lanes.indices.filter { lane in
      row == 0 || row == timeline.rowCount || rows(of: lane).map { $0.upperBound >= row } ?? false
    }.map { lane in
      // To the right of the locks, which go on behind it where it stands between rows.
      let x = layout.centers[lane] - 10
      let name = PictureText(
        x: x + 10, y: y + 14, text: layout.names[lane], color: "#ffffff", isBold: true)
      return "<g>\(PictureText.tooltip(timeline.lanes[lane].name))<rect x=\"\(x)\" y=\"\(y)\" "
        + "width=\"\(PictureText.width(of: name.text) + 20)\" height=\"\(PictureLayout.pillHeight)\" rx=\"10\" "
        + "fill=\"\(PictureColors.color(of: timeline.lanes[lane].thread))\"/>\(name.element)</g>"
    }
  }

  private func draw(_ bar: Timeline.Bar) -> String {
    let x = layout.centers[bar.lane] - 5 - (bar.slot + 1) * PictureLayout.barStride
    let top = bar.isEarlier ? layout.top(bar.rows.lowerBound) + 1 : layout.y(bar.rows.lowerBound) - 5
    let bottom = bar.isOpen ? layout.bottom(bar.rows.upperBound) : layout.y(bar.rows.upperBound) + 5
    return "<rect x=\"\(x)\" y=\"\(top)\" width=\"\(PictureLayout.barWidth)\" height=\"\(bottom - top)\" rx=\"3\" "
      + "\(colors.paint(of: bar.lock))>\(PictureText.tooltip(bar.lock))</rect>"
  }

  private func draw(_ wait: Timeline.Wait) -> String {
    // A thread is blocked, and free again, after the step before the row.
    let top = layout.top(wait.rows.lowerBound)
    let bottom = wait.isForEver ? layout.bottom(wait.rows.upperBound) : layout.top(wait.rows.upperBound)
    return "<rect x=\"\(layout.centers[wait.lane] - 4)\" y=\"\(top)\" width=\"8\" height=\"\(max(6, bottom - top))\" "
      + "rx=\"2\" fill=\"url(#blocked)\">\(PictureText.tooltip("blocked: \(wait.text)"))</rect>"
  }

  // MARK: Steps

  private func draw(_ mark: Timeline.Mark) -> String {
    let (x, y, step) = (layout.centers[mark.lane], layout.y(mark.row), mark.step)
    let place = step.file.isEmpty ? "" : "\n\(step.file):\(step.line)"
    let locks = step.heldLocks.isEmpty ? "" : "\nholds \(step.heldLocks.joined(separator: ", "))"
    let number = step.number == 0 ? "" : "step \(step.number), "
    let tooltip = "\(number)\(timeline.lanes[mark.lane].name): \(PictureLayout.text(of: step))\(place)\(locks)"
    let color = mark.isFailure ? PictureColors.failure : PictureColors.color(of: step.thread)
    var lines = [
      "<g>" + PictureText.tooltip(tooltip),
      "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"\(mark.isFailure ? 7 : 5)\" fill=\"\(color)\"/>",
    ]
    if mark.isFailure {
      lines.append(
        "<path d=\"M\(x - 3),\(y - 3) l6,6 m0,-6 l-6,6\" stroke=\"#ffffff\" stroke-width=\"2\" fill=\"none\"/>")
    }
    if step.number != 0 {
      let number = PictureText(x: 48, y: y + 4, text: "\(step.number)", color: PictureColors.aside, anchor: .end)
      lines.append(number.element)
    }
    let labelColor = mark.isFailure ? PictureColors.failure : PictureColors.text
    lines += label(of: mark.row, in: mark.lane, color: labelColor, isBold: mark.isFailure)
    let origin = PictureText(
      x: layout.width - 12, y: y + 4, text: TraceTable.place(of: step), color: PictureColors.aside, size: 10,
      anchor: .end)
    return (lines + [origin.element + "</g>"]).joined(separator: "\n")
  }

  private func draw(_ gap: Timeline.Gap) -> String {
    label(of: gap.row, in: layout.lane(of: gap), color: PictureColors.aside, isBold: false).joined(separator: "\n")
  }

  private func label(of row: Int, in lane: Int, color: String, isBold: Bool) -> [String] {
    layout.labels[row].enumerated().map { index, line in
      PictureText(
        x: layout.centers[lane] + PictureLayout.labelGap, y: layout.y(row) + 4 + index * PictureLayout.lineHeight,
        text: line, color: color, isBold: isBold
      ).element
    }
  }

  // MARK: Ways

  /// Thin lines along which the processor goes from thread to thread: down to the edge of the row, across, and down.
  private var switches: [String] {
    zip(timeline.marks, timeline.marks.dropFirst()).filter {
      // Nobody knows who ran last among steps of several threads that are left out.
      $0.lane != $1.lane && $1.step.number != 0 && $1.row == $0.row + 1
    }.map { from, to in
      let (start, end, edge) = (layout.centers[from.lane], layout.centers[to.lane], layout.bottom(from.row))
      let side = start < end ? 5 : -5
      return "<path class=\"switch\" d=\"M\(start),\(layout.y(from.row)) L\(start),\(edge - 5) "
        + "Q\(start),\(edge) \(start + side),\(edge) L\(end - side),\(edge) Q\(end),\(edge) \(end),\(edge + 5) "
        + "L\(end),\(layout.y(to.row))\" fill=\"none\" stroke=\"#868e96\" stroke-width=\"1.2\" "
        + "stroke-dasharray=\"3 3\"/>"
    }
  }

  /// The arrow between the two steps whose order decides, which comes to both from the left.
  private var flipArrow: [String] {
    guard let flip = timeline.flip, let gutter = layout.gutter else { return [] }
    let ends = [flip.first, flip.second].map { (x: layout.centers[$0.lane], y: layout.y($0.row)) }
    let rings = ends.map { end in
      "<circle cx=\"\(end.x)\" cy=\"\(end.y)\" r=\"10\" fill=\"#ffffff\" stroke=\"\(PictureColors.flip)\" "
        + "stroke-width=\"2\"/>"
    }
    let heads = ends.map { end in
      "<path d=\"M\(end.x - 10),\(end.y) l-9,-5 l0,10 z\" fill=\"\(PictureColors.flip)\"/>"
    }
    let (first, second) = (ends[0], ends[1])
    let path =
      "<path class=\"flip\" d=\"M\(first.x - 14),\(first.y) L\(gutter + 6),\(first.y) "
      + "Q\(gutter),\(first.y) \(gutter),\(first.y + 6) L\(gutter),\(second.y - 6) "
      + "Q\(gutter),\(second.y) \(gutter + 6),\(second.y) L\(second.x - 14),\(second.y)\" fill=\"none\" "
      + "stroke=\"\(PictureColors.flip)\" stroke-width=\"2\"/>"
    return [path] + heads + rings
  }

  // MARK: Legend

  private var legend: [String] {
    let samples = zip(layout.legend, colors.locks).map { item, lock in
      sample(item.x, item.y, item.lock, paint: colors.paint(of: lock), tooltip: lock)
    }
    let blocked = layout.blockedSample.map {
      sample($0.x, $0.y, "blocked", paint: "fill=\"url(#blocked)\"", tooltip: "blocked")
    }
    return samples + (blocked.map { [$0] } ?? [])
  }

  private func sample(_ x: Int, _ y: Int, _ text: String, paint: String, tooltip: String) -> String {
    "<g>\(PictureText.tooltip(tooltip))<rect x=\"\(x)\" y=\"\(y - 11)\" width=\"\(PictureLayout.barWidth)\" "
      + "height=\"14\" rx=\"3\" \(paint)/>"
      + PictureText(x: x + 12, y: y, text: text, color: PictureColors.aside).element + "</g>"
  }
}
