// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Has this execution checked for what its steps declare.
  func startGuarding(_ stepGuard: StepGuard) {
    stepGuard.reset()
    self.stepGuard = stepGuard
    isGuarded = true
    isWatched = true
  }

  func stopGuarding() {
    stepGuard?.reset()
    stepGuard = nil
    isGuarded = false
  }

  /// Holds the step before against what it has declared, and begins the next one.
  func guardStep(_ object: ObjectID, _ access: Access) {
    if let problem = stepGuard?.enter(current, object, access, self) { refuse(problem) }
  }

  /// Holds the last step of a thread that has ended against what it has declared.
  func guardEnd() {
    if let problem = stepGuard?.endStep(self) { refuse(problem) }
  }

  /// Notes that a method of an actor is called, or returned to.
  @usableFromInline
  func noteCall(_ actor: any KernelActor) {
    if isUnwinding { return }
    if let problem = stepGuard?.noteCall(of: actor, current, self) { refuse(problem) }
  }

  /// Notes that the current thread is back in its body.
  func noteReturn() {
    if isUnwinding { return }
    if let problem = stepGuard?.noteReturn(current, self) { refuse(problem) }
  }

  /// Takes what has just changed as known to no other thread.
  func acceptChanges() {
    if isGuarded { stepGuard?.accept(self) }
  }

  /// Looks at actors for the machine's own ends.
  func pausingGuard<Value>(_ body: () -> Value) -> Value {
    guard let stepGuard else { return body() }
    return stepGuard.pausing(body)
  }
}
