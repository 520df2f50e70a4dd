// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Checks something that must hold; if it does not, the execution ends here as a failure.
  ///
  /// Not a step. Use it in bodies instead of a test framework's expectation, which would record an issue for every
  /// schedule. A message that reads the state of the machine is a closure: ``check(_:file:line:_:)``.
  ///
  /// - Throws: ``KernelFault`` if the condition is false.
  public func check(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
  ) throws(KernelFault) {
    if isUnwinding { throw KernelFault() }
    if !condition { throw fail(.check, message(), at: "\(file):\(line)") }
  }

  /// Notes that something worth reaching was reached, if the condition holds.
  ///
  /// A search in which a named condition was looked at and never held, or that was told to see it and did not, fails:
  /// a race test whose race never happened proves nothing.
  public func sometimes(_ name: StaticString, _ condition: Bool = true) {
    conditions.note(name, condition)
  }

  /// Has a warning of the modelled kernel tolerated in the current thread: it is logged, and no failure.
  ///
  /// Not a step. From here on it holds for the thread and for those that it starts; what other threads expect is
  /// theirs.
  ///
  /// - Parameter text: A part of the warning's text.
  public func expectWarning(_ text: String) { rareState(of: current).expectedWarnings.append(text) }

  /// Writes a line to the kernel log.
  ///
  /// The corresponding C function is `printk`.
  ///
  /// The text is only made when it will be read.
  public func printk(_ level: MessageLog.Level, _ text: @autoclosure () -> String) {
    if recorder != nil { log.append(level, text(), stepCount, threads[current].name) }
  }

  /// Warns: a line in the kernel log, and a finding unless the scenario expects it.
  ///
  /// The corresponding C macro is `WARN`.
  public func warn(_ text: String, as kind: Finding.Kind = .warning) throws(KernelFault) {
    if isUnwinding { throw KernelFault() }
    log.append(.warning, text, stepCount, threads[current].name)
    let expected = threads[current].rare?.expectedWarnings ?? []
    if !expected.contains(where: { text.contains($0) }) { throw fail(kind, text) }
  }

  /// Ends the execution with a finding; for primitives and devices that check something of their own.
  ///
  /// - Returns: The error to throw.
  public func fail(
    _ kind: Finding.Kind, _ summary: String, _ details: [String] = [], at location: String? = nil
  ) -> KernelFault {
    if finding == nil && !isUnwinding {
      finding = Finding(
        kind: kind, summary: summary, details: details, thread: threads[current].name,
        location: location.map { $0.isEmpty ? nil : $0 } ?? recorder?.location(of: current))
      recorder?.noteEnd(self)
    }
    if !isUnwinding { notePending() }
    isUnwinding = true
    return KernelFault()
  }

  /// Keeps who was about to do what: a search reverses those steps too, although they were never taken.
  func notePending() {
    let running = next == Choice.stuck ? ThreadSet() : ThreadSet(current)
    pendingAtStop = live.subtracting(newborn).subtracting(running)
  }

  /// Adds what a step read or wrote to its line in the trace.
  ///
  /// The text is only made when it will be read.
  @inline(__always) @usableFromInline
  func remark(_ text: @autoclosure () -> String) {
    if recorder != nil { recorder?.remark(text) }
  }

  // MARK: The machine's own findings

  func failFreed(_ object: ObjectID, _ access: Access) -> KernelFault {
    guard access == .free else { return failUseAfterFree(object) }
    return fail(
      .doubleFree, "\(threads[current].name) frees \(name(of: object)), which has been freed already",
      recorder?.life(of: object) ?? [])
  }

  /// Checks that an object has not been freed.
  @inline(__always)
  func requireLive(_ object: ObjectID) throws(KernelFault) {
    if objects[object.index].state == .freed { throw failUseAfterFree(object) }
  }

  func failUseAfterFree(_ object: ObjectID) -> KernelFault {
    let owner = ObjectID(Int(objects[object.index].owner))
    let field = owner == object ? "" : " (of \(name(of: owner)))"
    return fail(
      .useAfterFree, "\(threads[current].name) touches \(name(of: object))\(field), which has been freed",
      recorder?.life(of: owner) ?? [])
  }

  func failStepLimit() -> KernelFault {
    fail(
      .stepLimit, "the execution did not end within \(limits.stepsPerExecution) steps",
      [
        "A thread may be waiting in a loop; DMABUF_MAX_STEPS raises the limit."
      ])
  }

  func failUnlockByStranger(_ lock: ObjectID) -> KernelFault {
    let me = threads[current].name
    for thread in 0..<threadCount {
      guard let held = lockdep.locks(of: thread).first(where: { $0.object == lock }) else { continue }
      let way = held.isShared ? " for reading" : thread == current ? " for writing" : ""
      return fail(.unlockByStranger, "\(me) unlocks \(name(of: lock)), which \(threads[thread].name) holds\(way)")
    }
    return fail(.unlockByStranger, "\(me) unlocks \(name(of: lock)), which no thread holds")
  }

  func failNotHeld(_ lock: ObjectID, _ way: String, _ location: String) -> KernelFault {
    fail(
      .lockNotHeld, "\(threads[current].name) must hold \(name(of: lock))\(way.isEmpty ? "" : " " + way) here",
      at: location)
  }

  func failLockOrder(_ problem: LockOrderProblem, _ lock: ObjectID, at place: String) -> KernelFault {
    let me = threads[current].name
    switch problem {
    case .recursive(let held) where held.object == lock:
      return fail(.recursiveLock, "\(me) takes \(name(of: lock)), which it holds already", at: place)
    case .recursive(let held):
      return fail(
        .recursiveLock,
        "\(me) takes \(name(of: lock)) while holding \(name(of: held.object)) of the same class "
          + "\(lockdep.name(of: Int(held.lockClass)))", at: place)
    case .cycle(let edge, let back):
      let new = "\(lockdep.name(of: Int(edge.from))) -> \(lockdep.name(of: Int(edge.to)))"
      return fail(
        .lockOrder, "\(me) takes \(name(of: lock)) in an order that can deadlock",
        ["\(me): \(new) (now)"]
          + back.map {
            "\(threads[$0.thread].name): \(lockdep.name(of: Int($0.from))) -> \(lockdep.name(of: Int($0.to))) (before)"
          }, at: place)
    }
  }

  /// What is left behind at the end of an execution.
  func findLeaks() -> Finding? {
    if heldInAll == 0 { return nil }
    let left = objects.indices.filter { objects[$0].held != 0 }
    let lines = left.map { index in
      let object = ObjectID(index)
      return objects[index].kind == .allocation
        ? "\(name(of: object)) was never freed" : "\(name(of: object)): \(objects[index].held) left"
    }
    // Where it comes from is known on the recorded run alone; the summary must be the same on both.
    let lives = left.flatMap { recorder?.life(of: ObjectID($0)) ?? [] }
    current = 0
    return Finding(
      kind: .leak, summary: lines.first ?? "", details: lines.dropFirst() + lives, thread: "main", location: nil)
  }
}
