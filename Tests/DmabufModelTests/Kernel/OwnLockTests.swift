// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

/// A lock as a user of the package would write it, known to the lock checker.
private actor OwnLock: KernelLock {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated let lockClass: LockClass

  init(_ kernel: Kernel, _ name: StaticString) {
    self.kernel = kernel
    object = kernel.register(name)
    lockClass = kernel.lockClass(name)
    offer(.exclusive)
  }

  func lock() async throws(KernelFault) {
    try willAcquire("spin_lock")
    try await step(.acquire, "spin_lock", until: .exclusive)
    didAcquire()
    offer([])
  }

  func unlock() async throws(KernelFault) {
    try await step(.release, "spin_unlock")
    try didRelease()
    offer(.exclusive)
  }
}

@Suite("A lock of one's own")
struct OwnLockTests {
  @Test("is held by the thread that took it, and by no other")
  func held() throws {
    try explore(.exhaustive, seeing: ["another thread holds it"]) { kernel in
      let lock = OwnLock(kernel, "lock")
      kernel.thread("owner") {
        try await lock.lock()
        try lock.assertHeld()
        try lock.assertHeldAlone()
        try await lock.unlock()
        try kernel.check(!lock.isHeld, "it is held after the unlock")
      }
      kernel.thread("other") {
        try kernel.check(!lock.isHeldAlone, "it is held by a thread that has not taken it")
        try await lock.lock()
        kernel.sometimes("another thread holds it")
        try await lock.unlock()
      }
      try await kernel.join()
    }
  }

  @Test("takes part in the order of locks")
  func order() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive) { kernel in
        let (one, other) = (OwnLock(kernel, "one"), SleepingMutex(kernel, "other"))
        kernel.thread("a") {
          try await one.lock()
          try await other.lock()
          try await other.unlock()
          try await one.unlock()
        }
        kernel.thread("b") {
          try await other.lock()
          try await one.lock()
          try await one.unlock()
          try await other.unlock()
        }
        try await kernel.join()
      }
    }
    #expect(failure.finding.kind == .lockOrder)
  }

  @Test("is not unlocked by a thread that does not hold it")
  func stranger() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in try await OwnLock(kernel, "lock").unlock() }
    }
    #expect(failure.finding.summary == "main unlocks lock, which no thread holds")
  }
}
