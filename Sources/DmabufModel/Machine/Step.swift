// SPDX-License-Identifier: GPL-2.0-only

/// Works out what a step touches beside its own object, in the state in which it is asked, without taking the step.
///
/// The search has to know what a step depends on before it is taken. Where that is a matter of what the step finds (a
/// page table entry leads to memory, a lock protects what is to be looked at), the step brings this function. It looks
/// at one thing after the other, adds each before it goes by what is in it, and changes nothing: so two states that are
/// the same up to some access are the same in all accesses before it, which the search relies on (``StepHistory``).
typealias Forecast = @Sendable (inout AccessList) -> Void

/// The accesses of a step, in the order in which it makes them.
struct AccessList {
  private var few = InlineArray<8, ObjectAccess>(repeating: ObjectAccess(ObjectID(0), .read))
  private var more: ContiguousArray<ObjectAccess> = []
  private(set) var count = 0

  mutating func add(_ object: ObjectID, _ access: Access) { add(ObjectAccess(object, access)) }

  mutating func add(_ access: ObjectAccess) {
    if count < 8 { few[count] = access } else { more.append(access) }
    count += 1
  }

  mutating func removeAll() {
    count = 0
    if !more.isEmpty { more.removeAll() }
  }

  subscript(index: Int) -> ObjectAccess { index < 8 ? few[index] : more[index - 8] }

  var indices: Range<Int> { 0..<count }

  /// All of them in an array.
  var all: [ObjectAccess] { indices.map { self[$0] } }
}

/// What a thread does next, as it declares it.
@frozen @usableFromInline
struct Step {
  /// The object that the step is about.
  @usableFromInline let object: ObjectID
  /// What it does to that object.
  @usableFromInline let access: Access
  /// The C spelling, for traces and reports.
  @usableFromInline let label: StaticString
  /// What the object has to offer before the step can be taken.
  @usableFromInline let need: Offer
  /// Where the step was asked for.
  @usableFromInline let file: StaticString
  @usableFromInline let line: UInt

  @inlinable @inline(__always)
  init(
    _ object: ObjectID, _ access: Access, _ label: StaticString, until need: Offer = Offer(), file: StaticString,
    line: UInt
  ) {
    self.object = object
    self.access = access
    self.label = label
    self.need = need
    self.file = file
    self.line = line
  }
}

extension Kernel {
  /// Declares a step, waits for the current thread's turn, and takes it.
  ///
  /// Every step of every thread is taken here: no other function lets another thread run.
  @inlinable @inline(__always)
  nonisolated func take(_ step: Step) async throws(KernelFault) {
    if !step.need.isEmpty && !owing.isEmpty { try await settleOwedAtExit(file: step.file, line: step.line) }
    // One by one: as a whole it would go through memory.
    if mustPark(step.object, step.access, step.label, step.need, step.file, step.line) { await park() }
    try enter(step.object, step.access)
  }

  /// Declares a step that touches several objects, waits for the current thread's turn, and takes it.
  ///
  /// - Parameters:
  ///   - step: The step, by the object that it is about.
  ///   - other: What the step does to another object, whatever it finds.
  ///   - third: What it does to a third one.
  ///   - forecast: What it does to further objects, by what it finds.
  nonisolated func take(
    _ step: Step, also other: ObjectAccess?, _ third: ObjectAccess? = nil, touching forecast: Forecast? = nil
  ) async throws(KernelFault) {
    if !step.need.isEmpty && !owing.isEmpty { try await settleOwedAtExit(file: step.file, line: step.line) }
    if !isUnwinding { declareFurther(other, third, forecast) }
    try await take(step)
    try enterFurther()
  }

  /// Notes what the step that is about to be declared does to other objects.
  private func declareFurther(_ other: ObjectAccess?, _ third: ObjectAccess?, _ forecast: Forecast?) {
    let me = current
    threads[me].hasFurther = other != nil || forecast != nil
    threads[me].further = (other, third)
    if let forecast { threads[me].forecast = forecast }
  }

  /// What a thread's pending step does to other objects, if it is taken in the present state.
  func further(of thread: Int) -> AccessList {
    var list = AccessList()
    if threads[thread].hasFurther || !owing.isEmpty { gatherFurther(of: thread, &list) }
    return list
  }

  /// Whether what a thread's pending step touches is a matter of what it finds.
  func isOpen(_ thread: Int) -> Bool { threads[thread].hasFurther && threads[thread].forecast != nil }

  private func gatherFurther(of thread: Int, _ list: inout AccessList) {
    if owing.contains(thread) {
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
    if threads[me].forecast == nil && attention.isEmpty {
      threads[me].hasFurther = false
      if let other = threads[me].further.0 { try enterFurther(other) }
      if let third = threads[me].further.1 { try enterFurther(third) }
      return
    }
    var list = AccessList()
    gatherFurther(of: me, &list)
    threads[me].hasFurther = false
    if threads[me].forecast != nil { threads[me].forecast = nil }
    try enterFurther(list)
  }

  /// Takes further accesses of the step just entered.
  func enterFurther(_ list: AccessList) throws(KernelFault) {
    if isWatched {
      watch?.enterFurther(list)
      stepGuard?.enterFurther(list, current)
    }
    for index in list.indices { try enterFurther(list[index]) }
  }

  @inline(__always)
  private func enterFurther(_ access: ObjectAccess) throws(KernelFault) {
    if !unjoined.isEmpty {
      events[events.count - 1].hasFurther = true
      furtherAccesses.append(FurtherAccess(event: events.count - 1, access: access))
    }
    countShare(of: access.object, access.access)
    if clock != nil { clock?.touch(access.object, access.access, self) }
    if objects[access.object.index].state == .freed && access.access != .look { throw failUseAfterFree(access.object) }
  }

  /// Whether steps have to say what else they touch: not while the machine is one thread.
  var isConcurrent: Bool { !unjoined.isEmpty }
}
