// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// What all equivalent executions have in common, in a form that is the same for all of them: the Foata normal form.
///
/// A step's level is one more than the highest level of a step that it depends on. Two executions are equivalent
/// exactly if they have the same steps on the same levels. Written without a look at the search that it checks: every
/// pair of steps is compared, and threads and objects are named by their makers.
struct CanonicalTrace: Hashable, Comparable {
  let levels: [[UInt64]]

  init(_ kernel: Kernel) {
    let names = MakerNames(kernel)
    let steps = Self.steps(kernel)
    var level = [Int](repeating: 1, count: steps.count)
    var sequence = [Int](repeating: 0, count: kernel.threadCount)
    var levels: [[UInt64]] = []
    var later = 0
    while later < steps.count {
      var earlier = 0
      while earlier < later {
        if level[earlier] >= level[later] && Self.areDependent(earlier, steps[earlier], steps[later], kernel) {
          level[later] = level[earlier] + 1
        }
        earlier += 1
      }
      let thread = steps[later].thread
      sequence[thread] += 1
      let own = steps[later].accesses[0]
      let code =
        names.threads[thread] << 40 | UInt64(sequence[thread]) << 32
        | UInt64(own.access.rawValue) << 24 | names.objects[own.object.index]
      while levels.count < level[later] { levels.append([]) }
      levels[level[later] - 1].append(code)
      later += 1
    }
    self.levels = levels.map { $0.sorted() }
  }

  static func < (left: CanonicalTrace, right: CanonicalTrace) -> Bool {
    left.levels.lexicographicallyPrecedes(right.levels) { $0.lexicographicallyPrecedes($1) }
  }

  /// A step with all that it touches.
  private struct Step {
    var thread: Int
    /// Which thread it joins, if it is a join.
    var joined: Int?
    var accesses: [ObjectAccess]
  }

  private static func steps(_ kernel: Kernel) -> [Step] {
    var all: [Step] = []
    for index in 0..<kernel.events.count {
      let event = kernel.events[index]
      let isJoin = event.access == .wait && kernel.objects[event.object.index].kind == .thread
      let joined = isJoin ? (0..<kernel.threadCount).first { kernel.threads[$0].handle == event.object } : nil
      all.append(
        Step(thread: Int(event.thread), joined: joined, accesses: [ObjectAccess(event.object, event.access)]))
    }
    for further in kernel.furtherAccesses { all[further.event].accesses.append(further.access) }
    for index in all.indices {
      for each in all[index].accesses {
        let owner = Int(kernel.objects[each.object.index].owner)
        if owner != each.object.index && each.access != .look {
          all[index].accesses.append(ObjectAccess(ObjectID(owner), .read))
        }
      }
    }
    return all
  }

  private static func areDependent(_ index: Int, _ earlier: Step, _ later: Step, _ kernel: Kernel) -> Bool {
    if earlier.thread == later.thread || hasStarted(later.thread, by: earlier.thread, after: index, kernel) {
      return true
    }
    if let joined = later.joined { return earlier.thread == joined }
    if earlier.joined != nil { return false }
    for one in earlier.accesses {
      for other in later.accesses where one.object == other.object {
        if !one.access.commutes(with: other.access) { return true }
      }
    }
    return false
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
}
