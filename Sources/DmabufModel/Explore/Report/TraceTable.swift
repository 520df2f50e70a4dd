// SPDX-License-Identifier: GPL-2.0-only

/// Renders a recorded execution as a table with one column a thread.
///
/// Only one thread acts in a row, so a step may be wider than its column: it runs on to the right, where the others
/// have nothing to say. Eight threads fit that way. Where there is little room, the places in the source are cut short
/// first and the locks then, and what is done to what is broken into several lines; the names of threads and steps are
/// never cut.
struct TraceTable {
  private static let headWidth = 8
  /// The width for which the proportions are made.
  private static let usualWidth = 120

  private let recording: Recording
  private let rows: [TraceRow]
  private let style: ReportStyle
  private let locks: LockNames
  /// The threads that have a column.
  private let columns: [ThreadID]
  private let stride: Int
  private let width: Int
  private let textWidth: Int
  private let locksWidth: Int
  private let placeWidth: Int

  init(
    _ recording: Recording, finding: Finding? = nil, flip: Flip? = nil, style: ReportStyle = .plain,
    isUnfolded: Bool = false, columns width: Int = ReportWidth.usual
  ) {
    self.recording = recording
    self.style = style
    rows = TraceRows(recording, finding: finding, flip: flip, detail: isUnfolded ? .all : .table).rows
    let steps = rows.compactMap { if case .step(let step, _, _, _) = $0 { step } else { nil } }
    let columns = Set(steps.filter { $0.isConcurrent }.map(\.thread)).sorted(by: <)
    self.columns = columns
    locks = LockNames(steps)
    let locks = locks
    // Of what a narrow table lacks the places give a half and the locks a quarter.
    let lack = max(0, Self.usualWidth - width)
    placeWidth = min(max(12, 30 - lack / 2), max(5, steps.map { Self.place(of: $0).count }.max() ?? 0))
    let wantedLocks = max(5, steps.map { locks.shown(of: $0).joined(separator: " ").count }.max() ?? 0)
    let longest = max(8, steps.map { Self.text(of: $0).count }.max() ?? 0)
    let longestLabel = steps.filter { columns.contains($0.thread) }.map { $0.label.count + 1 }.max() ?? 0
    let gaps = max(1, columns.count - 1)
    let sides = Self.headWidth + placeWidth + 4
    // In a wide table nothing is gained by more room than the longest row takes.
    let width = min(width, max(Self.usualWidth, sides + wantedLocks + gaps * (longest + 2) + longest))
    self.width = width
    let room = width - sides
    let narrowest = room - min(24 - lack / 4, wantedLocks)
    let reserved = max(min(longest, narrowest / 2), min(longestLabel, narrowest - 3 * gaps))
    let stride = max(3, min(longest + 2, (narrowest - reserved) / gaps))
    // What the columns do not need the locks get.
    let names = columns.enumerated().map { $0 * stride + recording.threadNames[$1.index].count }
    let ends = steps.map { step in
      (columns.firstIndex(of: step.thread) ?? 0) * stride + Self.text(of: step).count
        + (columns.contains(step.thread) ? 0 : recording.threadNames[step.thread.index].count + 2)
    }
    let needed = min(room - 5, (columns.count - 1) * stride + longestLabel)
    textWidth = max(room - wantedLocks, min(narrowest, (names + ends).max() ?? 0), needed)
    locksWidth = min(wantedLocks, room - textWidth)
    self.stride = stride
  }

  /// The lines of the table, none wider than it was asked for.
  var lines: [String] {
    if rows.isEmpty { return ["(no step was taken)"] }
    return header + rows.flatMap { lines(of: $0) }
  }

  /// The names over the columns: side by side where there is room, else one under the other.
  private var header: [String] {
    var lines: [(text: String, painted: String)] = []
    for (place, column) in columns.enumerated() {
      let start = Self.headWidth + place * stride
      let parts = recording.threadNames[column.index].broken(at: width - start)
      for part in parts {
        // A name that would run into the next column opens a line of its own for what comes after it.
        let free = parts.count > 1 ? nil : lines.firstIndex { $0.text.isEmpty || $0.text.count < start }
        let line = free ?? lines.count
        if line == lines.count { lines.append(("", "")) }
        let gap = String(repeating: " ", count: start - lines[line].text.count)
        lines[line].text += gap + part
        lines[line].painted += gap + style.paint(part, .thread(place))
      }
    }
    // So does one that runs into the headings on the right.
    if (lines.last?.text.count ?? .max) > Self.headWidth + textWidth { lines.append(("", "")) }
    let last = lines.count - 1
    let gutter = "locks".padded(to: locksWidth) + "  where"
    let gap = String(repeating: " ", count: max(2, Self.headWidth + textWidth + 2 - lines[last].text.count))
    lines[last].painted += gap + style.paint(gutter, .aside)
    // The heading of the numbers stands in the room before the first column.
    lines[last].painted = String(lines[last].painted.dropFirst(Self.headWidth))
    lines[last].painted = style.paint("  step", .aside) + "  " + lines[last].painted
    return lines.map { $0.painted.trimmedEnd }
  }

  private func lines(of row: TraceRow) -> [String] {
    switch row {
    case .note(let text):
      let parts = text.wrapped(at: width - Self.headWidth).flatMap { $0.broken(at: width - Self.headWidth) }
      return parts.map { String(repeating: " ", count: Self.headWidth) + style.paint($0, .aside) }
    case .folded(let count, let thread):
      let start = (columns.firstIndex(of: thread) ?? 0) * stride
      let text = String(repeating: " ", count: Self.headWidth + start) + "… \(count) more step\(count == 1 ? "" : "s")"
      return [style.paint(text, .aside)]
    case .step(let step, let isSwitch, let isFailure, let isFlip):
      return lines(of: step, isSwitch: isSwitch, isFailure: isFailure, isFlip: isFlip)
    }
  }

  private func lines(of step: TraceStep, isSwitch: Bool, isFailure: Bool, isFlip: Bool) -> [String] {
    let column = columns.firstIndex(of: step.thread)
    let start = (column ?? 0) * stride
    let mark = (isFailure ? "✗" : isSwitch ? ">" : " ") + (isFlip ? "*" : " ")
    let number = step.number == 0 ? "" : "\(step.number)"
    let text = (column == nil ? "\(recording.threadNames[step.thread.index]): " : "") + Self.text(of: step)
    let locks = self.locks.shown(of: step).listed(within: locksWidth).padded(to: locksWidth)
    let gutter = locks + "  " + Self.place(of: step, within: placeWidth)
    let role: ReportStyle.Role = isFailure ? .failure : .thread(column ?? 0)
    let room = textWidth - start
    // The first line has two characters more, which a name may need that ends with its parenthesis.
    let words = text.count <= room ? [text] : text.wrapped(at: room - 2)
    let broken = words.enumerated().flatMap { $1.broken(at: $0 == 0 ? room : room - 2, then: room - 2) }
    let parts = broken.enumerated().map { ($0 == 0 ? "" : "  ") + $1 }
    return parts.enumerated().map { index, part in
      let head = index == 0 ? mark + number.leftPadded(to: 4) + "  " : String(repeating: " ", count: Self.headWidth)
      let gap = String(repeating: " ", count: start)
      let rest = String(repeating: " ", count: max(0, textWidth - start - part.count))
      let aside = index == 0 ? rest + "  " + style.paint(gutter.trimmedEnd, .aside) : ""
      return (style.paint(head, isFailure ? .failure : .heading) + gap + style.paint(part, role) + aside).trimmedEnd
    }
  }

  // MARK: Text of a step

  private static func text(of step: TraceStep) -> String { step.text + (step.remark.isEmpty ? "" : " \(step.remark)") }

  /// The file, without what can be done without, and the line.
  static func place(of step: TraceStep, within width: Int = 30) -> String {
    let file = step.file.split(separator: "/").last.map(String.init) ?? ""
    let stem = file.hasSuffix(".swift") ? String(file.dropLast(6)) : file
    let line = ":\(step.line)"
    return stem.clipped(to: min(26, width - line.count)) + line
  }
}

/// The names of locks, with as little of the structures that they are in as tells them apart.
private struct LockNames {
  private static let suffix = " (read)"

  private var short: [String: String] = [:]

  init(_ steps: [TraceStep]) {
    let names = Set(steps.flatMap(\.heldLocks).map { Self.split($0).name }).sorted()
    let parts = names.map { $0.components(of: "->") }
    for (name, mine) in zip(names, parts) {
      let others = parts.filter { $0 != mine }
      let length = (1...mine.count).first { count in !others.contains { $0.suffix(count) == mine.suffix(count) } }
      short[name] = mine.suffix(length ?? mine.count).joined(separator: "->")
    }
  }

  /// The locks that the thread held when it came to the step.
  func shown(of step: TraceStep) -> [String] {
    step.heldLocks.map { lock in
      let (name, isShared) = Self.split(lock)
      return (short[name] ?? name) + (isShared ? "(r)" : "")
    }
  }

  private static func split(_ lock: String) -> (name: String, isShared: Bool) {
    lock.hasSuffix(suffix) ? (String(lock.dropLast(suffix.count)), true) : (lock, false)
  }
}

extension String {
  /// The parts between a separator of two characters.
  fileprivate func components(of separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let place = rest.firstRange(of: separator) {
      parts.append(String(rest[..<place.lowerBound]))
      rest = rest[place.upperBound...]
    }
    return parts + [String(rest)]
  }
}

extension [String] {
  /// The locks side by side.
  ///
  /// Where they do not fit, those that were taken first are cut short, then only counted: the last one is what the step
  /// is about.
  fileprivate func listed(within width: Int) -> String {
    var names = self
    var left = 0
    for index in names.indices {
      let excess = names.joined(separator: " ").count - width
      if excess > 0 { names[index] = names[index].shortened(by: excess) }
    }
    func text() -> String { ((left > 0 ? ["+\(left)"] : []) + names).joined(separator: " ") }
    while text().count > width && names.count > 1 {
      names.removeFirst()
      left += 1
    }
    return text().clipped(to: width)
  }
}

extension String {
  /// A lock's name with the middle cut out, of which something stays that can be recognised.
  fileprivate func shortened(by excess: Int) -> String {
    let tail = hasSuffix("(r)") ? "(r)" : ""
    let stem = dropLast(tail.count)
    let length = max(5, stem.count - excess - 1)
    return length + 1 >= stem.count ? self : stem.prefix(length) + "…" + tail
  }
}
