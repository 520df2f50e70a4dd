// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Declares the current thread's next step and decides who runs.
  ///
  /// - Returns: Whether the current thread has to park because another one runs first.
  @usableFromInline
  func mustPark(
    _ object: ObjectID, _ access: Access, _ label: StaticString, _ need: Offer, _ file: StaticString, _ line: UInt
  ) -> Bool {
    if !attention.isEmpty { noteDeclaration(object, label, file, line) }
    if isUnwinding { return unwindingThreadMustStop() }
    if isAlone && need.isEmpty { return false }
    let me = current
    threads[me].object = object
    threads[me].access = access
    threads[me].need = need
    if need.isEmpty {
      enabled.insert(me)
    } else {
      waiters.insert(me)
      if need.isSubset(of: objects[object.index].offer) { enabled.insert(me) } else { enabled.remove(me) }
    }
    next = pickNext()
    return next != me
  }

  /// Takes the declared step: from here to its next declaration the thread is alone.
  @usableFromInline
  func enter(_ object: ObjectID, _ access: Access) throws(KernelFault) {
    if isUnwinding { throw KernelFault() }
    let me = current
    if !waiters.isEmpty { waiters.remove(me) }
    lastRan = me
    stepCount &+= 1
    if !isAlone {
      events.append(Event(thread: UInt8(truncatingIfNeeded: me), access: access, object: object))
    }
    if !attention.isEmpty { try noteStep(object, access) }
    if access == .acquireShared || access == .releaseShared { countShare(of: object, access) }
    if objects[object.index].state == .freed && access != .look { throw failFreed(object, access) }
    if stepCount > limits.stepsPerExecution { throw failStepLimit() }
  }

  /// Hands the step that is declared on to those who write down or check.
  @inline(never)
  private func noteDeclaration(_ object: ObjectID, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    if recorder != nil { declareForRecord(object, label, file, line) }
    if isGuarded { stepGuard?.declare(current, label, file, line) }
  }

  /// Hands the step that is taken on to those who write down or check.
  @inline(never)
  private func noteStep(_ object: ObjectID, _ access: Access) throws(KernelFault) {
    if recorder != nil { record(object, access) }
    if isWatched { watch?.enter(object, access, self) }
    if isGuarded { guardStep(object, access) }
    if clock != nil { clock?.take(object, access, self) }
    if !owing.isEmpty { try settleOwed() }
  }

  /// Suspends the current thread until the machine resumes it.
  @inline(never) @usableFromInline
  nonisolated func park() async { await workers[current].spot.park() }

  /// Decides which thread runs: a new one up to its first step, else the one that the strategy picks of the enabled.
  @inline(__always)
  func pickNext() -> Int {
    if !newborn.union(relaxing).isEmpty {
      if !newborn.isEmpty {
        let first = newborn.first
        newborn.removeFirst()
        return first
      }
      reconsiderRelaxing()
    }
    if enabled.isEmpty { return Choice.stuck }
    if enabled.hasNoSecond && (isAlone || !strategy.decidesForcedSteps) {
      return enabled.first
    }
    return strategy.choose(DecisionPoint(kernel: self, enabled: enabled))
  }

  /// Ends a thread that goes on although the machine has stopped; for functions that fail before their first step.
  nonisolated func unwind() async throws(KernelFault) {
    if unwindingThreadMustStop() { await park() }
    throw KernelFault()
  }

  /// Keeps a thread from going on for ever after the machine has stopped.
  ///
  /// A scenario that swallows every error and tries again would never end; it is parked and its task given up.
  private func unwindingThreadMustStop() -> Bool {
    stepsWhileUnwinding += 1
    return stepsWhileUnwinding > limits.stepsWhileUnwinding
  }
}
