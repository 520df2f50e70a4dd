// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension Fence {
  /// Is called `signal` here.
  @available(*, unavailable, renamed: "signal")
  public func dma_fence_signal(_: Any?...) async throws(KernelFault) {}

  /// Is called `setError` here.
  @available(*, unavailable, renamed: "setError")
  public func dma_fence_set_error(_: Any?...) async throws(KernelFault) {}

  /// Is called `checkSignalled` here.
  @available(*, unavailable, renamed: "checkSignalled")
  public func dma_fence_is_signaled(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `wait` here.
  @available(*, unavailable, renamed: "wait")
  public func dma_fence_wait(_: Any?...) async throws(KernelFault) {}

  /// Is called `status` here.
  @available(*, unavailable, renamed: "status")
  public func dma_fence_get_status(_: Any?...) async throws(KernelFault) -> Result<Bool, Errno> { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension Reservation {
  /// Is called `lock` here.
  @available(*, unavailable, renamed: "lock")
  public func dma_resv_lock(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryLock` here.
  @available(*, unavailable, renamed: "tryLock")
  public func dma_resv_trylock(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `unlock` here.
  @available(*, unavailable, renamed: "unlock")
  public func dma_resv_unlock(_: Any?...) async throws(KernelFault) {}

  /// Is called `reserveFences` here.
  @available(*, unavailable, renamed: "reserveFences")
  public func dma_resv_reserve_fences(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }

  /// Is called `add` here.
  @available(*, unavailable, renamed: "add")
  public func dma_resv_add_fence(_: Any?...) async throws(KernelFault) {}

  /// Is called `wait` here.
  @available(*, unavailable, renamed: "wait")
  public func dma_resv_wait_timeout(_: Any?...) async throws(KernelFault) {}

  /// Is called `testSignalled` here.
  @available(*, unavailable, renamed: "testSignalled")
  public func dma_resv_test_signaled(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }
}
