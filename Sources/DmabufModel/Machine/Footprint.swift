// SPDX-License-Identifier: GPL-2.0-only

/// What one step touches: its own object first, then the others in the order in which it touches them.
///
/// The allocations that fields belong to count too: a step on a field reads them, so that it depends on their being
/// freed. A look of the machine's own does not.
struct Footprint {
  private let own: ObjectAccess
  private let further: AccessList
  /// A join depends on nothing that can be reversed: that it comes behind the thread's end is no race.
  let isJoin: Bool

  /// What a thread's pending step touches, if it is taken in the present state.
  init(pending thread: Int, _ kernel: Kernel) {
    own = ObjectAccess(kernel.threads[thread].object, kernel.threads[thread].access)
    further = kernel.further(of: thread)
    isJoin = kernel.isJoin(own)
  }

  /// What a step that has been taken touched.
  init(event index: Int, _ kernel: Kernel) {
    let event = kernel.events[index]
    own = ObjectAccess(event.object, event.access)
    var further = AccessList()
    if event.hasFurther {
      let all = kernel.furtherAccesses
      var first = all.endIndex
      while first > 0 && all[first - 1].event >= index { first -= 1 }
      while first < all.endIndex && all[first].event == index {
        further.add(all[first].access)
        first += 1
      }
    }
    self.further = further
    isJoin = kernel.isJoin(own)
  }

  /// Every access, the step's own first.
  var all: [ObjectAccess] { [own] + further.all }

  /// Whether the order of the two steps matters.
  func depends(on step: Footprint, _ kernel: Kernel) -> Bool {
    if isJoin || step.isJoin { return false }
    if Self.conflict(own, step, kernel) { return true }
    for index in further.indices where Self.conflict(further[index], step, kernel) { return true }
    return false
  }

  /// Whether the step ends a wait: it changes the object, or frees what that is a part of.
  func ends(_ wait: ObjectAccess, _ kernel: Kernel) -> Bool {
    func isChange(_ access: ObjectAccess) -> Bool {
      access.access != .read && access.access != .look && Self.conflict(wait, access, kernel)
    }
    return isChange(own) || further.indices.contains { isChange(further[$0]) }
  }

  /// Has every access handed over, the step's own first.
  @inline(__always)
  func forEach(_ body: (ObjectAccess) -> Void) {
    body(own)
    for index in further.indices { body(further[index]) }
  }

  private static func conflict(_ access: ObjectAccess, _ step: Footprint, _ kernel: Kernel) -> Bool {
    if conflict(access, step.own, kernel) { return true }
    for index in step.further.indices where conflict(access, step.further[index], kernel) { return true }
    return false
  }

  private static func conflict(_ left: ObjectAccess, _ right: ObjectAccess, _ kernel: Kernel) -> Bool {
    if left.object == right.object { return !left.access.commutes(with: right.access) }
    return touchesOwner(right, left, kernel) || touchesOwner(left, right, kernel)
  }

  /// Whether an access to a field reads the allocation that another access changes.
  private static func touchesOwner(_ field: ObjectAccess, _ owner: ObjectAccess, _ kernel: Kernel) -> Bool {
    !owner.access.isShared && field.access != .look
      && kernel.objects[field.object.index].owner == owner.object.rawValue
  }
}

extension Kernel {
  /// Whether a step with this access is the wait for a thread's end.
  ///
  /// A thread's own object is also what the thread sleeps on in a lock's queue; there the access is another one.
  @inline(__always)
  func isJoin(_ step: ObjectAccess) -> Bool { step.access == .wait && objects[step.object.index].kind == .thread }

  /// Whether a thread's pending step is the wait for another one's end.
  @inline(__always)
  func isJoining(_ thread: Int) -> Bool { isJoin(ObjectAccess(threads[thread].object, threads[thread].access)) }
}
