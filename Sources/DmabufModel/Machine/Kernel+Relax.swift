// SPDX-License-Identifier: GPL-2.0-only

/// A thread that has read something and waits for it to be written.
struct Relaxing {
  /// What the thread sleeps on; made when it first relaxes.
  var object: ObjectID?
  /// What it has read since it last relaxed, each with the event in which it first did, and how the wait touches it.
  var read: ContiguousArray<(access: ObjectAccess, event: Int)> = []
  /// The numbers of events and of steps when it last went on; nothing if it has never relaxed.
  var fresh: (event: Int, step: Int)?
  /// Up to which event it has been looked for a write.
  var seen = 0
}

extension Kernel {
  /// Waits, in a loop that reads again and again, until something has been written that the thread has read.
  ///
  /// The thread goes on when another one has written something that it has read since it last relaxed, after it has
  /// read it: until then each turn of the loop would read the same. So a loop that waits for another thread ends, or it
  /// is a hang, and never a matter of the step limit. Do not call it in a loop that has work to do: there it may wait
  /// for a write that nothing needs. What a lock does to itself does not count, what was read under it does.
  ///
  /// ```swift
  /// while try await sequence.load() & 1 == 1 { try await kernel.cpuRelax() }
  /// ```
  ///
  /// - Context: Sleeps here, where the kernel's function spins. No lock may be held that the thread that writes needs.
  ///
  /// The corresponding C function is `cpu_relax`.
  public nonisolated func cpuRelax(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await relax("cpu_relax", file, line)
  }

  /// Waits, in a loop that reads again and again, until something has been written that the thread has read.
  ///
  /// The same as ``cpuRelax(file:line:)``, under the name that loops have that may give up their processor.
  ///
  /// - Context: Sleeps. No lock may be held that the thread that writes needs.
  ///
  /// The corresponding C function is `cond_resched`.
  public nonisolated func condResched(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await relax("cond_resched", file, line)
  }

  private nonisolated func relax(_ label: StaticString, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    let object = beginRelaxing()
    let read = rareState(of: current).relax.read.map(\.access)
    let forecast: Forecast = { list in for access in read { list.add(access) } }
    try await take(
      Step(object, .wait, label, until: .done, file: file, line: line), also: nil, touching: forecast)
    endRelaxing()
  }

  private func beginRelaxing() -> ObjectID {
    let me = current
    let rare = rareState(of: me)
    let object = rare.relax.object ?? register("loop")
    rare.relax.object = object
    rare.relax.read.removeAll(keepingCapacity: true)
    let start = rare.relax.fresh?.event ?? threads[me].firstEvent
    // What the scenario's own thread read while it was alone is not on record, and may have been written since.
    let isOnRecord = !unjoined.isEmpty && (me != 0 || rare.relax.fresh?.step ?? 0 >= stepsWhenAlone)
    if isOnRecord {
      for event in start..<events.count where Int(events[event].thread) == me { noteRead(in: event, &rare.relax) }
    }
    rare.relax.seen = start
    // A loop that has read nothing yet has nothing to wait for.
    let mustWait = isOnRecord ? !rare.relax.read.isEmpty : unjoined.isEmpty
    offer(mustWait ? Offer() : .done, by: object)
    if !isUnwinding { relaxing.insert(me) }
    hasRelaxed = true
    return object
  }

  private func noteRead(in event: Int, _ relax: inout Relaxing) {
    let isIdle = events[event].isIdle
    for access in Footprint(event: event, self).all {
      guard let wait = access.access.waitAfterReading(isIdle: isIdle) else { continue }
      if isJoin(access) { continue }
      if let place = relax.read.firstIndex(where: { $0.access.object == access.object }) {
        if wait == .write { relax.read[place].access = ObjectAccess(access.object, .write) }
      } else {
        relax.read.append((ObjectAccess(access.object, wait), event))
      }
    }
  }

  private func endRelaxing() {
    relaxing.remove(current)
    // The wait touches what a try that failed would have taken, and takes nothing.
    changedNothing()
    rareState(of: current).relax.fresh = (events.count, stepCount)
  }

  /// Looks which of the threads that relax can go on.
  func reconsiderRelaxing() {
    for thread in relaxing {
      guard let object = threads[thread].rare?.relax.object, !objects[object.index].offer.contains(.done) else {
        continue
      }
      if hasBeenWritten(for: thread) { offer(.done, by: object) }
    }
  }

  private func hasBeenWritten(for thread: Int) -> Bool {
    let rare = rareState(of: thread)
    while rare.relax.seen < events.count {
      let event = rare.relax.seen
      rare.relax.seen += 1
      if Int(events[event].thread) == thread || events[event].isIdle { continue }
      let step = Footprint(event: event, self)
      for read in rare.relax.read where read.event < event && step.ends(read.access, self) { return true }
    }
    return false
  }

  /// What a thread has read since it last relaxed that has been written after that: if it relaxes, it goes on.
  ///
  /// For a search that goes by states: two threads that have read the same may differ in it.
  func staleReads(of thread: Int) -> [ObjectID] {
    var relax = Relaxing()
    let start = threads[thread].rare?.relax.fresh?.event ?? threads[thread].firstEvent
    for event in min(start, events.count)..<events.count where Int(events[event].thread) == thread {
      noteRead(in: event, &relax)
    }
    return relax.read.filter { read in
      (read.event + 1..<max(read.event + 1, events.count)).contains { event in
        Int(events[event].thread) != thread && !events[event].isIdle
          && Footprint(event: event, self).ends(read.access, self)
      }
    }.map(\.access.object)
  }

  /// Notes that the step just taken has changed nothing, although it might have: a try that has failed.
  ///
  /// It wakes nothing that waits for a write.
  @inline(__always)
  func changedNothing() {
    if !unjoined.isEmpty { events[events.count - 1].isIdle = true }
  }
}

extension Access {
  /// How a thread that has done this touches the object when it waits for a write to it; nothing if it does not wait
  /// for one.
  ///
  /// What a lock does to itself does not count, unless it was a try that failed. A try to have the whole of a lock
  /// waits for readers, too, so that it depends on them.
  func waitAfterReading(isIdle: Bool) -> Access? {
    switch self {
    case .read: .read
    case .look: .look
    case .write, .wait, .wake: .write
    case .acquireShared: isIdle ? .read : nil
    case .acquire, .release, .releaseShared, .free, .update: nil
    }
  }
}
