// SPDX-License-Identifier: GPL-2.0-only

/// A row of the table of a recorded execution.
enum TraceRow {
  /// A step: taken, or refused where it is the failure.
  case step(TraceStep, isSwitch: Bool, isFailure: Bool, isFlip: Bool)
  /// Steps of one thread that are left out.
  case folded(Int, ThreadID)
  /// A line about several steps.
  case note(String)
}

/// Picks what is worth a row: every step of the race, without what no other thread could notice.
struct TraceRows {
  /// A run of one thread up to this length is shown whole.
  static let shownRun = 10
  /// A table of more rows than this is not shown whole.
  private static let maximumRows = 70
  /// The number of rows that are shown then at the beginning and at the end, beside those that decide.
  private static let rowsShown = (atStart: 20, atEnd: 45)

  /// What has a row.
  enum Detail {
    /// What a reader needs to understand the failure.
    case table
    /// The same without what the scenario did before there were threads.
    case picture
    /// Every step of the race and none of the set-up, for a reader that can zoom.
    case race
    /// Every step.
    case all
  }

  private let recording: Recording
  private let detail: Detail
  private let failing: Int?
  private let blame: Blame
  private let hasFailed: Bool
  private let flipped: Set<Int>
  private struct Users {
    var all = ThreadSet()
    var writing = ThreadSet()
  }

  /// For each object the threads that touch it, and those that do not only read it.
  private var users: [ObjectID: Users] = [:]
  private(set) var rows: [TraceRow] = []

  init(_ recording: Recording, finding: Finding?, flip: Flip?, detail: Detail = .table) {
    self.recording = recording
    self.detail = detail
    hasFailed = finding != nil
    flipped = Set([flip?.first.number, flip?.second.number].compactMap { $0 })
    let last = recording.steps.last
    let isLast = last.map { recording.threadNames[$0.thread.index] == finding?.thread } ?? false
    let kinds: [Finding.Kind] = [.deadlock, .leak, .stepLimit]
    let isStep = finding.map { !kinds.contains($0.kind) } ?? false && recording.attempt == nil
    failing = isLast && isStep ? last?.number : nil
    blame = Blame(recording, finding, failing: failing)
    for step in recording.steps where step.isVisible {
      for access in step.accesses {
        users[access.object, default: Users()].all.insert(step.thread.index)
        if !access.access.isShared { users[access.object, default: Users()].writing.insert(step.thread.index) }
      }
    }
    addSteps()
    addUnreached(finding)
    if finding?.kind == .stepLimit { rows.append(.note("… and so on")) }
    if isFolded && rows.count > Self.maximumRows { leaveOut() }
    if detail == .table || detail == .all { addAllocations() }
  }

  private var isFolded: Bool { detail == .table || detail == .picture }

  /// Leaves the middle of a long table out, but for the steps whose order decides and what stands beside them.
  private mutating func leaveOut() {
    var kept = Set(rows.indices.prefix(Self.rowsShown.atStart) + rows.indices.suffix(Self.rowsShown.atEnd))
    for (place, row) in rows.enumerated() {
      guard case .step(let step, _, let isFailure, let isFlip) = row else { continue }
      if isFailure || isFlip { kept.formUnion(place - 1...place + 1) }
      if blame.steps.contains(step.number) { kept.insert(place) }
    }
    var shown: [TraceRow] = []
    var left = 0
    for (place, row) in rows.enumerated() {
      // One row says no more than the row that it hides.
      if !kept.contains(place) && (left > 0 || !kept.contains(place + 1)) {
        left += 1
        continue
      }
      if left > 0 { shown.append(.note("… \(left) more rows")) }
      left = 0
      shown.append(row)
    }
    rows = shown
  }

  /// Splits the steps into what the scenario does alone and what happens among threads.
  private mutating func addSteps() {
    let steps = recording.steps.filter { !$0.isJoin }
    var start = 0
    var running: ThreadID?
    while start < steps.count {
      var end = start
      if steps[start].isConcurrent {
        while end < steps.count && steps[end].isConcurrent && steps[end].thread == steps[start].thread { end += 1 }
        addRun(Array(steps[start..<end]), isSwitch: running != nil)
        running = steps[start].thread
      } else {
        while end < steps.count && !steps[end].isConcurrent { end += 1 }
        addAlone(Array(steps[start..<end]), isSetUp: start == 0, isEnd: end == steps.count)
      }
      start = end
    }
  }

  /// What the scenario does before, between and after the other threads.
  private mutating func addAlone(_ steps: [TraceStep], isSetUp: Bool, isEnd: Bool) {
    if detail == .all || !isSetUp && detail == .race {
      for step in steps { add(step, isSwitch: false) }
      return
    }
    if !isSetUp && isEnd {
      addKept(steps) { $0 >= steps.count - 4 }
      return
    }
    // Where there is nothing but the scenario's own thread, what it did last is the story.
    let shown = !isEnd ? 0 : hasFailed ? Self.shownRun : steps.count
    let before = steps.dropLast(shown)
    if isFolded && !before.isEmpty { addSummary(Array(before), isSetUp: isSetUp) }
    if detail != .picture || !isSetUp {
      for step in before where blame.steps.contains(step.number) { add(step, isSwitch: false) }
    }
    for step in steps.suffix(shown) { add(step, isSwitch: false) }
  }

  /// Adds rows for some steps of one thread, and one for each gap between them.
  private mutating func addKept(_ steps: [TraceStep], isSwitch: Bool = false, _ isKept: (Int) -> Bool) {
    var left = 0
    for (index, step) in steps.enumerated() {
      if !isKept(index) && !isMarked(step) {
        left += 1
        continue
      }
      if left > 0 { rows.append(.folded(left, step.thread)) }
      left = 0
      add(step, isSwitch: isSwitch && index == 0)
    }
  }

  private mutating func addSummary(_ steps: [TraceStep], isSetUp: Bool) {
    let names = steps.map(\.text)
    var text = names[0]
    var shown = 1
    while shown < names.count && text.count + names[shown].count < 60 {
      text += ", \(names[shown])"
      shown += 1
    }
    let rest = names.count - shown
    rows.append(
      .note("\(isSetUp ? "main sets up" : "main goes on alone"): \(text)" + (rest > 0 ? ", … \(rest) more" : "")))
  }

  /// Uninterrupted steps of one thread.
  private mutating func addRun(_ steps: [TraceStep], isSwitch: Bool) {
    var kept = Set(steps.indices)
    if isFolded && steps.count > Self.shownRun {
      // What no other thread touches goes first, then the middle of what is left.
      kept = Set(steps.indices.filter { isInteresting(steps[$0]) || $0 < 1 || $0 >= steps.count - 2 })
      let plain = kept.sorted().filter { !isMarked(steps[$0]) }
      if plain.count > Self.shownRun { kept.subtract(plain[3..<(plain.count - 4)]) }
      for index in steps.indices.dropFirst().dropLast() {
        // One row says no more than the step that it hides.
        if !kept.contains(index) && kept.contains(index - 1) && kept.contains(index + 1) { kept.insert(index) }
      }
    }
    addKept(steps, isSwitch: isSwitch) { kept.contains($0) }
  }

  /// Puts a line where each structure was allocated that the failure is about.
  private mutating func addAllocations() {
    for birth in blame.allocations {
      let place = rows.firstIndex { row in
        if case .step(let step, _, _, _) = row { step.number > birth.after || step.number == 0 } else { false }
      }
      let thread = recording.threadNames[birth.thread.index]
      rows.insert(.note("kzalloc(\(birth.name)) by \(thread)"), at: place ?? rows.count)
    }
  }

  private mutating func add(_ step: TraceStep, isSwitch: Bool) {
    rows.append(
      .step(
        step, isSwitch: isSwitch, isFailure: step.number == failing, isFlip: flipped.contains(step.number)))
  }

  /// The steps that the failure kept from being taken.
  private mutating func addUnreached(_ finding: Finding?) {
    if let attempt = recording.attempt {
      let isSwitch = recording.steps.last { $0.isVisible }.map { $0.thread != attempt.thread } ?? false
      rows.append(.step(attempt, isSwitch: isSwitch, isFailure: true, isFlip: false))
    }
    for blocked in finding?.blocked ?? [] {
      guard var step = recording.wait(of: blocked.id) else { continue }
      if step.isJoin && blocked.id == .main { continue }
      step.remark = "waits for ever"
      rows.append(.step(step, isSwitch: false, isFailure: true, isFlip: false))
    }
  }

  private func isMarked(_ step: TraceStep) -> Bool {
    step.number == failing || flipped.contains(step.number) || blame.steps.contains(step.number)
  }

  /// Whether another thread could notice the step, or notices what it does.
  private func isInteresting(_ step: TraceStep) -> Bool {
    if isMarked(step) || step.access == .free { return true }
    return step.accesses.contains { access in
      let users = users[access.object, default: Users()]
      return !(access.access.isShared ? users.writing : users.all).without(step.thread.index).isEmpty
    }
  }
}
