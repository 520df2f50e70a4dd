// SPDX-License-Identifier: GPL-2.0-only

/// The steps that have made a failure possible, which no table leaves out.
///
/// - The last change of each object that the failing step touches, or that a thread waits for.
/// - For what is left behind or alive too long, the steps that made it.
/// - For a wait that no thread ends, the last step of each thread that has ended and of each that changed the object.
/// - For an access to freed memory, where it was allocated and freed.
struct Blame {
  /// More steps than this say less, not more.
  private static let maximumSteps = 12

  /// The numbers of the steps.
  private(set) var steps: Set<Int> = []
  /// The allocations, in order.
  private(set) var allocations: [Recording.Allocation] = []

  private let recording: Recording

  init(_ recording: Recording, _ finding: Finding?, failing: Int?) {
    self.recording = recording
    guard let finding, finding.kind != .stepLimit else { return }
    let end = recording.attempt ?? recording.steps.last { $0.number == failing }
    if let end { addLastChanges(of: end, before: failing) }
    for blocked in finding.blocked { addWait(of: blocked) }
    switch finding.kind {
    case .outlivesRevoke, .leak: steps.formUnion(recording.makers.suffix(Self.maximumSteps))
    case .useAfterFree, .doubleFree, .heldLockFreed: if let end { addLife(of: end.owners) }
    default: break
    }
    if finding.kind == .leak { allocations = recording.allocations.filter { !isFreed($0.object) } }
  }

  private mutating func addLastChanges(of end: TraceStep, before number: Int?) {
    for access in end.accesses {
      let change = recording.steps.last { step in
        step.number != number && step.accesses.contains { $0.object == access.object && !$0.access.isShared }
      }
      if let change { steps.insert(change.number) }
    }
  }

  /// Adds who has changed what a thread waits for, and where those ended who have not.
  private mutating func addWait(of blocked: BlockedThread) {
    guard let wait = recording.wait(of: blocked.id), !wait.isJoin else { return }
    addLastChanges(of: wait, before: nil)
    if !blocked.blockers.isEmpty { return }
    let alive = Set(recording.pendingAtEnd.map(\.thread))
    for thread in recording.threadNames.indices.map({ ThreadID($0) }) where thread != blocked.id {
      let mine = recording.steps.filter { $0.thread == thread && $0.isVisible }
      let change = mine.last { step in
        step.accesses.contains { $0.object == wait.object && !$0.access.isShared }
      }
      if let change { steps.insert(change.number) }
      if let last = mine.last, !alive.contains(thread) { steps.insert(last.number) }
    }
  }

  private mutating func addLife(of owners: [ObjectID]) {
    for step in recording.steps where step.access == .free && owners.contains(step.object) { steps.insert(step.number) }
    allocations = recording.allocations.filter { owners.contains($0.object) }
  }

  private func isFreed(_ object: ObjectID) -> Bool {
    recording.steps.contains { $0.access == .free && $0.object == object }
  }
}
