// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A deadlock's report")
struct DeadlockTests {
  @Test("names each blocked thread, what it waits for and what it holds")
  func report() throws {
    let failure = try failure(.deadlock) { kernel in
      let memoryLock = ReadWriteSemaphore(kernel, "vdev->memory_lock")
      let resv = Reservation(kernel, "dmabuf->resv")
      let drained = Completion(kernel, "priv->comp")
      kernel.thread("revoker") {
        try await memoryLock.downWrite()
        try await resv.lock()
        try await drained.wait()
        try await resv.unlock()
        try await memoryLock.upWrite()
      }
      kernel.thread("faulter") {
        try await memoryLock.downRead()
        try await memoryLock.upRead()
      }
      kernel.thread("importer") {
        try await resv.lock()
        try await resv.unlock()
        try await drained.complete()
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary.hasSuffix(" blocked for ever"))
    let lines = withoutPlaces(failure.finding.details)
    #expect(
      lines.contains(
        "revoker waits in wait_for_completion(priv->comp), which no thread gives; "
          + "holds vdev->memory_lock, dmabuf->resv"), "\(failure)")
    #expect(
      lines.contains("importer waits in dma_resv_lock(dmabuf->resv), held by revoker; holds nothing"), "\(failure)")
    #expect(
      failure.recording.heldAtEnd == [
        Recording.HeldAtEnd(thread: "revoker", locks: ["vdev->memory_lock", "dmabuf->resv"])
      ])
  }

  @Test("says which locks are held for reading only")
  func heldForReading() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      let memoryLock = ReadWriteSemaphore(kernel, "memory_lock")
      try await memoryLock.downRead()
      try await Completion(kernel, "comp").wait()
    }
    #expect(
      withoutPlaces(failure.finding.details)
        == ["main waits in wait_for_completion(comp), which no thread gives; holds memory_lock (read)"])
  }

  @Test("has no line for the thread that runs the scenario and only joins the others")
  func joiners() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      let never = Completion(kernel, "never")
      let stuck = kernel.thread("stuck") { try await never.wait() }
      kernel.thread("joiner") { try await stuck.join() }
      kernel.thread("fine") {}
      try await kernel.join()
    }
    #expect(failure.finding.summary == "stuck, joiner blocked for ever")
    #expect(
      withoutPlaces(failure.finding.details) == [
        "stuck waits in wait_for_completion(never), which no thread gives; holds nothing",
        "joiner waits in join(stuck); holds nothing",
      ])
  }

  @Test(
    "is of every wait that the machine knows", arguments: ["mutex", "rwsem", "resv", "completion", "fence", "join"])
  func everyWait(what: String) throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      let mutex = SleepingMutex(kernel, "mutex")
      let semaphore = ReadWriteSemaphore(kernel, "rwsem")
      let reservation = Reservation(kernel, "resv")
      let holder = kernel.thread("holder") {
        try await mutex.lock()
        try await semaphore.downWrite()
        try await reservation.lock()
        try await Completion(kernel, "never").wait()
      }
      let waiter = kernel.thread("waiter") {
        switch what {
        case "mutex": try await mutex.lock()
        case "rwsem": try await semaphore.downRead()
        case "resv": try await reservation.lock()
        case "fence": try await Fence(kernel, "fence", context: 1).wait()
        case "join": try await holder.join()
        default: try await Completion(kernel, "completion").wait()
        }
      }
      try await waiter.join()
    }
    let lines = withoutPlaces(failure.finding.details)
    #expect(lines.count == 2 && lines[0].hasPrefix("holder waits in wait_for_completion(never)"), "\(failure)")
    #expect(lines[1].hasPrefix("waiter waits in ") && lines[1].contains(what), "\(failure)")
    #expect(lines[1].hasSuffix("; holds nothing"), "\(failure)")
  }

  @Test("is not given while somebody can still end the wait")
  func noDeadlock() throws {
    try explore(.exhaustive) { kernel in
      let lock = SleepingMutex(kernel)
      let first = Completion(kernel)
      let second = Completion(kernel)
      kernel.thread("a") {
        try await first.wait()
        try await lock.lock()
        try await second.complete()
        try await lock.unlock()
      }
      kernel.thread("b") {
        try await lock.lock()
        try await first.complete()
        try await lock.unlock()
      }
      try await second.wait()
      try await kernel.join()
    }
  }
}
