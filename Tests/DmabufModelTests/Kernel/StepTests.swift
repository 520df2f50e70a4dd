// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// All primitives of a machine, for tables of their functions.
struct Primitives: Sendable {
  let kernel: Kernel
  let field: Shared<Int>
  let member: Field<Int>
  let references: Kref
  let done: Completion
  let mutex: SleepingMutex
  let semaphore: ReadWriteSemaphore
  let reservation: Reservation
  let fence: Fence
  let queue: WaitQueue
  let entry: WaitQueueEntry
  let allocation: Allocation

  init(_ kernel: Kernel) {
    self.kernel = kernel
    field = Shared(kernel, "field", 0)
    member = Field(kernel, "member", 0)
    references = Kref(kernel)
    done = Completion(kernel)
    mutex = SleepingMutex(kernel)
    semaphore = ReadWriteSemaphore(kernel)
    reservation = Reservation(kernel)
    fence = Fence(kernel, context: 1)
    queue = WaitQueue(kernel)
    entry = WaitQueueEntry(kernel)
    allocation = kernel.allocate("allocation")
  }
}

/// A function of a primitive, with what has to come before and after it.
struct PrimitiveCall: Sendable, CustomTestStringConvertible {
  typealias Body = @Sendable (Primitives) async throws -> Void

  var label: String
  var before: Body
  var call: Body
  var after: Body

  init(_ label: String, before: @escaping Body = { _ in }, after: @escaping Body = { _ in }, _ call: @escaping Body) {
    self.label = label
    self.before = before
    self.call = call
    self.after = after
  }

  var testDescription: String { label.isEmpty ? "a plain access" : label }

  static let all: [PrimitiveCall] = [
    PrimitiveCall("READ_ONCE") { _ = try await $0.field.load() },
    PrimitiveCall("WRITE_ONCE") { try await $0.field.store(1) },
    PrimitiveCall("") { _ = try await $0.member.load() },
    PrimitiveCall("") { try await $0.member.store(1) },
    PrimitiveCall("READ_ONCE") { _ = try await $0.member.loadOnce() },
    PrimitiveCall("kref_init") { try await $0.references.reset() },
    PrimitiveCall("kref_get") { try await $0.references.get() },
    PrimitiveCall("kref_get_unless_zero") { _ = try await $0.references.getUnlessZero() },
    PrimitiveCall("kref_put") { _ = try await $0.references.put() },
    PrimitiveCall("kref_read") { _ = try await $0.references.read() },
    PrimitiveCall("reinit_completion") { try await $0.done.reset() },
    PrimitiveCall("complete") { try await $0.done.complete() },
    PrimitiveCall("complete_all") { try await $0.done.completeAll() },
    PrimitiveCall("wait_for_completion", before: { try await $0.done.complete() }) { try await $0.done.wait() },
    PrimitiveCall("try_wait_for_completion") { _ = try await $0.done.tryWait() },
    PrimitiveCall("completion_done") { _ = try await $0.done.isDone() },
    PrimitiveCall("mutex_lock", after: { try await $0.mutex.unlock() }) { try await $0.mutex.lock() },
    PrimitiveCall("mutex_trylock", after: { try await $0.mutex.unlock() }) { _ = try await $0.mutex.tryLock() },
    PrimitiveCall("mutex_unlock", before: { try await $0.mutex.lock() }) { try await $0.mutex.unlock() },
    PrimitiveCall("down_write", after: { try await $0.semaphore.upWrite() }) { try await $0.semaphore.downWrite() },
    PrimitiveCall("down_write_trylock", after: { try await $0.semaphore.upWrite() }) {
      _ = try await $0.semaphore.tryDownWrite()
    },
    PrimitiveCall("up_write", before: { try await $0.semaphore.downWrite() }) { try await $0.semaphore.upWrite() },
    PrimitiveCall("down_read", after: { try await $0.semaphore.upRead() }) { try await $0.semaphore.downRead() },
    PrimitiveCall("down_read_trylock", after: { try await $0.semaphore.upRead() }) {
      _ = try await $0.semaphore.tryDownRead()
    },
    PrimitiveCall("up_read", before: { try await $0.semaphore.downRead() }) { try await $0.semaphore.upRead() },
    PrimitiveCall(
      "downgrade_write", before: { try await $0.semaphore.downWrite() }, after: { try await $0.semaphore.upRead() }
    ) { try await $0.semaphore.downgrade() },
    PrimitiveCall("dma_resv_lock", after: { try await $0.reservation.unlock() }) { try await $0.reservation.lock() },
    PrimitiveCall("dma_resv_trylock", after: { try await $0.reservation.unlock() }) {
      _ = try await $0.reservation.tryLock()
    },
    PrimitiveCall("dma_resv_unlock", before: { try await $0.reservation.lock() }) {
      try await $0.reservation.unlock()
    },
    PrimitiveCall(
      "dma_resv_reserve_fences", before: { try await $0.reservation.lock() },
      after: { try await $0.reservation.unlock() }
    ) { _ = try await $0.reservation.reserveFences(1) },
    PrimitiveCall(
      "dma_resv_add_fence",
      before: {
        try await $0.reservation.lock()
        _ = try await $0.reservation.reserveFences(1)
      },
      after: { try await $0.reservation.unlock() }
    ) { try await $0.reservation.add($0.fence, usage: .read) },
    PrimitiveCall("dma_resv_wait_timeout") { try await $0.reservation.wait(.bookkeep) },
    PrimitiveCall("dma_resv_test_signaled") { _ = try await $0.reservation.testSignalled(.bookkeep) },
    PrimitiveCall("dma_fence_signal") { try await $0.fence.signal() },
    PrimitiveCall("dma_fence_set_error") { try await $0.fence.setError(.ioError) },
    PrimitiveCall("dma_fence_is_signaled") { _ = try await $0.fence.checkSignalled() },
    PrimitiveCall("dma_fence_wait", before: { try await $0.fence.signal() }) { try await $0.fence.wait() },
    PrimitiveCall("dma_fence_get_status") { _ = try await $0.fence.status() },
    PrimitiveCall("prepare_to_wait") { try await $0.queue.prepareToWait($0.entry) },
    PrimitiveCall("finish_wait") { try await $0.queue.finishWait($0.entry) },
    PrimitiveCall("schedule") { try await $0.entry.schedule() },
    PrimitiveCall("wake_up_all") { try await $0.queue.wakeUpAll() },
    PrimitiveCall("waitqueue_active") { _ = try await $0.queue.isActive() },
    PrimitiveCall("kfree") { try await $0.kernel.free($0.allocation) },
  ]
}

@Suite("Each function of a primitive")
struct StepTests {
  @Test("is exactly one step, under its C spelling", arguments: PrimitiveCall.all, [false, true])
  func oneStep(row: PrimitiveCall, locksQueue: Bool) throws {
    let failure = try failure(.check, under: .serial) { kernel in
      if locksQueue { kernel.queueLocks() }
      let primitives = Primitives(kernel)
      try await row.before(primitives)
      let before = kernel.stepCount
      try await row.call(primitives)
      try kernel.check(false, "\(kernel.stepCount - before)")
    }
    #expect(failure.finding.summary == "1", "the number of steps")
    #expect(failure.recording.steps.last?.label == row.label)
    #expect(failure.recording.steps.last?.file.hasSuffix("/StepTests.swift") == true, "it was asked for by the caller")
  }

  @Test("is a place where another thread can run", arguments: PrimitiveCall.all, [false, true])
  func schedulingPoint(row: PrimitiveCall, locksQueue: Bool) throws {
    // Sampled: the other thread's step commutes with the caller's, so a proof needs one order only.
    try explore(
      .random(schedules: 60), seeing: ["another thread came in", "another thread did not come in"]
    ) { kernel in
      if locksQueue { kernel.queueLocks() }
      let primitives = Primitives(kernel)
      let isBefore = Shared(kernel, "isBefore", false)
      let other = Shared(kernel, "other", false)
      kernel.thread("caller") {
        try await row.before(primitives)
        try await isBefore.store(true)
        let before = kernel.stepCount
        try await row.call(primitives)
        kernel.sometimes("another thread came in", kernel.stepCount - before > 1)
        kernel.sometimes("another thread did not come in", kernel.stepCount - before == 1)
        try await row.after(primitives)
      }
      kernel.thread("other") { try await other.store(true) }
      try await kernel.join()
      if row.label != "kfree" { try await kernel.free(primitives.allocation) }
    }
  }

  @Test("between two of which no other thread can run: what a body does in between is atomic")
  func nothingBetweenSteps() throws {
    try explore(.exhaustive) { kernel in
      let field = Shared(kernel, "field", 0)
      let inside = Box(0)
      for number in 1...2 {
        kernel.thread("t\(number)") {
          for _ in 0..<3 {
            try await field.store(number)
            inside.update { $0 += 1 }
            try kernel.expect(inside.value, is: 1, "the number of threads between two steps")
            inside.update { $0 -= 1 }
          }
        }
      }
      try await kernel.join()
    }
  }
}

/// The counter from the documentation of `KernelActor`, and one without the step.
private actor UserCounter: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private(set) var value = 0

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("counter")
  }

  func read() async throws(KernelFault) -> Int {
    try await step(.read, "read")
    return value
  }

  func write(_ new: Int) async throws(KernelFault) {
    try await step(.write, "write")
    value = new
  }

  func increment() async throws(KernelFault) {
    try await step(.write, "increment")
    value += 1
  }
}

@Suite("An actor of a user's own")
struct UserActorRaceTests {
  @Test("can lose one of two increments that are a read and a write")
  func lostUpdate() throws {
    let failure = try failure(.check) { kernel in
      let counter = UserCounter(kernel)
      for name in ["a", "b"] { kernel.thread(name) { try await counter.write(try await counter.read() + 1) } }
      try await kernel.join()
      try kernel.expect(await counter.value, is: 2)
    }
    let labels = failure.recording.steps.filter(\.isConcurrent).prefix(4).map(\.label)
    #expect(labels == ["read", "read", "write", "write"])
  }

  @Test("loses none of them when one step does both")
  func atomic() throws {
    try explore(.exhaustive) { kernel in
      let counter = UserCounter(kernel)
      for name in ["a", "b"] { kernel.thread(name) { try await counter.increment() } }
      try await kernel.join()
      try kernel.expect(await counter.value, is: 2)
    }
  }
}
