// SPDX-License-Identifier: GPL-2.0-only

/// A piece of the simulated machine that holds mutable state.
///
/// Every mutable word of the machine lives in an actor of this kind, and everything else is immutable. Strict
/// concurrency then proves that no simulated thread can touch shared state behind the machine's back.
///
/// Each method that reads or writes the state begins with exactly one call of ``step(_:_:until:file:line:)``, which is
/// the only place where another simulated thread can run. From there to its end a method is atomic.
///
/// ```swift
/// actor Counter: KernelActor {
///   nonisolated let kernel: Kernel
///   nonisolated let object: ObjectID
///   private var value = 0
///
///   init(_ kernel: Kernel) {
///     self.kernel = kernel
///     object = kernel.register("counter")
///   }
///
///   func increment() async throws(KernelFault) {
///     try await step(.write, "increment")
///     value += 1
///   }
/// }
/// ```
public protocol KernelActor: Actor {
  /// The machine that the actor is a part of.
  nonisolated var kernel: Kernel { get }

  /// The name under which the machine knows the actor; see ``Kernel/register(_:in:)``.
  nonisolated var object: ObjectID { get }

  /// All names under which the machine knows parts of the actor; ``object`` alone, unless it has several.
  nonisolated var parts: [ObjectID] { get }

  /// Adds all of the actor's state to a fingerprint, for searches that go by states.
  ///
  /// An actor need not have it. Without it two states are one only if the same was done to the object in both, so that
  /// a search has more states. What is left out here is lost to such a search, so leave nothing out.
  func describe(to fingerprint: inout Fingerprint)
}

extension KernelActor {
  /// The one name.
  public nonisolated var parts: [ObjectID] { [object] }

  /// Notes that the state cannot be described.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.giveUp() }

  /// The machine's executor.
  ///
  /// All actors of a machine share it, so a call from one into another is neither a job nor a thread hop. An actor on a
  /// hot path declares this property itself: through the extension each hop has to look the witness up. The machine
  /// then knows it from its first step on only, and does not notice a method that takes none.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    if kernel.isGuarded { kernel.noteCall(self) }
    return unsafe kernel.asUnownedSerialExecutor()
  }

  /// Declares what the current thread does next to this object, and returns when it is this thread's turn to do it.
  ///
  /// Other threads may run before the call returns, and none until the next call. A step that has to wait for something
  /// (`need`) stays pending until the object offers it; see ``KernelActor/offer(_:)``.
  ///
  /// - Parameters:
  ///   - access: What the step does to the object. Two steps on one object that do not both only read are dependent.
  ///   - label: The C spelling of the step, for traces and reports.
  ///   - need: What the object has to offer before the step can be taken.
  ///   - file: Where the step was asked for.
  ///   - line: Where the step was asked for.
  /// - Throws: ``KernelFault`` when the thread has to unwind. Pass it on.
  /// - Context: Sleeps until the object offers the `need`; without one it never sleeps. The step takes no lock by
  ///   itself.
  @inlinable @inline(__always)
  public nonisolated func step(
    _ access: Access, _ label: StaticString, until need: Offer = Offer(),
    file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await kernel.take(Step(object, access, label, until: need, file: file, line: line))
    if kernel.isWatched { kernel.watch(self) }
  }

  /// Declares a step that touches other objects in the same instant, and returns when it is this thread's turn.
  ///
  /// - Parameters:
  ///   - access: What the step does to this object.
  ///   - label: The C spelling of the step, for traces and reports.
  ///   - need: What this object has to offer before the step can be taken.
  ///   - other: What the same step does to another object.
  ///   - third: What the same step does to a third object.
  ///   - file: Where the step was asked for.
  ///   - line: Where the step was asked for.
  /// - Throws: ``KernelFault`` when the thread has to unwind. Pass it on.
  /// - Context: Sleeps until the object offers the `need`; without one it never sleeps. The step takes no lock by
  ///   itself.
  public nonisolated func step(
    _ access: Access, _ label: StaticString, until need: Offer = Offer(), also other: ObjectAccess,
    _ third: ObjectAccess? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    let step = Step(object, access, label, until: need, file: file, line: line)
    try await kernel.take(step, also: other, third)
    if kernel.isWatched { kernel.watch(self) }
  }

  /// Declares a step on one of the actor's objects that touches others by what it finds, and takes it.
  ///
  /// - Parameters:
  ///   - part: The object; an actor may have several.
  ///   - access: What the step does to it.
  ///   - label: The C spelling of the step.
  ///   - need: What the object has to offer.
  ///   - other: What the step does to another object, whatever it finds.
  ///   - forecast: Makes what says what else it touches in the state in which it is taken; not asked for while the
  ///     machine is one thread.
  ///   - file: Where the step was asked for.
  ///   - line: Where the step was asked for.
  nonisolated func step(
    on part: ObjectID, _ access: Access, _ label: StaticString, until need: Offer = Offer(),
    also other: ObjectAccess? = nil, touching forecast: () -> Forecast?, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    let forecast = kernel.isConcurrent ? forecast() : nil
    let step = Step(part, access, label, until: need, file: file, line: line)
    try await kernel.take(step, also: other, touching: forecast)
    if kernel.isWatched { kernel.watch(self) }
  }

  /// Declares a step on one of the actor's objects, and takes it.
  nonisolated func step(
    on part: ObjectID, _ access: Access, _ label: StaticString, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    try await kernel.take(Step(part, access, label, file: file, line: line))
    if kernel.isWatched { kernel.watch(self) }
  }
}
