// SPDX-License-Identifier: GPL-2.0-only

extension StepHistory {
  /// Appends what the pending step of a thread does to which objects.
  ///
  /// A join touches nothing: that it comes after the thread's last step is not a race. A step on a field also reads the
  /// field's allocation, so that it depends on the step that frees it.
  mutating func gather(_ thread: Int, _ kernel: Kernel, _ names: StableNames) {
    if kernel.isJoining(thread) { return }
    let first = touches.count
    add(kernel.threads[thread].object, kernel.threads[thread].access, first, kernel, names)
    if !kernel.threads[thread].hasFurther && kernel.owing.isEmpty { return }
    let further = kernel.further(of: thread)
    for index in further.indices { add(further[index].object, further[index].access, first, kernel, names) }
  }

  /// What the pending step of a thread touches in the present state.
  mutating func touchNames(ofPending thread: Int, _ kernel: Kernel, _ names: StableNames) -> [TouchName] {
    makeRoom(for: kernel.threadCount, names.count)
    let first = touches.count
    gather(thread, kernel, names)
    defer { touches.removeLast(touches.count - first) }
    return touches[first...].map(\.name)
  }

  private mutating func add(
    _ object: ObjectID, _ access: Access, _ first: Int, _ kernel: Kernel, _ names: StableNames
  ) {
    if ignored.contains(access) { return }
    add(touchOf: object.index, access, first, kernel, names)
    let owner = Int(kernel.objects[object.index].owner)
    if owner != object.index && access != .look { add(touchOf: owner, .read, first, kernel, names) }
  }

  private mutating func add(
    touchOf object: Int, _ access: Access, _ first: Int, _ kernel: Kernel, _ names: StableNames
  ) {
    let name = TouchName(names.name(ofObject: object), access)
    for index in first..<touches.count where touches[index].name.object == name.object {
      // One object twice in one step: the stronger of the two counts.
      if !name.isShared {
        touches[index].name = touches[index].name == name ? name : name.exclusive
        touches[index].access = access
      } else if touches[index].name.isUpdate {
        touches[index].name = name.exclusive
      }
      return
    }
    let offer = kernel.objects[object].offer
    let previous = lastTouch[name.object]
    var touch = Touch(
      name: name, access: access, step: Int32(truncatingIfNeeded: steps.count), offer: offer,
      shares: kernel.objects[object].shares, previous: previous, exclusiveBefore: -1)
    if previous >= 0 {
      let before = touches[Int(previous)]
      touch.exclusiveBefore = before.name.isShared ? before.exclusiveBefore : previous
    }
    touches.append(touch)
  }

  /// Whether a step that asked for a share got it: one that waits always does, one that tries if there was a share.
  func hasTakenShare(_ touch: Touch) -> Bool {
    touch.access == .acquireShared && (!steps[Int(touch.step)].need.isEmpty || touch.offer.contains(.shared))
  }
}
