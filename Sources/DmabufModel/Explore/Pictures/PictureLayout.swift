// SPDX-License-Identifier: GPL-2.0-only

/// Where everything in a picture goes.
///
/// A lane has, from left to right, the arrow of the flip if it turns there, its locks, its line, and what its steps do.
/// A row has one step, so what a thread does has the whole lane for itself, and lines go around it: to the left of it
/// within a row, and between rows from lane to lane.
struct PictureLayout {
  static let barWidth = 7
  /// From one bar to the next.
  static let barStride = 10
  /// From a lane's line to what its steps do.
  static let labelGap = 16
  static let lineHeight = 14
  static let margin = 20
  static let pillHeight = 20
  private static let rowHeight = 26
  /// The room for names of threads between rows.
  private static let bandHeight = 30
  /// The number of rows after which the names of the threads are written again.
  private static let rowsUnderNames = 40
  /// The number of characters after which the text of a step goes on in a second line, or ends.
  private static let labelLength = 56
  private static let nameLength = 24
  private static let lockLength = 60
  private static let scheduleLines = 3

  /// For each lane where its line is.
  private(set) var centers: [Int] = []
  /// For each lane the name over it, which may have lost its end.
  let names: [String]
  /// For each row the lines of what is written there.
  private(set) var labels: [[String]]
  /// Where the arrow of the flip goes down.
  private(set) var gutter: Int?
  /// Where names of threads stand, and before which row: the first time over the first row, the last time at the end.
  private(set) var bands: [(row: Int, y: Int)] = []
  private(set) var texts: [PictureText] = []
  /// The locks of the legend, cut to what is shown of their names, with the places of their samples.
  private(set) var legend: [(lock: String, x: Int, y: Int)] = []
  /// Where the legend says what a blocked thread looks like.
  private(set) var blockedSample: (x: Int, y: Int)?
  private(set) var width: Int
  private(set) var height = 0
  /// For each row its upper edge, and the lower one of the last.
  private var edges: [Int] = []

  init(_ failure: ScheduleFailure, _ timeline: Timeline, locks: [String]) {
    names = timeline.lanes.map { $0.name.clipped(to: Self.nameLength) }
    labels = Array(repeating: [], count: timeline.rowCount)
    for mark in timeline.marks {
      let text = Self.text(of: mark.step)
      // The steps that all is about are told to the end.
      let isWhole = mark.isFailure || mark.isFlip
      labels[mark.row] =
        isWhole ? PictureText.wrapped(text, at: Self.labelLength) : [text.clipped(to: Self.labelLength)]
    }
    for gap in timeline.gaps { labels[gap.row] = PictureText.wrapped(gap.text, at: Self.labelLength) }
    width = 0
    placeLanes(timeline)
    let places = timeline.marks.map { PictureText.width(of: TraceTable.place(of: $0.step), size: 10) }.max() ?? 0
    let widestLock = locks.map { Self.legendWidth(of: $0) }.max() ?? 0
    width = max(width + places + 24, widestLock + 2 * Self.margin, 640)
    var y = placeHeading(failure)
    y = placeRows(timeline, from: y + 16)
    y = placeLegend(locks, hasWaits: !timeline.waits.isEmpty, from: y + 30)
    placeEnd(failure, from: y)
  }

  /// What a step does, whole.
  static func text(of step: TraceStep) -> String { step.text + (step.remark.isEmpty ? "" : " \(step.remark)") }

  /// Where a row's mark is.
  func y(_ row: Int) -> Int { top(row) + Self.rowHeight / 2 }

  func top(_ row: Int) -> Int { edges[row] }

  /// Where a row ends; names of threads may come between it and the next.
  func bottom(_ row: Int) -> Int {
    edges[row] + Self.rowHeight + Self.lineHeight * (max(1, labels[row].count) - 1)
  }

  /// The lane in which something about all threads is written: the scenario's own, else the first.
  func lane(of gap: Timeline.Gap) -> Int { gap.lane ?? 0 }

  // MARK: Parts

  private mutating func placeLanes(_ timeline: Timeline) {
    let turn = timeline.flip.map { min($0.first.lane, $0.second.lane) }
    var x = 64
    for lane in timeline.lanes.indices {
      if lane == turn {
        gutter = x
        x += 12
      }
      let slots = (timeline.bars.filter { $0.lane == lane }.map(\.slot).max() ?? -1) + 1
      x += slots * Self.barStride + Self.labelGap
      centers.append(x)
      let rows =
        timeline.marks.filter { $0.lane == lane }.map(\.row)
        + timeline.gaps.filter { self.lane(of: $0) == lane }.map(\.row)
      let label = rows.flatMap { labels[$0] }.map { PictureText.width(of: $0) }.max() ?? 0
      x += max(label + Self.labelGap, PictureText.width(of: names[lane]) + 12) + 24
    }
    width = x
  }

  /// The finding and the search's name; returns where they end.
  private mutating func placeHeading(_ failure: ScheduleFailure) -> Int {
    var y = 28
    for line in PictureText.lines(of: "\(failure.finding)", in: width - 2 * Self.margin, size: 14) {
      texts.append(PictureText(x: Self.margin, y: y, text: line, color: PictureColors.failure, size: 14, isBold: true))
      y += 20
    }
    for note in failure.finding.details {
      for (index, line) in PictureText.lines(of: note, in: width - 2 * Self.margin - 24).enumerated() {
        let x = Self.margin + (index == 0 ? 8 : 24)
        texts.append(PictureText(x: x, y: y, text: line, color: PictureColors.text))
        y += 16
      }
    }
    y += 4
    for line in PictureText.lines(of: failure.name, in: width - 2 * Self.margin) {
      texts.append(PictureText(x: Self.margin, y: y, text: line, color: PictureColors.aside))
      y += 16
    }
    return y
  }

  private mutating func placeRows(_ timeline: Timeline, from start: Int) -> Int {
    bands.append((0, start))
    var y = start + Self.bandHeight
    for row in labels.indices {
      // Names at the end follow soon, so that the last rows need none.
      if row > 0 && row % Self.rowsUnderNames == 0 && labels.count - row > 8 {
        bands.append((row, y + 5))
        y += Self.bandHeight
      }
      edges.append(y)
      y = bottom(row)
    }
    if labels.count > Self.rowsUnderNames / 2 {
      bands.append((labels.count, y + 5))
      y += Self.bandHeight
    }
    return y
  }

  private mutating func placeLegend(_ locks: [String], hasWaits: Bool, from start: Int) -> Int {
    var (x, y) = (Self.margin, start)
    func advance(_ itemWidth: Int) -> (Int, Int) {
      if x > Self.margin && x + itemWidth > width - Self.margin { (x, y) = (Self.margin, y + 20) }
      defer { x += itemWidth }
      return (x, y)
    }
    for lock in locks {
      let place = advance(Self.legendWidth(of: lock))
      legend.append((lock.clipped(to: Self.lockLength), place.0, place.1))
    }
    if hasWaits { blockedSample = advance(Self.legendWidth(of: "blocked")) }
    return x == Self.margin && y == start ? start : y + 22
  }

  private static func legendWidth(of lock: String) -> Int {
    12 + PictureText.width(of: lock.clipped(to: lockLength)) + 20
  }

  /// The flip and the schedule.
  private mutating func placeEnd(_ failure: ScheduleFailure, from start: Int) {
    var y = start
    let room = width - 2 * Self.margin
    for line in failure.flip.map({ PictureText.lines(of: "flip: \($0)", in: room) }) ?? [] {
      texts.append(PictureText(x: Self.margin, y: y, text: line, color: PictureColors.flip))
      y += 16
    }
    var schedule = PictureText.lines(of: "schedule \(failure.schedule)", in: room)
    if schedule.count > Self.scheduleLines {
      schedule.removeSubrange(Self.scheduleLines...)
      schedule[Self.scheduleLines - 1] = String(schedule[Self.scheduleLines - 1].dropLast()) + "…"
    }
    for line in schedule {
      texts.append(PictureText(x: Self.margin, y: y + 2, text: line, color: PictureColors.aside))
      y += 16
    }
    height = y
  }
}
