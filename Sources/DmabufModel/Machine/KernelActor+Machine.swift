// SPDX-License-Identifier: GPL-2.0-only

// What an actor tells the machine inside of its own step.
extension KernelActor {
  /// Adds a remark to the current step, for traces and reports: a value that was read, a change.
  ///
  /// The text is only made when it is going to be read.
  @inlinable @inline(__always)
  public nonisolated func note(_ text: @autoclosure () -> String) { kernel.remark(text()) }

  /// Tells what the object has to offer now to threads that wait for it, and so enables or disables their pending
  /// steps.
  ///
  /// Called whenever the answer changes.
  @inlinable @inline(__always)
  public nonisolated func offer(_ offer: Offer) { kernel.offer(offer, by: object) }

  /// Tells how much of the object would be left behind if the execution ended now: references, entries, locks.
  @inlinable @inline(__always)
  public nonisolated func hold(_ count: Int) { kernel.hold(object, count) }

  /// Tells what the current step returns to the thread that takes it, all of it.
  ///
  /// A search that goes by states has to know what a thread may know. A step that does not tell what it returns may
  /// return all that is in the object, which is never wrong and only makes more states than there are. Costs next to
  /// nothing while it is not wanted.
  @inlinable @inline(__always)
  public nonisolated func returned(_ value: @autoclosure () -> some Fingerprinted) { kernel.returned(value()) }

  /// Tells what the current step returns, if that is of a type whose values can be told apart.
  @inlinable @inline(__always)
  public nonisolated func returned(any value: @autoclosure () -> some Any) { kernel.returned(any: value()) }

  /// Tells that the current step returns nothing.
  @inlinable @inline(__always)
  public nonisolated func returned() { kernel.returned() }

  /// Tells what the current thread has learnt without a step: a look at a field that a lock keeps still.
  @inlinable @inline(__always)
  public nonisolated func observed(_ value: @autoclosure () -> some Fingerprinted) { kernel.observed(value()) }

  /// Tells that the actor has changed without a step of its own: shadow memory, or a field that a lock keeps still.
  @inlinable @inline(__always)
  public nonisolated func changed() { kernel.changed(self) }
}
