// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension Kernel {
  /// Is called `warn` here.
  @available(*, unavailable, renamed: "warn")
  public func WARN(_: Any?...) throws(KernelFault) {}

  /// Is called `free` here.
  @available(*, unavailable, renamed: "free")
  public nonisolated func kfree(_: Any?...) async throws(KernelFault) {}

  /// Is called `isFreed` here.
  @available(*, unavailable, renamed: "isFreed")
  public nonisolated func kasan_byte_accessible(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `allocate` here.
  @available(*, unavailable, renamed: "allocate")
  public func kzalloc(_: Any?...) -> Allocation { neverCalled() }

  /// Is called `cpuRelax` here.
  @available(*, unavailable, renamed: "cpuRelax")
  public nonisolated func cpu_relax(_: Any?...) async throws(KernelFault) {}

  /// Is called `condResched` here.
  @available(*, unavailable, renamed: "condResched")
  public nonisolated func cond_resched(_: Any?...) async throws(KernelFault) {}

  /// Is called `kthread` here.
  @available(*, unavailable, renamed: "kthread")
  public func kthread_run(_: Any?...) -> SimulatedThread { neverCalled() }

  /// Is called `addTaskWork` here.
  @available(*, unavailable, renamed: "addTaskWork")
  public func task_work_add(_: Any?...) {}

  /// Is called `returnToUserMode` here.
  @available(*, unavailable, renamed: "returnToUserMode")
  public nonisolated func lockdep_sys_exit(_: Any?...) async throws(KernelFault) {}

  /// Is called `returnToUserMode` here.
  @available(*, unavailable, renamed: "returnToUserMode")
  public nonisolated func task_work_run(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension KernelLock {
  /// Is called `assertHeld` here.
  @available(*, unavailable, renamed: "assertHeld")
  public nonisolated func lockdep_assert_held(_: Any?...) throws(KernelFault) {}

  /// Is called `assertHeld` here.
  @available(*, unavailable, renamed: "assertHeld")
  public nonisolated func dma_resv_assert_held(_: Any?...) throws(KernelFault) {}

  /// Is called `assertHeldAlone` here.
  @available(*, unavailable, renamed: "assertHeldAlone")
  public nonisolated func lockdep_assert_held_write(_: Any?...) throws(KernelFault) {}
}
