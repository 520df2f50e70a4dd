// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("The policy of the locks")
struct QueueLocksTests {
  /// One reader waits for another one, and a writer may come between them.
  @Sendable private static func readersInNeed(_ kernel: Kernel) async throws {
    let semaphore = ReadWriteSemaphore(kernel, "sem")
    let isRead = Completion(kernel, "read")
    kernel.thread("r1") {
      try await semaphore.downRead()
      try await isRead.wait()
      try await semaphore.upRead()
    }
    kernel.thread("w") {
      try await semaphore.downWrite()
      try await semaphore.upWrite()
    }
    kernel.thread("r2") {
      try await semaphore.downRead()
      try await isRead.complete()
      try await semaphore.upRead()
    }
    try await kernel.join()
  }

  @Test("finds the deadlock of two readers with a writer between them under queues, and only there (RW1, RW2, RW13)")
  func deadlockOfTheQueue() throws {
    let passed = try explore(.exhaustive, Self.readersInNeed)
    #expect(!passed.description.contains("locks:"))
    let failure = try failure(.deadlock) { kernel in
      kernel.queueLocks()
      try await Self.readersInNeed(kernel)
    }
    #expect(
      withoutPlaces(failure.finding.details) == [
        "r1 waits in wait_for_completion(read), which no thread gives; holds sem (read)",
        "w waits in down_write(sem), held by r1; holds nothing",
        "r2 waits in down_read(sem), held by r1, queued behind w; holds nothing",
      ], "\(failure)")
    #expect(failure.description.contains("\nlocks: queued as in the kernel\n"), "\(failure)")
    #expect(failure.description.contains(/down_read\(sem\) waits for ever/), "\(failure)")
    let again = #expect(throws: ScheduleFailure.self) {
      try replay(failure.schedule) { kernel in
        kernel.queueLocks()
        try await Self.readersInNeed(kernel)
      }
    }
    #expect(again?.finding.summary == failure.finding.summary)
    #expect(again?.hasChanged == false)
    #expect(throws: ScheduleFailure.self) {
      try explore(.stateCaching) { kernel in
        kernel.queueLocks()
        try await Self.readersInNeed(kernel)
      }
    }
  }

  @Test("names the threads in a ring that a queue closes")
  func ring() throws {
    let failure = try failure(.deadlock) { kernel in
      kernel.queueLocks()
      let semaphore = ReadWriteSemaphore(kernel, "sem")
      let last = kernel.thread("r2") {
        try await semaphore.downRead()
        try await semaphore.upRead()
      }
      kernel.thread("r1") {
        try await semaphore.downRead()
        try await last.join()
        try await semaphore.upRead()
      }
      kernel.thread("w") {
        try await semaphore.downWrite()
        try await semaphore.upWrite()
      }
      try await kernel.join()
    }
    #expect(failure.finding.details.last?.hasPrefix("cycle: ") == true, "\(failure)")
  }

  @Test("makes no idle thread of a kernel thread that sleeps in a queue at the end")
  func kernelThread() throws {
    let failure = try failure(.deadlock) { kernel in
      kernel.queueLocks()
      let lock = SleepingMutex(kernel, "lock")
      kernel.kthread("holds") {
        try await lock.lock()
        try await Completion(kernel, "work").wait()
      }
      kernel.kthread("sleeps") {
        try await lock.lock()
        try await lock.unlock()
      }
      try await kernel.join()
    }
    #expect(
      withoutPlaces(failure.finding.details).contains(
        "sleeps waits in mutex_lock(lock), held by holds; holds nothing"), "\(failure)")
  }

  @Test("is one for an execution: it must be chosen before a thread is started")
  func tooLate() throws {
    let error = #expect(throws: ScenarioError.self) {
      try explore(.serial) { kernel in
        kernel.thread("t") {}
        kernel.queueLocks()
        try await kernel.join()
      }
    }
    #expect(error == .queueLocksTooLate)
    #expect(error?.description.hasPrefix("queueLocks() was called when a thread had been started; expected it") == true)
  }

  @Test("is that of the scenario, and ends with its execution")
  func endsWithTheExecution() throws {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    for isQueued in [false, true, false] {
      _ = kernel.execute({ if isQueued { $0.queueLocks() } }, under: SerialStrategy(), recording: nil)
      #expect(kernel.locksQueue == isQueued)
    }
  }

  @Test("stands in the verdict's text, also of several jobs")
  func verdict() throws {
    var executions: [Int] = []
    for jobs in [1, 2] {
      let report = try explore(.exhaustive, jobs: jobs) { kernel in
        kernel.queueLocks()
        try await Races.harmless(kernel)
      }
      #expect(report.description.contains("\n  locks: queued as in the kernel"), "\(report)")
      executions.append(report.executions)
    }
    #expect(executions[0] == executions[1])
  }

  @Test("changes nothing about what a thread may not do with a lock", arguments: [true, false])
  func recursion(isWriter: Bool) throws {
    _ = try failure(.recursiveLock, under: .serial) { kernel in
      kernel.queueLocks()
      let semaphore = ReadWriteSemaphore(kernel)
      try await semaphore.downRead()
      if isWriter { try await semaphore.downWrite() } else { try await semaphore.downRead() }
    }
    _ = try failure(.unlockByStranger, under: .serial) { kernel in
      kernel.queueLocks()
      try await SleepingMutex(kernel).unlock()
    }
    _ = try failure(.lockHeldAtExit, under: .serial) { kernel in
      kernel.queueLocks()
      try await Reservation(kernel).lock()
    }
  }
}
