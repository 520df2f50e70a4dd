// SPDX-License-Identifier: GPL-2.0-only

/// A recorded execution as a picture shows it: who did what when, who held what from when to when, who was blocked.
struct Timeline {
  /// One step, or one that was never reached.
  struct Mark {
    var row: Int
    var lane: Int
    var step: TraceStep
    var isFailure: Bool
  }

  /// The time for which a thread held a lock.
  struct Bar {
    var lane: Int
    var lock: String
    var rows: ClosedRange<Int>
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

  /// Of a longer execution the end is shown.
  private static let maximumRows = 160

  private(set) var lanes: [(thread: ThreadID, name: String)] = []
  private(set) var marks: [Mark] = []
  private(set) var bars: [Bar] = []
  private(set) var waits: [Wait] = []
  private(set) var rowCount = 0
  /// How many steps before the first one shown are left out; those before any thread was there not counted.
  private(set) var leftOut = 0

  private let recording: Recording

  init(_ recording: Recording, finding: Finding) {
    self.recording = recording
    addMarks(finding)
    addBars()
    addWaits(finding)
  }

  func lane(of thread: ThreadID) -> Int? { lanes.firstIndex { $0.thread == thread } }

  private mutating func addMarks(_ finding: Finding) {
    // What the scenario does before it starts threads is set-up; what it does after they have ended may be the failure.
    var shown = Array(recording.steps.drop { !$0.isConcurrent }).filter { !$0.isJoin }
    if shown.count > Self.maximumRows {
      leftOut = shown.count - Self.maximumRows
      shown.removeFirst(leftOut)
    }
    let unreached =
      (recording.attempt.map { [$0] } ?? [])
      + recording.pendingAtEnd.filter { step in
        !(step.isJoin && step.thread == .main) && finding.blocked.contains { $0.id == step.thread }
      }
    let threads = Set((shown + unreached).map(\.thread)).sorted()
    lanes = threads.map { ($0, recording.threadNames[$0.index]) }
    let last = shown.last
    let isLastFailure =
      unreached.isEmpty && finding.kind != .leak
      && last.map { recording.threadNames[$0.thread.index] == finding.thread } ?? false
    for step in shown + unreached {
      guard let lane = lane(of: step.thread) else { continue }
      let isFailure = step.number == 0 || isLastFailure && step.number == last?.number
      marks.append(Mark(row: marks.count, lane: lane, step: step, isFailure: isFailure))
    }
    rowCount = marks.count
  }

  private mutating func addBars() {
    for lane in lanes.indices {
      let mine = marks.filter { $0.lane == lane && $0.step.number != 0 }
      let held =
        mine.map(\.step.heldLocks)
        + [recording.heldAtEnd.first { $0.thread == lanes[lane].name }?.locks ?? []]
      var open: [(lock: String, row: Int)] = (held.first ?? []).map { ($0, 0) }
      for (index, mark) in mine.enumerated() {
        for lock in held[index + 1] where !open.contains(where: { $0.lock == lock }) { open.append((lock, mark.row)) }
        for (lock, row) in open where !held[index + 1].contains(lock) {
          add(Bar(lane: lane, lock: lock, rows: row...mark.row, isOpen: false))
        }
        open.removeAll { !held[index + 1].contains($0.lock) }
      }
      let end = max(0, rowCount - 1)
      for (lock, row) in open { add(Bar(lane: lane, lock: lock, rows: row...max(row, end), isOpen: true)) }
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

  private mutating func add(_ bar: Bar) { bars.append(bar) }

  /// Finds out from who could go on at each step when threads were blocked.
  private mutating func addWaits(_ finding: Finding) {
    let concurrent = recording.steps.filter(\.isConcurrent)
    var rows: [Int: Int] = [:]
    for mark in marks { rows[mark.step.number] = mark.row }
    for (lane, thread) in lanes.map(\.thread).enumerated() {
      var since: Int?
      for (place, step) in concurrent.enumerated() where place < recording.enabled.count {
        guard let row = rows[step.number], recording.firstSteps[thread.index] <= place else { continue }
        let isJoining = concurrent[place...].first { $0.thread == thread }?.isJoin ?? false
        let isBlocked = recording.enabled[place] & (1 << UInt64(thread.index)) == 0 && !isJoining
        let willGoOn = marks.contains { $0.lane == lane && $0.row >= row }
        if isBlocked && willGoOn && since == nil { since = row }
        if !isBlocked, let start = since {
          addWait(lane, from: start, to: row, isForEver: false)
          since = nil
        }
      }
      if let start = since {
        addWait(lane, from: start, to: rowCount - 1, isForEver: true)
      } else if finding.blocked.contains(where: { $0.id == thread }),
        let end = marks.last(where: { $0.lane == lane })?.row
      {
        addWait(lane, from: end, to: rowCount - 1, isForEver: true)
      }
    }
  }

  private mutating func addWait(_ lane: Int, from start: Int, to end: Int, isForEver: Bool) {
    let next = marks.first { $0.lane == lane && $0.row >= start }
    waits.append(
      Wait(lane: lane, rows: start...max(start, end), text: next?.step.text ?? "", isForEver: isForEver))
  }
}
