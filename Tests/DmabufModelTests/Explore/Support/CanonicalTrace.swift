// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// What all equivalent executions have in common, in a form that is the same for all of them: the Foata normal form.
///
/// A step's level is one more than the highest level of a step that it depends on. Two executions are equivalent exactly
/// if they have the same steps on the same levels. Written without a look at the search that it checks: every pair of
/// steps is compared, and threads and objects are named by their makers.
struct CanonicalTrace: Hashable, Comparable {
  let levels: [[UInt64]]

  init(_ kernel: Kernel) {
    let names = MakerNames(kernel)
    let events = kernel.events.map { $0 }
    var level = [Int](repeating: 1, count: events.count)
    var sequence = [Int](repeating: 0, count: kernel.threadCount)
    var levels: [[UInt64]] = []
    for later in events.indices {
      for earlier in 0..<later where level[earlier] >= level[later] {
        if Self.areDependent(earlier, later, kernel) { level[later] = level[earlier] + 1 }
      }
      let thread = Int(events[later].thread)
      sequence[thread] += 1
      let code =
        names.threads[thread] << 40 | UInt64(sequence[thread]) << 32
        | UInt64(events[later].access.rawValue) << 24 | names.objects[events[later].object.index]
      while levels.count < level[later] { levels.append([]) }
      levels[level[later] - 1].append(code)
    }
    self.levels = levels.map { $0.sorted() }
  }

  static func < (left: CanonicalTrace, right: CanonicalTrace) -> Bool {
    left.levels.lexicographicallyPrecedes(right.levels) { $0.lexicographicallyPrecedes($1) }
  }

  private static func areDependent(_ earlier: Int, _ later: Int, _ kernel: Kernel) -> Bool {
    let first = kernel.events[earlier]
    let second = kernel.events[later]
    if first.thread == second.thread || hasStarted(Int(second.thread), by: Int(first.thread), after: earlier, kernel) {
      return true
    }
    if isJoin(second, kernel) { return kernel.threads[Int(first.thread)].handle == second.object }
    if isJoin(first, kernel) { return false }
    for one in accesses(earlier, kernel) {
      for other in accesses(later, kernel) where one.object == other.object {
        if !one.access.commutes(with: other.access) { return true }
      }
    }
    return false
  }

  private static func isJoin(_ event: Event, _ kernel: Kernel) -> Bool {
    kernel.objects[event.object.index].kind == .thread
  }

  /// Whether a thread or one of those that led to it was started by another one after a certain event.
  private static func hasStarted(_ thread: Int, by other: Int, after event: Int, _ kernel: Kernel) -> Bool {
    var thread = thread
    while thread != 0 {
      let parent = kernel.threads[thread].parent.index
      if parent == other && event < kernel.threads[thread].firstEvent { return true }
      thread = parent
    }
    return false
  }

  private static func accesses(_ event: Int, _ kernel: Kernel) -> [ObjectAccess] {
    var all = [ObjectAccess(kernel.events[event].object, kernel.events[event].access)]
    all += kernel.furtherAccesses.filter { $0.event == event }.map(\.access)
    for each in all {
      let owner = Int(kernel.objects[each.object.index].owner)
      if owner != each.object.index && each.access != .look { all.append(ObjectAccess(ObjectID(owner), .read)) }
    }
    return all
  }
}
