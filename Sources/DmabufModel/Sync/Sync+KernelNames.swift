// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension Completion {
  /// Is called `reset` here.
  @available(*, unavailable, renamed: "reset")
  public func reinit_completion(_: Any?...) async throws(KernelFault) {}

  /// Is called `completeAll` here.
  @available(*, unavailable, renamed: "completeAll")
  public func complete_all(_: Any?...) async throws(KernelFault) {}

  /// Is called `wait` here.
  @available(*, unavailable, renamed: "wait")
  public func wait_for_completion(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryWait` here.
  @available(*, unavailable, renamed: "tryWait")
  public func try_wait_for_completion(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `isDone` here.
  @available(*, unavailable, renamed: "isDone")
  public func completion_done(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension Field {
  /// Is called `loadOnce` here.
  @available(*, unavailable, renamed: "loadOnce")
  public func READ_ONCE(_: Any?...) async throws(KernelFault) -> Value { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension Kref {
  /// Is called `reset` here.
  @available(*, unavailable, renamed: "reset")
  public func kref_init(_: Any?...) async throws(KernelFault) {}

  /// Is called `get` here.
  @available(*, unavailable, renamed: "get")
  public func kref_get(_: Any?...) async throws(KernelFault) {}

  /// Is called `getUnlessZero` here.
  @available(*, unavailable, renamed: "getUnlessZero")
  public func kref_get_unless_zero(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `put` here.
  @available(*, unavailable, renamed: "put")
  public func kref_put(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `read` here.
  @available(*, unavailable, renamed: "read")
  public func kref_read(_: Any?...) async throws(KernelFault) -> Int32 { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension ReadWriteSemaphore {
  /// Is called `downWrite` here.
  @available(*, unavailable, renamed: "downWrite")
  public func down_write(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryDownWrite` here.
  @available(*, unavailable, renamed: "tryDownWrite")
  public func down_write_trylock(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `upWrite` here.
  @available(*, unavailable, renamed: "upWrite")
  public func up_write(_: Any?...) async throws(KernelFault) {}

  /// Is called `downRead` here.
  @available(*, unavailable, renamed: "downRead")
  public func down_read(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryDownRead` here.
  @available(*, unavailable, renamed: "tryDownRead")
  public func down_read_trylock(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `upRead` here.
  @available(*, unavailable, renamed: "upRead")
  public func up_read(_: Any?...) async throws(KernelFault) {}

  /// Is called `downgrade` here.
  @available(*, unavailable, renamed: "downgrade")
  public func downgrade_write(_: Any?...) async throws(KernelFault) {}

  /// Is called `assertHeldWrite` here.
  @available(*, unavailable, renamed: "assertHeldWrite")
  public nonisolated func lockdep_assert_held_write(_: Any?...) throws(KernelFault) {}

  /// Is called `assertHeldRead` here.
  @available(*, unavailable, renamed: "assertHeldRead")
  public nonisolated func lockdep_assert_held_read(_: Any?...) throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension Shared {
  /// Is called `load` here.
  @available(*, unavailable, renamed: "load")
  public func READ_ONCE(_: Any?...) async throws(KernelFault) -> Value { neverCalled() }

  /// Is called `store` here.
  @available(*, unavailable, renamed: "store")
  public func WRITE_ONCE(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension SleepingMutex {
  /// Is called `lock` here.
  @available(*, unavailable, renamed: "lock")
  public func mutex_lock(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryLock` here.
  @available(*, unavailable, renamed: "tryLock")
  public func mutex_trylock(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `unlock` here.
  @available(*, unavailable, renamed: "unlock")
  public func mutex_unlock(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension WaitQueue {
  /// Is called `wait` here.
  @available(*, unavailable, renamed: "wait")
  public nonisolated func wait_event(_: Any?...) async throws(KernelFault) {}

  /// Is called `prepareToWait` here.
  @available(*, unavailable, renamed: "prepareToWait")
  public func prepare_to_wait(_: Any?...) async throws(KernelFault) {}

  /// Is called `finishWait` here.
  @available(*, unavailable, renamed: "finishWait")
  public func finish_wait(_: Any?...) async throws(KernelFault) {}

  /// Is called `wakeUpAll` here.
  @available(*, unavailable, renamed: "wakeUpAll")
  public nonisolated func wake_up_all(_: Any?...) async throws(KernelFault) {}

  /// Is called `isActive` here.
  @available(*, unavailable, renamed: "isActive")
  public func waitqueue_active(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }
}
