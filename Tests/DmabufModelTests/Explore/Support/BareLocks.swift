// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel

// Primitives as a user of the package would write them: without the machine's lock checker, which would report a wrong
// order before it can become a deadlock.

/// A lock for one.
actor BareLock: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID

  init(_ kernel: Kernel, _ name: StaticString = "lock") {
    self.kernel = kernel
    object = kernel.register(name)
    offer(.exclusive)
  }

  func lock() async throws(KernelFault) {
    try await step(.acquire, "lock", until: .exclusive)
    offer([])
  }

  func unlock() async throws(KernelFault) {
    try await step(.release, "unlock")
    offer(.exclusive)
  }
}

/// A lock for one writer or many readers; a reader may take it more than once.
actor BareReadWriteLock: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var readers = 0

  init(_ kernel: Kernel, _ name: StaticString = "rwlock") {
    self.kernel = kernel
    object = kernel.register(name)
    offer([.exclusive, .shared])
  }

  func lock() async throws(KernelFault) {
    try await step(.acquire, "write_lock", until: .exclusive)
    offer([])
  }

  func unlock() async throws(KernelFault) {
    try await step(.release, "write_unlock")
    offer([.exclusive, .shared])
  }

  func downgrade() async throws(KernelFault) {
    try await step(.release, "downgrade")
    readers = 1
    offer(.shared)
  }

  func lockShared() async throws(KernelFault) {
    try await step(.acquireShared, "read_lock", until: .shared)
    addReader()
  }

  func unlockShared() async throws(KernelFault) {
    try await step(.releaseShared, "read_unlock")
    removeReader()
  }

  /// Changes nothing, and does not commute with those who do.
  func look() async throws(KernelFault) { try await step(.write, "look") }

  /// For a step that has declared that it takes a share.
  func addReader() {
    readers += 1
    offer(.shared)
  }

  /// For a step that has declared that it gives a share back.
  func removeReader() {
    readers -= 1
    offer(readers == 0 ? [.exclusive, .shared] : .shared)
  }
}

/// A number of permits.
actor Semaphore: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var permits: Int

  init(_ kernel: Kernel, _ permits: Int, _ name: StaticString = "semaphore") {
    self.kernel = kernel
    self.permits = permits
    object = kernel.register(name)
    offer(permits > 0 ? .exclusive : [])
  }

  func down() async throws(KernelFault) {
    try await step(.acquire, "down", until: .exclusive)
    permits -= 1
    offer(permits > 0 ? .exclusive : [])
  }

  func up() async throws(KernelFault) {
    try await step(.release, "up")
    permits += 1
    offer(.exclusive)
  }
}

/// A number that is changed in one step.
actor AtomicCounter: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var value = 0

  init(_ kernel: Kernel, _ name: StaticString = "atomic") {
    self.kernel = kernel
    object = kernel.register(name)
  }

  func increment() async throws(KernelFault) -> Int {
    try await step(.write, "increment")
    value += 1
    return value
  }

  /// Adds to this number what another one is, in one step.
  func add(_ other: AtomicCounter) async throws(KernelFault) -> Int {
    try await step(.write, "add", also: ObjectAccess(other.object, .read))
    value += await other.peek()
    return value
  }

  /// The number, for a step that has declared that it reads it.
  private func peek() -> Int { value }
}
