// SPDX-License-Identifier: GPL-2.0-only

/// A thread that waits for something that no thread can give.
package struct BlockedThread: Sendable, Hashable {
  /// Its number.
  package let id: ThreadID
  /// Its name.
  package let thread: String
  /// The C spelling of the step that it cannot take; empty while nothing is recorded.
  package let label: String
  /// What it waits for.
  package let object: String
  /// Where in the source it waits, where that is known.
  package let location: String?
  /// The locks that it holds.
  package let holds: [String]
  /// The threads that hold what it waits for; none where no thread can end the wait.
  package let blockers: [ThreadID]
  /// The threads that are before it in the queue of a lock, the first one first.
  let ahead: [ThreadID]
}

extension Kernel {
  /// Ends an execution in which threads wait and no thread can go on.
  func failDeadlock() -> KernelFault {
    // In an order that no schedule changes, so that one deadlock reads the same wherever it is found.
    let threads = (0..<threadCount).filter { live.contains($0) }.sorted { isEarlier($0, $1) }
    let blocked = threads.map { blockedThread($0) }
    // A scenario that waits for its threads is a victim of the others; it is named where it is alone.
    let victims = blocked.filter { $0.id != .main || !isJoining($0.id.index) }
    let names = (victims.isEmpty ? blocked : victims).map(\.thread).joined(separator: ", ")
    let lines = (victims.isEmpty ? blocked : victims).map { describe($0) }
    let fault = fail(.deadlock, "\(names) blocked for ever", lines + cycle(in: blocked), at: "")
    if finding?.kind == .deadlock { finding?.blocked = blocked }
    return fault
  }

  private func blockedThread(_ thread: Int) -> BlockedThread {
    let queued = threads[thread].rare?.queued
    let label = recorder == nil ? nil : queued?.label.description ?? recorder?.pendingLabel(of: thread)
    let object = queued?.lock ?? threads[thread].object
    let holders = (0..<threadCount).filter { other in lockdep.locks(of: other).contains { $0.object == object } }
    let joined = (0..<threadCount).filter { threads[$0].handle == object }
    return BlockedThread(
      id: ThreadID(thread), thread: threads[thread].name, label: label ?? "", object: waitedFor(by: thread),
      location: recorder?.location(of: thread),
      holds: lockdep.locks(of: thread).map { name(of: $0.object) + ($0.isShared ? " (read)" : "") },
      blockers: (isJoining(thread) ? joined : holders).map { ThreadID($0) },
      ahead: waiters(before: thread).map { ThreadID($0) })
  }

  /// What a thread waits for, by name.
  private func waitedFor(by thread: Int) -> String {
    if let queued = threads[thread].rare?.queued { return name(of: queued.lock) }
    guard relaxing.contains(thread) else { return name(of: threads[thread].object) }
    let read = threads[thread].rare?.relax.read.map { name(of: $0.access.object) } ?? []
    return read.isEmpty ? "a write, and it has read nothing" : "a write to \(read.joined(separator: " or "))"
  }

  private func describe(_ blocked: BlockedThread) -> String {
    let step = StepText.of(blocked.label, blocked.object)
    func names(_ threads: [ThreadID]) -> String {
      threads.map { self.threads[$0.index].name }.joined(separator: ", ")
    }
    let holders = names(blocked.blockers)
    let queue = blocked.ahead.isEmpty ? "" : ", queued behind \(names(blocked.ahead))"
    let giver = isJoining(blocked.id.index) ? "" : holders.isEmpty ? ", which no thread gives" : ", held by \(holders)"
    let holds = blocked.holds.isEmpty ? "holds nothing" : "holds \(blocked.holds.joined(separator: ", "))"
    let place = blocked.location.map { ", at \($0)" } ?? ""
    return "\(blocked.thread) waits in \(step)\(giver)\(queue); \(holds)\(place)"
  }

  /// The threads that wait for each other in a ring, in one line; none where the wait ends at something that no thread
  /// gives.
  private func cycle(in blocked: [BlockedThread]) -> [String] {
    for start in blocked {
      var way: [BlockedThread] = []
      var here = start
      while !way.contains(where: { $0.id == here.id }) {
        way.append(here)
        guard let next = blocked.first(where: { here.awaits($0.id) }) else { break }
        here = next
      }
      guard here.id == start.id, way.contains(where: { here.awaits($0.id) }) else { continue }
      let hops = way.map { isJoining($0.id.index) ? $0.thread : "\($0.thread) -> \($0.object)" }
      return ["cycle: \(hops.joined(separator: " -> ")) -> \(start.thread)"]
    }
    return []
  }
}

extension BlockedThread {
  /// Whether it goes on only after another thread has.
  fileprivate func awaits(_ thread: ThreadID) -> Bool { blockers.contains(thread) || ahead.contains(thread) }
}
