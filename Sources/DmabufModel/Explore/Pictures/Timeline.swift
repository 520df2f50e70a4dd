// SPDX-License-Identifier: GPL-2.0-only

/// A recorded execution as a picture shows it: who did what when, who held what from when to when, who was blocked.
struct Timeline {
  /// One step, or one that was never reached.
  struct Mark {
    var row: Int
    var lane: Int
    var step: TraceStep
    var isFailure: Bool
    /// Whether it is one of the two steps whose order decides.
    var isFlip: Bool
  }

  /// A row that stands for steps that are left out.
  struct Gap {
    var row: Int
    /// The thread whose steps they are, if they are all of one.
    var lane: Int?
    var text: String
  }

  /// The time for which a thread held a lock.
  struct Bar {
    var lane: Int
    var lock: String
    var rows: ClosedRange<Int>
    /// Whether it was taken before the first row.
    var isEarlier: Bool
    /// Whether it was never given back.
    var isOpen: Bool
    /// The bar's place beside others of the thread at the same time.
    var slot = 0
  }

  /// The time for which a thread could not go on.
  struct Wait {
    var lane: Int
    var rows: ClosedRange<Int>
    /// What it waited for.
    var text: String
    var isForEver: Bool
  }

  /// Of a longer execution that is shown whole only the end is there.
  private static let maximumRows = 160

  private(set) var lanes: [(thread: ThreadID, name: String)] = []
  private(set) var marks: [Mark] = []
  private(set) var gaps: [Gap] = []
  private(set) var bars: [Bar] = []
  private(set) var waits: [Wait] = []
  /// The two steps whose order decides, if both are shown.
  private(set) var flip: (first: Mark, second: Mark)?
  private(set) var rowCount = 0
  /// The number of steps that are left out before the first one shown; those before the first thread do not count.
  private(set) var leftOut = 0

  private let recording: Recording
  /// For each step its row, by its number; for one that is left out the row that stands for it.
  private var rows: [Int: Int] = [:]

  /// - Parameter isWhole: whether every step has a row; otherwise the rows are those of the report's table.
  init(_ failure: ScheduleFailure, isWhole: Bool = false) {
    recording = failure.recording
    addRows(failure, isWhole: isWhole)
    addPlaces()
    addBars()
    addWaits(failure.finding)
  }

  private mutating func addRows(_ failure: ScheduleFailure, isWhole: Bool) {
    var shown = TraceRows(recording, finding: failure.finding, flip: failure.flip, detail: isWhole ? .race : .picture)
      .rows
    if isWhole && shown.count > Self.maximumRows {
      leftOut = shown.count - Self.maximumRows
      shown.removeFirst(leftOut)
    }
    // What the scenario does before it starts threads is set-up; what it does after they have ended may be the failure.
    if case .note = shown.first { shown.removeFirst() }
    let threads = shown.compactMap { row in
      switch row {
      case .step(let step, _, _, _): step.thread
      case .folded(_, let thread): thread
      case .note: nil
      }
    }
    lanes = Set(threads).sorted(by: <).map { ($0, recording.threadNames[$0.index]) }
    for (row, what) in shown.enumerated() {
      switch what {
      case .step(let step, _, let isFailure, _):
        let isFlip = [failure.flip?.first, failure.flip?.second].contains { $0.map { Self.matches($0, step) } ?? false }
        marks.append(Mark(row: row, lane: lane(of: step.thread) ?? 0, step: step, isFailure: isFailure, isFlip: isFlip))
      case .folded(let count, let thread):
        gaps.append(Gap(row: row, lane: lane(of: thread), text: "… \(count) more step\(count == 1 ? "" : "s")"))
      case .note(let text):
        gaps.append(Gap(row: row, lane: nil, text: text))
      }
    }
    rowCount = shown.count
    if let flip = failure.flip, let first = marks.first(where: { Self.matches(flip.first, $0.step) }),
      let second = marks.first(where: { Self.matches(flip.second, $0.step) })
    {
      self.flip = (first, second)
    }
  }

  private func lane(of thread: ThreadID) -> Int? { lanes.firstIndex { $0.thread == thread } }

  private static func matches(_ one: Flip.Step, _ step: TraceStep) -> Bool {
    step.thread == one.id && step.number == one.number ?? 0
  }

  private mutating func addPlaces() {
    var own: [Int: Int] = [:]
    for mark in marks { own[mark.step.number] = mark.row }
    var last: Int?
    for step in recording.steps where !step.isJoin {
      if let row = own[step.number] {
        last = row
        rows[step.number] = row
      } else if let last {
        rows[step.number] = min(last + 1, rowCount - 1)
      }
    }
  }

  private mutating func addBars() {
    for lane in lanes.indices {
      let mine = recording.steps.filter { $0.thread == lanes[lane].thread && rows[$0.number] != nil }
      let held = mine.map(\.heldLocks) + [recording.heldAtEnd.first { $0.thread == lanes[lane].name }?.locks ?? []]
      var open: [(lock: String, row: Int, isEarlier: Bool)] = (held.first ?? []).map { ($0, 0, true) }
      for (index, step) in mine.enumerated() {
        let (next, row) = (held[index + 1], rows[step.number] ?? 0)
        for lock in next where !open.contains(where: { $0.lock == lock }) { open.append((lock, row, false)) }
        // What is taken and given back among steps that are left out is left out with them.
        for bar in open where !next.contains(bar.lock) && (bar.row < row || bar.isEarlier) {
          add(bar, in: lane, to: row, isOpen: false)
        }
        open.removeAll { !next.contains($0.lock) }
      }
      for bar in open { add(bar, in: lane, to: max(bar.row, rowCount - 1), isOpen: true) }
    }
    bars.sort {
      ($0.lane, $0.rows.lowerBound, -$0.rows.upperBound) < ($1.lane, $1.rows.lowerBound, -$1.rows.upperBound)
    }
    for index in bars.indices {
      let taken = bars[..<index].filter { $0.lane == bars[index].lane && $0.rows.overlaps(bars[index].rows) }.map(
        \.slot)
      bars[index].slot = (0...taken.count).first { !taken.contains($0) } ?? 0
    }
  }

  private mutating func add(_ bar: (lock: String, row: Int, isEarlier: Bool), in lane: Int, to end: Int, isOpen: Bool) {
    bars.append(Bar(lane: lane, lock: bar.lock, rows: bar.row...end, isEarlier: bar.isEarlier, isOpen: isOpen))
  }

  /// Finds out from who could go on at each step when threads were blocked.
  private mutating func addWaits(_ finding: Finding) {
    let concurrent = recording.steps.filter(\.isConcurrent)
    for (lane, thread) in lanes.map(\.thread).enumerated() {
      // Whether what it does next is to wait for the end of another, which is no news.
      var isJoining = Array(repeating: false, count: concurrent.count + 1)
      for (place, step) in concurrent.enumerated().reversed() {
        isJoining[place] = step.thread == thread ? step.isJoin : isJoining[place + 1]
      }
      let last = marks.last { $0.lane == lane }?.row ?? -1
      var since: Int?
      for (place, step) in concurrent.enumerated() where place < recording.enabled.count {
        guard let row = rows[step.number], recording.firstSteps[thread.index] <= place else { continue }
        let isBlocked = !recording.enabled[place].contains(thread.index) && !isJoining[place]
        if isBlocked && row <= last && since == nil { since = row }
        if !isBlocked, let start = since {
          if start < row { addWait(lane, from: start, to: row, isForEver: false) }
          since = nil
        }
      }
      if let start = since {
        addWait(lane, from: start, to: rowCount - 1, isForEver: true)
      } else if last >= 0 && finding.blocked.contains(where: { $0.id == thread }) {
        addWait(lane, from: last, to: rowCount - 1, isForEver: true)
      }
    }
  }

  private mutating func addWait(_ lane: Int, from start: Int, to end: Int, isForEver: Bool) {
    let next = marks.first { $0.lane == lane && $0.row >= start }
    waits.append(
      Wait(lane: lane, rows: start...max(start, end), text: next?.step.text ?? "", isForEver: isForEver))
  }
}
