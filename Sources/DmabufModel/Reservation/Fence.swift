// SPDX-License-Identifier: GPL-2.0-only

/// Work of a device that will be done once, and that others can wait for.
///
/// Unsignalled, then signalled for ever (semantics DF1).
///
/// The corresponding C type is `struct dma_fence`.
public actor Fence: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The fence's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }
  /// The timeline that the fence is a point of; a later point replaces an earlier one in a reservation.
  public nonisolated let context: UInt64
  /// The point on the timeline.
  public nonisolated let sequence: UInt64

  private var isSignalled = false
  private var error: Errno?

  /// Makes a fence that has not been signalled.
  ///
  /// The corresponding C function is `dma_fence_init`.
  public init(_ kernel: Kernel, _ name: StaticString = "fence", context: UInt64, sequence: UInt64 = 1) {
    self.kernel = kernel
    self.context = context
    self.sequence = sequence
    object = kernel.register(name)
  }

  /// Signals the fence; a second time does nothing.
  ///
  /// - Context: Never sleeps; any context. The thread that signals must not need the reservation lock or `memory_lock`
  ///   before it gets here, or a revoke that waits can never end (semantics DF9).
  ///
  /// The corresponding C function is `dma_fence_signal`.
  public func signal(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.wake, "dma_fence_signal", file: file, line: line)
    returned()
    isSignalled = true
    offer(.done)
  }

  /// Gives the fence an error, which ``status(file:line:)`` answers; after the signal it is a finding (semantics DF5).
  ///
  /// Waiting for the fence does not report it (semantics DR6).
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `dma_fence_set_error`.
  public func setError(
    _ error: Errno, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "dma_fence_set_error", file: file, line: line)
    returned()
    if isSignalled { try kernel.warn("dma_fence_set_error: the fence is signalled already") }
    self.error = error
  }

  /// Whether the fence is signalled.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `dma_fence_is_signaled`.
  public func checkSignalled(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await step(.read, "dma_fence_is_signaled", file: file, line: line)
    note("= \(isSignalled)")
    returned(isSignalled)
    return isSignalled
  }

  /// Waits until the fence is signalled.
  ///
  /// A signalled fence stays so: waiting changes nothing, and commutes with what others wait for.
  ///
  /// - Context: Sleeps without a timeout; no signal of the process ends it. No lock may be held that the thread that
  ///   signals the fence needs.
  ///
  /// The corresponding C function is `dma_fence_wait`.
  public func wait(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.read, "dma_fence_wait", until: .done, file: file, line: line)
    returned()
  }

  /// The fence's state: false while it is unsignalled, then true or its error.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C function is `dma_fence_get_status`.
  public func status(
    file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<Bool, Errno> {
    try await step(.read, "dma_fence_get_status", file: file, line: line)
    if let error, isSignalled { return .failure(error) }
    return .success(isSignalled)
  }

  /// Adds whether the fence is signalled, and its error.
  public func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(isSignalled)
    fingerprint.add(error)
  }
}

/// What a fence in a reservation is for; a query for one usage sees every lower one as well (semantics DR2).
///
/// The corresponding C type is `enum dma_resv_usage`.
public enum FenceUsage: Int, Sendable, Comparable, CaseIterable {
  /// The kernel's own moving and clearing.
  ///
  /// The corresponding C constant is `DMA_RESV_USAGE_KERNEL`.
  case kernel
  /// Implicitly synchronised writing.
  ///
  /// The corresponding C constant is `DMA_RESV_USAGE_WRITE`.
  case write
  /// Implicitly synchronised reading.
  ///
  /// The corresponding C constant is `DMA_RESV_USAGE_READ`.
  case read
  /// Everything else: preemption, page table updates.
  ///
  /// The corresponding C constant is `DMA_RESV_USAGE_BOOKKEEP`.
  case bookkeep

  /// Orders usages as queries see them.
  public static func < (left: FenceUsage, right: FenceUsage) -> Bool { left.rawValue < right.rawValue }
}
