// SPDX-License-Identifier: GPL-2.0-only

/// A thread that has read something and waits for it to be written.
struct Relaxing {
  /// What the thread sleeps on; made when it first relaxes.
  var object: ObjectID?
  /// What it has touched since it last relaxed, each with the event in which it first did.
  var read: ContiguousArray<(object: ObjectID, event: Int)> = []
  /// How many events and how many steps there were when it last went on, and up to where it has been looked for a write.
  var start = 0
  var startStep = 0
  var seen = 0

  /// Forgets what belongs to the thread that was here before.
  mutating func begin(at event: Int, _ step: Int) {
    object = nil
    (start, startStep) = (event, step)
  }
}

extension Kernel {
  /// Waits, in a loop that reads again and again, until something has been written that the thread has read.
  ///
  /// Sleeps. The thread goes on when another one has written something that it has read since it last relaxed, after it
  /// has read it: until then each turn of the loop would read the same. So a loop that waits for another thread ends, or it
  /// is a hang, and never a matter of the step limit. Do not call it in a loop that has work to do: there it may wait for
  /// a write that nothing needs. What a lock does to itself does not count, what was read under it does.
  ///
  /// ```swift
  /// while try await sequence.load() & 1 == 1 { try await kernel.cpuRelax() }
  /// ```
  ///
  /// The corresponding C function is `cpu_relax`.
  public nonisolated func cpuRelax(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await relax("cpu_relax", file, line)
  }

  /// Waits, in a loop that reads again and again, until something has been written that the thread has read.
  ///
  /// Sleeps. The same as ``cpuRelax(file:line:)``, under the name that loops have that may give up their processor. The
  /// corresponding C function is `cond_resched`.
  public nonisolated func condResched(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await relax("cond_resched", file, line)
  }

  private nonisolated func relax(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    let object = beginRelaxing()
    let read = threads[current].relax.read.map(\.object)
    try await take(
      Step(
        object: object, access: .wait, label: label, need: .done, forecast: { list in
          for object in read { list.add(object, .read) }
        }, file: file, line: line))
    endRelaxing()
  }

  private func beginRelaxing() -> ObjectID {
    let me = current
    let object = threads[me].relax.object ?? register("loop")
    threads[me].relax.object = object
    let start = threads[me].relax.start
    threads[me].relax.read.removeAll(keepingCapacity: true)
    // What it read while it was the only thread is not on record, and may have been written since.
    let isOnRecord = threads[me].relax.startStep >= stepsWhenAlone && unjoined != 0
    if isOnRecord {
      for event in start..<events.count where Int(events[event].thread) == me { noteRead(in: event, by: me) }
    }
    threads[me].relax.seen = start
    offer(isOnRecord || unjoined == 0 ? [] : .done, by: object)
    if !isUnwinding { relaxing |= 1 << UInt64(me) }
    return object
  }

  private func noteRead(in event: Int, by thread: Int) {
    for access in Footprint(event: event, self).all where access.access.canBeRelaxedOn {
      let isKnown = threads[thread].relax.read.contains { $0.object == access.object }
      if !isKnown && objects[access.object.index].kind != .thread {
        threads[thread].relax.read.append((access.object, event))
      }
    }
  }

  private func endRelaxing() {
    relaxing &= ~(1 << UInt64(current))
    threads[current].relax.start = events.count
    threads[current].relax.startStep = stepCount
  }

  /// Looks which of the threads that relax can go on.
  func reconsiderRelaxing() {
    var rest = relaxing
    while rest != 0 {
      let thread = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard let object = threads[thread].relax.object, !objects[object.index].offer.contains(.done) else { continue }
      if hasBeenWritten(for: thread) { offer(.done, by: object) }
    }
  }

  private func hasBeenWritten(for thread: Int) -> Bool {
    while threads[thread].relax.seen < events.count {
      let event = threads[thread].relax.seen
      threads[thread].relax.seen += 1
      if Int(events[event].thread) == thread || events[event].isIdle { continue }
      let step = Footprint(event: event, self)
      for read in threads[thread].relax.read where read.event < event && step.changes(read.object, self) { return true }
    }
    return false
  }

  /// Notes that the step just taken has changed nothing, although it might have: a try that has failed.
  ///
  /// It wakes nothing that waits for a write.
  @inline(__always)
  func changedNothing() {
    if unjoined != 0 { events[events.count - 1].isIdle = true }
  }
}

extension Access {
  /// Whether a thread that has done this and relaxes waits for a write to the object: not for what a lock does to itself.
  var canBeRelaxedOn: Bool {
    switch self {
    case .read, .write, .wait, .wake: true
    case .acquire, .acquireShared, .release, .releaseShared, .free, .look, .update: false
    }
  }
}
