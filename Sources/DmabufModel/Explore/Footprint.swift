// SPDX-License-Identifier: GPL-2.0-only

/// What one step touches: its own object and up to two others.
///
/// The allocations that fields belong to count too: a step on a field reads them, so that it depends on their being
/// freed.
struct Footprint {
  private var own: ObjectAccess
  private var other: ObjectAccess?
  private var third: ObjectAccess?
  /// A join depends on nothing that can be reversed: that it comes behind the thread's end is no race.
  let isJoin: Bool

  /// What a thread's pending step touches.
  init(pending thread: Int, _ kernel: Kernel) {
    own = ObjectAccess(kernel.threads[thread].object, kernel.threads[thread].access)
    if kernel.threads[thread].hasFurther { (other, third) = kernel.threads[thread].further }
    isJoin = Self.isJoin(own, kernel)
  }

  /// What a step that has been taken touched.
  init(event index: Int, _ kernel: Kernel) {
    let event = kernel.events[index]
    own = ObjectAccess(event.object, event.access)
    if event.hasFurther {
      var place = kernel.furtherAccesses.count
      while place > 0 && kernel.furtherAccesses[place - 1].event >= index {
        place -= 1
        let further = kernel.furtherAccesses[place]
        if further.event == index { (other, third) = (further.access, other) }
      }
    }
    isJoin = Self.isJoin(own, kernel)
  }

  /// Whether the order of the two steps matters.
  func depends(on step: Footprint, _ kernel: Kernel) -> Bool {
    if isJoin || step.isJoin { return false }
    if Self.conflict(own, step, kernel) { return true }
    if let other, Self.conflict(other, step, kernel) { return true }
    if let third, Self.conflict(third, step, kernel) { return true }
    return false
  }

  /// Has every access handed over, the step's own first.
  @inline(__always)
  func forEach(_ body: (ObjectAccess) -> Void) {
    body(own)
    if let other { body(other) }
    if let third { body(third) }
  }

  private static func conflict(_ access: ObjectAccess, _ step: Footprint, _ kernel: Kernel) -> Bool {
    if conflict(access, step.own, kernel) { return true }
    if let other = step.other, conflict(access, other, kernel) { return true }
    if let third = step.third, conflict(access, third, kernel) { return true }
    return false
  }

  private static func conflict(_ left: ObjectAccess, _ right: ObjectAccess, _ kernel: Kernel) -> Bool {
    if left.object == right.object { return !left.access.isShared || !right.access.isShared }
    if !left.access.isShared && kernel.objects[right.object.index].owner == left.object.rawValue { return true }
    return !right.access.isShared && kernel.objects[left.object.index].owner == right.object.rawValue
  }

  private static func isJoin(_ access: ObjectAccess, _ kernel: Kernel) -> Bool {
    access.access == .wait && kernel.objects[access.object.index].kind == .thread
  }
}
