// SPDX-License-Identifier: GPL-2.0-only

/// One step as a thread declares it: what it touches, what it has to wait for, and how it is to be read.
struct Step {
  /// The object that the step is about.
  var object: ObjectID
  /// What it does to that object.
  var access: Access
  /// The C spelling, for traces and reports.
  var label: StaticString
  /// What the object has to offer before the step can be taken.
  var need: Offer = []
  /// What the step does to other objects in the same instant, whatever their state.
  var also: (ObjectAccess?, ObjectAccess?) = (nil, nil)
  /// What it does to further objects in the state in which it is taken; none for a step that is the same in every state.
  var forecast: Forecast?
  var file: StaticString
  var line: UInt
}

/// Works out what a step touches beside its own object, in the state in which it is asked, without taking the step.
///
/// The search has to know what a step depends on before it is taken. Where that is a matter of what the step finds (a page
/// table entry leads to memory, a lock protects what is to be looked at), the step brings this function. It looks at one
/// thing after the other, adds each before it goes by what is in it, and changes nothing: so two states that are the same
/// up to some access are the same in all accesses before it, which the search relies on (``StepHistory``).
typealias Forecast = @Sendable (inout AccessList) -> Void

/// The accesses of a step, in the order in which it comes to them.
struct AccessList {
  private(set) var all: ContiguousArray<ObjectAccess> = []

  mutating func add(_ object: ObjectID, _ access: Access) { all.append(ObjectAccess(object, access)) }

  mutating func add(_ access: ObjectAccess) { all.append(access) }

  mutating func removeAll() { all.removeAll(keepingCapacity: true) }
}

extension Kernel {
  /// Declares a step, waits for the current thread's turn, and takes it: from here to its next step the thread is alone.
  nonisolated func take(_ step: Step) async throws(KernelFault) {
    if !isUnwinding { declareFurther(step) }
    if mustPark(step.object, step.access, step.label, step.need, step.file, step.line) { await park() }
    try enter(step.object, step.access)
    try enterFurther()
  }

  /// Notes what the step that is about to be declared does to other objects.
  private func declareFurther(_ step: Step) {
    threads[current].hasFurther = step.also.0 != nil || step.forecast != nil
    threads[current].further = step.also
    threads[current].forecast = step.forecast
  }

  /// What a thread's pending step does to other objects, if it is taken in the present state.
  func further(of thread: Int) -> ContiguousArray<ObjectAccess> {
    guard threads[thread].hasFurther || owing != 0 else { return [] }
    var list = AccessList()
    gatherFurther(of: thread, &list)
    return list.all
  }

  /// Whether what a thread's pending step touches is a matter of what it finds.
  func isOpen(_ thread: Int) -> Bool { threads[thread].hasFurther && threads[thread].forecast != nil }

  private func gatherFurther(of thread: Int, _ list: inout AccessList) {
    if owing & (1 << UInt64(truncatingIfNeeded: thread)) != 0 {
      for allocation in threads[thread].rare?.owed ?? [] { list.add(allocation, .read) }
    }
    guard threads[thread].hasFurther else { return }
    if let other = threads[thread].further.0 { list.add(other) }
    if let third = threads[thread].further.1 { list.add(third) }
    guard let forecast = threads[thread].forecast else { return }
    if let stepGuard {
      stepGuard.pausing { forecast(&list) }
    } else {
      forecast(&list)
    }
  }

  /// Takes the further accesses of the step just entered.
  private func enterFurther() throws(KernelFault) {
    let me = current
    guard threads[me].hasFurther else { return }
    furtherScratch.removeAll()
    gatherFurther(of: me, &furtherScratch)
    threads[me].hasFurther = false
    threads[me].forecast = nil
    try enterFurther(furtherScratch)
  }

  /// Takes further accesses of the step just entered.
  func enterFurther(_ list: AccessList) throws(KernelFault) {
    if isWatched {
      watch?.enterFurther(list.all)
      stepGuard?.enterFurther(list.all, current)
    }
    if unjoined != 0 && !list.all.isEmpty {
      events[events.count - 1].hasFurther = true
      for access in list.all { furtherAccesses.append(FurtherAccess(event: events.count - 1, access: access)) }
    }
    for access in list.all { countShare(of: access.object, access.access) }
    for access in list.all where access.access != .look && objects[access.object.index].state == .freed {
      throw failUseAfterFree(access.object)
    }
  }
}
