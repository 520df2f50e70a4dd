// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel

/// The race that everything is measured on: a fault, a permanent revoke, and an importer that maps and unmaps.
struct RevokeRace: Sendable {
  var hasImporter = true
  /// The seeded bug: whether the fault trusts what it read before it took the lock.
  var skipsSecondCheck = true
  /// Whether the fault takes a step that has nothing to do with the race.
  var hasUnrelatedStep = false
  /// Whether the revoke has lost the step before which the fault goes on.
  var skipsDrain = false

  @Sendable func scenario(_ kernel: Kernel) async throws {
    let resv = SleepingMutex(kernel, "resv")
    let memoryLock = ReadWriteSemaphore(kernel, "ml")
    let status = Shared(kernel, "status", 0)
    let pte = Shared(kernel, "pte", 0)
    let kref = Kref(kernel)
    let comp = Completion(kernel, "comp")
    let other = Shared(kernel, "other", 0)
    kernel.thread("F") {
      try await resv.lock()
      if hasUnrelatedStep { try await other.store(1) }
      let isOK = try await status.load() == 0
      try await resv.unlock()
      if !isOK { return kernel.outcome("fault", "refused") }
      try await memoryLock.downRead()
      if skipsSecondCheck {
        try await pte.store(1)
      } else if try await status.load() == 0 {
        try await pte.store(1)
        kernel.outcome("fault", "mapped")
      } else {
        kernel.outcome("fault", "late")
      }
      try await memoryLock.upRead()
    }
    kernel.thread("R") {
      try await memoryLock.downWrite()
      try await resv.lock()
      try await status.store(2)
      try await resv.unlock()
      if !skipsDrain {
        if try await kref.put() { try await comp.complete() }
        try await comp.wait()
      }
      try await pte.store(0)
      try await memoryLock.upWrite()
    }
    if hasImporter {
      kernel.thread("M") {
        try await resv.lock()
        let isOK = try await status.load() == 0
        if isOK { try await kref.get() }
        try await resv.unlock()
        if !isOK { return }
        try await resv.lock()
        if try await kref.put() { try await comp.complete() }
        try await resv.unlock()
      }
    }
    try await kernel.join()
    let left = try await pte.load()
    try kernel.check(left == 0, "a PTE outlives the revoke")
  }
}

/// Two threads that take two locks in opposite orders.
@Sendable func oppositeOrders(_ kernel: Kernel) async throws {
  let a = SleepingMutex(kernel, "a")
  let b = SleepingMutex(kernel, "b")
  kernel.thread("t") {
    try await a.lock()
    try await b.lock()
    try await b.unlock()
    try await a.unlock()
  }
  kernel.thread("u") {
    try await b.lock()
    try await a.lock()
    try await a.unlock()
    try await b.unlock()
  }
}

/// A thread that waits, with a lock held, for one that needs the lock to end the wait.
@Sendable func waitUnderLock(_ kernel: Kernel) async throws {
  let lock = SleepingMutex(kernel, "lock")
  let done = Completion(kernel, "done")
  kernel.thread("waiter") {
    try await lock.lock()
    try await done.wait()
    try await lock.unlock()
  }
  kernel.thread("giver") {
    try await lock.lock()
    try await done.complete()
    try await lock.unlock()
  }
}

/// A reference taken from a pointer that another thread has put in the meantime.
@Sendable func lateGet(_ kernel: Kernel) async throws {
  let device = kernel.allocate("device")
  let references = Kref(kernel, "device->kref", in: device)
  kernel.thread("user") {
    try await references.get()
    if try await references.put() { try await kernel.free(device) }
  }
  kernel.thread("owner") {
    if try await references.put() { try await kernel.free(device) }
  }
}

/// A thread that reads a field of a structure which another one frees.
@Sendable func readAfterFree(_ kernel: Kernel) async throws {
  let priv = kernel.allocate("priv")
  let status = Shared(kernel, "priv->status", 0, in: priv)
  let lock = SleepingMutex(kernel, "lock")
  kernel.thread("reader") {
    try await lock.lock()
    _ = try await status.load()
    try await lock.unlock()
    _ = try await status.load()
  }
  kernel.thread("freer") {
    try await lock.lock()
    try await kernel.free(priv)
    try await lock.unlock()
  }
}

/// A thread that waits for a completion which the other one gives only in one order.
@Sendable func brokenPromise(_ kernel: Kernel) async throws {
  let asked = Shared(kernel, "asked", false)
  let done = Completion(kernel, "done")
  kernel.thread("asker") {
    try await asked.store(true)
    try await done.wait()
  }
  kernel.thread("giver") {
    if try await asked.load() { try await done.complete() }
  }
}

/// Two threads that both give back what only one of them owns.
@Sendable func doublePut(_ kernel: Kernel) async throws {
  let kref = Kref(kernel, "priv->kref")
  for name in ["importer", "exporter"] {
    kernel.thread(name) { _ = try await kref.put() }
  }
}

/// Three threads that each hold a lock and wait for the next one's, with nobody to see the order.
@Sendable func philosophers(_ kernel: Kernel) async throws {
  let forks = [Completion(kernel, "fork a"), Completion(kernel, "fork b"), Completion(kernel, "fork c")]
  for fork in forks { try await fork.complete() }
  for (index, name) in ["anna", "bert", "carl"].enumerated() {
    kernel.thread(name) {
      try await forks[index].wait()
      try await forks[(index + 1) % 3].wait()
      try await forks[(index + 1) % 3].complete()
      try await forks[index].complete()
    }
  }
}

/// Two threads that join each other's victim: one holds the lock for which the other one waits, and waits for its end.
@Sendable func joinUnderLock(_ kernel: Kernel) async throws {
  let lock = SleepingMutex(kernel, "lock")
  let worker = kernel.thread("worker") {
    try await lock.lock()
    try await lock.unlock()
  }
  kernel.thread("stopper") {
    try await lock.lock()
    try await worker.join()
    try await lock.unlock()
  }
}

/// Something that can be passed, alone or together with another one.
actor Turnstile: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID

  init(_ kernel: Kernel, _ name: StaticString, in owner: Allocation? = nil) {
    self.kernel = kernel
    object = kernel.register(name, in: owner)
  }

  func pass() async throws(KernelFault) { try await step(.write, "pass") }

  func pass(along other: Turnstile) async throws(KernelFault) {
    try await step(.write, "pass_along", also: ObjectAccess(other.object, .write))
  }
}

/// A thread that touches a field of a structure in passing, and another one that frees the structure.
@Sendable func furtherFree(_ kernel: Kernel) async throws {
  let priv = kernel.allocate("priv")
  let gate = Turnstile(kernel, "gate")
  let field = Turnstile(kernel, "priv->field", in: priv)
  kernel.thread("a") { try await gate.pass(along: field) }
  kernel.thread("b") { try await kernel.free(priv) }
}

/// Two locks that one thread gives back in the order in which it took them.
@Sendable func overlappingLocks(_ kernel: Kernel) async throws {
  let a = SleepingMutex(kernel, "a")
  let b = SleepingMutex(kernel, "b")
  let value = Shared(kernel, "value", 0)
  kernel.thread("t") {
    try await a.lock()
    try await b.lock()
    try await a.unlock()
    try await value.store(1)
    try await b.unlock()
  }
  kernel.thread("u") {
    try await a.lock()
    try kernel.check(try await value.load() == 0, "t has been here")
    try await a.unlock()
  }
}
