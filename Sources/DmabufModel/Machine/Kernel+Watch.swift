// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Says what the current step gives back to the thread that takes it, all of it.
  ///
  /// A search that goes by states has to know what a thread may know. A step that does not say what it gives back may
  /// give back all that is in the object, which is never wrong and only makes more states than there are. Costs next to
  /// nothing while it is not wanted.
  @inlinable @inline(__always)
  public func returned(_ value: @autoclosure () -> some Fingerprinted) {
    if isWatched { noteReturned(value()) }
  }

  /// Says what the current step gives back, if that is of a type that can be told apart.
  @inlinable @inline(__always)
  public func returned(any value: @autoclosure () -> some Any) {
    if isWatched, let value = value() as? any Fingerprinted { noteReturned(value) }
  }

  /// Says that the current step gives nothing back but that it was taken.
  @inlinable @inline(__always)
  public func returned() {
    if isWatched { noteReturned(0) }
  }

  /// Says what the current thread has come to know without a step: a look at a field under a lock that keeps it still.
  @inlinable @inline(__always)
  public func observed(_ value: @autoclosure () -> some Fingerprinted) {
    if isWatched { noteObserved(value()) }
  }

  /// Says that an actor has changed without a step of its own: shadow memory, or a field that a lock keeps still.
  @inlinable @inline(__always)
  public func changed(_ actor: some KernelActor) {
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

  /// Says which actor's step has just been entered, so that it can be asked for its state.
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
  /// What the step gives back.
  func setResult(_ bits: UInt64)
  /// What a thread has come to know without a step.
  func addObserved(_ bits: UInt64, by current: Int, _ kernel: Kernel)
  /// An object's name that no schedule changes.
  func name(of object: ObjectID, _ kernel: Kernel) -> UInt64
}
