// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Notes what the current step returns; see ``KernelActor/returned(_:)``.
  @inlinable @inline(__always)
  func returned(_ value: @autoclosure () -> some Fingerprinted) {
    if isWatched { noteReturned(value()) }
  }

  @inlinable @inline(__always)
  func returned(any value: @autoclosure () -> some Any) {
    if isWatched, let value = value() as? any Fingerprinted { noteReturned(value) }
  }

  @inlinable @inline(__always)
  func returned() {
    if isWatched { noteReturned(0) }
  }

  /// Notes what the current thread has learnt without a step; see ``KernelActor/observed(_:)``.
  @inlinable @inline(__always)
  func observed(_ value: @autoclosure () -> some Fingerprinted) {
    if isWatched { noteObserved(value()) }
  }

  /// Notes that an actor has changed without a step of its own; see ``KernelActor/changed()``.
  @inlinable @inline(__always)
  func changed(_ actor: some KernelActor) {
    if isWatched { noteChanged(actor) }
  }

  @usableFromInline
  func noteChanged(_ actor: any KernelActor) {
    watch?.addChanged(actor, by: current)
    stepGuard?.excuse(actor.object)
  }

  @usableFromInline
  func noteReturned(_ value: some Fingerprinted) {
    guard let watch else { return }
    var fingerprint = Fingerprint(self, seed: 0)
    value.add(to: &fingerprint)
    watch.setResult(fingerprint.bits)
  }

  @usableFromInline
  func noteObserved(_ value: some Fingerprinted) {
    guard let watch else { return }
    var fingerprint = Fingerprint(self, seed: 1)
    value.add(to: &fingerprint)
    watch.addObserved(fingerprint.bits, by: current, self)
  }

  /// Notes which actor's step has just been entered, so that it can be asked for its state.
  @usableFromInline
  func watch(_ actor: any KernelActor) {
    watch?.setActor(actor)
    stepGuard?.know(actor, self)
  }

  /// Has the steps watched from here to the end of the execution.
  func startWatching(_ watch: any StepWatch) {
    self.watch = watch
    isWatched = true
  }

  func stopWatching() {
    watch = nil
    isWatched = isGuarded
  }

  func stableName(of object: ObjectID) -> UInt64 { watch?.name(of: object, self) ?? UInt64(object.rawValue) }
}

/// Who wants to know what each step does to the state of the machine.
protocol StepWatch: AnyObject {
  /// A step is taken; its method has not run yet.
  func enter(_ object: ObjectID, _ access: Access, _ kernel: Kernel)
  /// The same step touches others.
  func enterFurther(_ further: AccessList)
  /// The actor whose step it is.
  func setActor(_ actor: any KernelActor)
  /// An actor that has changed without a step of its own.
  func addChanged(_ actor: any KernelActor, by thread: Int)
  /// What the step returns.
  func setResult(_ bits: UInt64)
  /// What a thread has learnt without a step.
  func addObserved(_ bits: UInt64, by current: Int, _ kernel: Kernel)
  /// An object's name that no schedule changes.
  func name(of object: ObjectID, _ kernel: Kernel) -> UInt64
}
