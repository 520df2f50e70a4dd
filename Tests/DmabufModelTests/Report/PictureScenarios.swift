// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Scenarios whose pictures are hard to draw: much of everything.
enum PictureScenarios {
  static let all: [(name: String, scenario: Scenario)] = [
    ("race", RevokeRace().scenario), ("deadlock", oppositeOrders), ("wait", waitUnderLock), ("late", lateGet),
    ("free", readAfterFree), ("philosophers", philosophers), ("broken", brokenPromise), ("join", joinUnderLock),
    ("six", sixThreads), ("pingPong", pingPong), ("names", longNames), ("locks", manyLocks), ("values", longValues),
    ("runs", longRuns), ("alone", alone), ("missed", missedFlag),
  ]

  /// What each of them fails with; searched and made small once for all tests.
  private static let failures: [String: ScheduleFailure?] = Dictionary(
    uniqueKeysWithValues: all.map { ($0.name, try? failure($0.scenario)) })

  /// The failure of a scenario, as wide as it is asked for.
  static func found(_ name: String, columns: Int = 120) throws -> ScheduleFailure {
    var found = try #require(failures[name] ?? nil, "\(name) has not failed")
    found.columns = columns
    return found
  }

  /// Six threads that each take a lock, while a seventh thing goes wrong at the end.
  @Sendable static func sixThreads(_ kernel: Kernel) async throws {
    let lock = SleepingMutex(kernel, "memory_lock")
    let count = Shared(kernel, "count", 0)
    for index in 0..<6 {
      kernel.thread("worker \(index)") {
        let old = try await count.load()
        try await lock.lock()
        try await count.store(old + 1)
        try await lock.unlock()
      }
    }
    try await kernel.join()
    try kernel.check(try await count.load() == 6, "an increment was lost")
  }

  /// Two threads that hand a turn back and forth many times.
  @Sendable static func pingPong(_ kernel: Kernel) async throws {
    let turns = [Completion(kernel, "ping"), Completion(kernel, "pong")]
    let lock = SleepingMutex(kernel, "lock")
    let ball = Shared(kernel, "ball", 0)
    for index in 0..<2 {
      kernel.thread(["ping", "pong"][index]) {
        for round in 0..<31 {
          if index == 1 || round > 0 { try await turns[index].wait() }
          try await lock.lock()
          try await ball.store(2 * round + index)
          try await lock.unlock()
          try await turns[1 - index].complete()
        }
      }
    }
    try await kernel.join()
    try kernel.check(try await ball.load() == 0, "the ball has moved")
  }

  /// Threads whose names do not fit.
  @Sendable static func longNames(_ kernel: Kernel) async throws {
    let kref = Kref(kernel, "a structure with a name of many words->kref")
    let names = ["importer of the buffer on the other function of the device", "exporter & <owner>, the one and only"]
    for name in names {
      kernel.thread(name) { _ = try await kref.put() }
    }
  }

  static let lockNames: [StaticString] = [
    "vdev->resv", "vdev->memory_lock", "vdev->igate", "vdev->ioeventfds_lock", "vdev->vma_lock",
    "vdev->mmap_lock", "vdev->i_rwsem", "vdev->files_lock", "vdev->attach_lock", "vdev->device_lock",
    "vdev->bus_lock", "vdev->power_lock", "vdev->reset_lock", "vdev->irq_lock", "vdev->msi_lock",
    "vdev->eeh_lock", "vdev->error_lock", "vdev->group_lock", "vdev->iommu_lock", "vdev->container_lock",
  ]

  /// A thread that takes more locks than there are colours, and one that looks.
  @Sendable static func manyLocks(_ kernel: Kernel) async throws {
    let locks = lockNames.map { SleepingMutex(kernel, $0) }
    let value = Shared(kernel, "value", 0)
    let done = Completion(kernel, "done")
    kernel.thread("taker") {
      for lock in locks { try await lock.lock() }
      try await value.store(1)
      try await done.complete()
      for lock in locks { try await lock.unlock() }
    }
    kernel.thread("looker") {
      try await done.wait()
      try kernel.check(try await value.load() == 0, "the taker has been here")
    }
  }

  /// Values that do not fit a line, in the two steps that decide.
  @Sendable static func longValues(_ kernel: Kernel) async throws {
    let entry = Shared(kernel, "page table#1->the entry of a page", "")
    kernel.thread("mapper") {
      try await entry.store(
        "0x100000000000 -> 0xfe00000000 of a BAR, writable, uncached, " + String(repeating: "9", count: 60))
    }
    kernel.thread("reader") {
      try kernel.check(try await entry.load().isEmpty, "the page is there")
    }
  }

  /// A thread that does much that nobody else can notice, with a lock held in the middle of it.
  @Sendable static func longRuns(_ kernel: Kernel) async throws {
    let value = Shared(kernel, "value", 0)
    let mine = Shared(kernel, "mine", 0)
    let done = Completion(kernel, "done")
    let lock = SleepingMutex(kernel, "lock")
    kernel.thread("worker") {
      try await value.store(1)
      for round in 0..<30 { try await mine.store(round) }
      try await lock.lock()
      for round in 0..<30 { try await mine.store(round) }
      try await value.store(2)
      try await done.complete()
      try await lock.unlock()
    }
    kernel.thread("reader") {
      try await done.wait()
      try await lock.lock()
      let value = try await value.load()
      try await lock.unlock()
      try kernel.check(value != 2, "too late")
    }
  }

  /// Threads that take turns for long, of which one looks once, in the middle, at what a third one sets.
  @Sendable static func missedFlag(_ kernel: Kernel) async throws {
    let turns = [Completion(kernel, "ping"), Completion(kernel, "pong")]
    let flag = Shared(kernel, "flag", false)
    let missed = Shared(kernel, "missed", false)
    let nearly = Completion(kernel, "nearly")
    for index in 0..<2 {
      kernel.thread(["ping", "pong"][index]) {
        for round in 0..<30 {
          if index == 1 || round > 0 { try await turns[index].wait() }
          if index == 0 && round == 11 { try await nearly.complete() }
          if index == 0 && round == 12 {
            if try await !flag.load() { try await missed.store(true) }
          }
          try await turns[1 - index].complete()
        }
      }
    }
    kernel.thread("setter") {
      try await nearly.wait()
      try await flag.store(true)
    }
    try await kernel.join()
    try kernel.check(try await !missed.load(), "the flag was not seen")
  }

  /// A failure before there is any thread.
  @Sendable static func alone(_ kernel: Kernel) async throws {
    let value = Shared(kernel, "value", 0)
    for round in 0..<12 { try await value.store(round) }
    try kernel.check(try await value.load() == 0, "stored")
  }
}
