// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// One schedule for each rule, with every line that it has.
@Suite("A reader-writer semaphore with the kernel's queue")
struct QueuedSemaphoreTests {
  private static let writer = QueueThread("w", .write, .upWrite)
  private static let other = QueueThread("w2", .write, .upWrite)
  private static let reader = QueueThread("r", .read, .upRead)

  @Test("makes a reader wait behind a writer that waits while others read (RW1, RW2, RW7, RW8)")
  func readerBehindWriter() {
    let lines = semaphoreTrace(
      [1, 2, 3, 1, 2, 2, 2, 3, 3], QueueThread("r1", .read, .upRead), Self.writer, Self.reader)
    #expect(
      lines == [
        "r1: down_read", "w: down_write, queued", "r: down_read, queued behind 1", "r1: up_read, wakes w",
        "w: schedule, has sem", "w: up_write", "w: rwsem_wake, handed to r",
        "r: schedule, has sem", "r: up_read",
      ])
  }

  @Test("lets a reader steal a free lock from a writer that has been woken (RW2, RW3)")
  func readerSteals() {
    let lines = semaphoreTrace([1, 2, 1, 3, 2, 3, 2, 2], Self.other, Self.writer, Self.reader)
    #expect(
      lines == [
        "w2: down_write", "w: down_write, queued", "w2: up_write, wakes w",
        "r: down_read, stolen from 1 in the queue", "w: schedule, sem is gone, handoff", "r: up_read, wakes w",
        "w: schedule, has sem", "w: up_write",
      ])
  }

  @Test("lets the readers at the head of the queue in with the reader that has stolen the lock (RW2)")
  func thiefWakesReaders() {
    let lines = semaphoreTrace(
      [1, 2, 1, 3, 3, 1, 2, 2, 3], Self.writer, QueueThread("r1", .read, .upRead), Self.reader)
    #expect(
      lines == [
        "w: down_write", "r1: down_read, queued", "w: up_write", "r: down_read, stolen from 1 in the queue",
        "r: rwsem_mark_wake, handed to r1", "w: rwsem_wake, wakes none", "r1: schedule, has sem", "r1: up_read",
        "r: up_read",
      ])
  }

  @Test("gives itself to a writer at once only if no thread holds it and none waits (RW4, RW5)")
  func writerSteals() {
    let lines = semaphoreTrace([1, 2, 1, 3, 2, 3, 2, 2], Self.reader, Self.writer, Self.other)
    #expect(
      lines == [
        "r: down_read", "w: down_write, queued", "r: up_read, wakes w",
        "w2: down_write, stolen from 1 in the queue", "w: schedule, sem is gone, handoff", "w2: up_write, wakes w",
        "w: schedule, has sem", "w: up_write",
      ])
  }

  @Test("lets a writer come before readers that queue, between the release and the waking (RW5, RW6)")
  func writerBeforeReaders() {
    let lines = semaphoreTrace([1, 2, 1, 3, 1, 3, 3, 2, 2], Self.writer, Self.reader, Self.other)
    #expect(
      lines == [
        "w: down_write", "r: down_read, queued", "w: up_write", "w2: down_write, stolen from 1 in the queue",
        "w: rwsem_wake, wakes none, handoff", "w2: up_write", "w2: rwsem_wake, handed to r", "r: schedule, has sem",
        "r: up_read",
      ])
  }

  @Test("is kept for a writer that was woken in vain: no thread steals it again (RW6)")
  func handOff() {
    let lines = semaphoreTrace(
      [1, 2, 1, 3, 2, 4, 3, 2, 2, 2, 4, 4], Self.other, Self.writer, Self.reader,
      QueueThread("late", .read, .upRead))
    #expect(
      lines == [
        "w2: down_write", "w: down_write, queued", "w2: up_write, wakes w",
        "r: down_read, stolen from 1 in the queue", "w: schedule, sem is gone, handoff",
        "late: down_read, queued behind 1",
        "r: up_read, wakes w", "w: schedule, has sem", "w: up_write",
        "w: rwsem_wake, handed to late", "late: schedule, has sem", "late: up_read",
      ])
  }

  @Test("wakes the queue when the last reader leaves, and not before (RW7)")
  func lastReader() {
    let lines = semaphoreTrace(
      [1, 2, 3, 1, 2, 3, 3], QueueThread("r1", .read, .upRead), Self.reader, Self.writer)
    #expect(
      lines == [
        "r1: down_read", "r: down_read", "w: down_write, queued", "r1: up_read", "r: up_read, wakes w",
        "w: schedule, has sem", "w: up_write",
      ])
  }

  @Test("lets all readers in past the writers in one go; they hold it before they run (RW8, RW9)")
  func batch() {
    let lines = semaphoreTrace(
      [1, 2, 3, 4, 1, 1, 4, 4, 2, 2, 3, 3], Self.writer, QueueThread("r1", .read, .upRead), Self.other, Self.reader)
    #expect(
      lines == [
        "w: down_write", "r1: down_read, queued", "w2: down_write, queued behind 1", "r: down_read, queued behind 2",
        "w: up_write", "w: rwsem_wake, handed to r1, r", "r: schedule, has sem", "r: up_read", "r1: schedule, has sem",
        "r1: up_read, wakes w2", "w2: schedule, has sem", "w2: up_write",
      ])
  }

  @Test("is refused to every try while somebody waits (RW10)", arguments: [true, false])
  func tries(isRead: Bool) throws {
    // The holder reads, so that a try for reading is refused for the sake of the waiter alone.
    for isQueued in [true, false] {
      let found = try outcomes(queued: isQueued) { kernel in
        let semaphore = ReadWriteSemaphore(kernel)
        try await semaphore.downRead()
        kernel.thread("w") {
          try await semaphore.downWrite()
          try await semaphore.upWrite()
        }
        let trier = kernel.thread("t") {
          let isMine = isRead ? try await semaphore.tryDownRead() : try await semaphore.tryDownWrite()
          kernel.outcome(isMine ? "got" : "refused")
          if isMine { if isRead { try await semaphore.upRead() } else { try await semaphore.upWrite() } }
        }
        try await trier.join()
        try await semaphore.upRead()
        try await kernel.join()
      }
      #expect(found == (isRead ? isQueued ? ["got", "refused"] : ["got"] : ["refused"]))
    }
  }

  @Test("is refused to a try between a release and the thread that it has woken (RW10)")
  func triesOfAFreeLock() {
    let lines = semaphoreTrace([1, 2, 1, 3, 2, 2], Self.other, Self.writer, QueueThread("t", .tryWrite))
    #expect(lines[3] == "t: down_write_trylock, = 0")
  }

  @Test("is turned from writing to reading with all readers of the queue, if one is the first (RW11)")
  func downgrade() {
    let downgrader = QueueThread("d", .write, .downgrade, .upRead)
    var lines = semaphoreTrace([1, 2, 3, 1, 1, 2, 2, 1, 3, 3], downgrader, Self.reader, Self.writer)
    #expect(
      lines == [
        "d: down_write", "r: down_read, queued", "w: down_write, queued behind 1", "d: downgrade_write",
        "d: rwsem_downgrade_wake, handed to r", "r: schedule, has sem", "r: up_read", "d: up_read, wakes w",
        "w: schedule, has sem", "w: up_write",
      ])
    lines = semaphoreTrace([1, 2, 3, 1, 1, 2, 2, 2, 3, 3], downgrader, Self.writer, Self.reader)
    #expect(
      lines == [
        "d: down_write", "w: down_write, queued", "r: down_read, queued behind 1", "d: downgrade_write",
        "d: up_read, wakes w", "w: schedule, has sem", "w: up_write", "w: rwsem_wake, handed to r",
        "r: schedule, has sem", "r: up_read",
      ])
  }
}

@Suite("A reader-writer semaphore with the kernel's queue, between threads")
struct QueuedSemaphoreRaceTests {
  @Test("has one writer or any number of readers inside", arguments: [true, false])
  func exclusion(byStates: Bool) throws {
    let scenario: Scenario = { kernel in
      kernel.queueLocks()
      let semaphore = ReadWriteSemaphore(kernel)
      let readers = Kref(kernel, "readers")
      let isWritten = Shared(kernel, "isWritten", false)
      for number in 1...2 {
        kernel.thread("r\(number)") {
          try await semaphore.downRead()
          try semaphore.assertHeldRead()
          try await readers.get()
          kernel.sometimes("two readers inside", try await readers.read() == 3)
          try kernel.check(!(try await isWritten.load()), "a reader beside a writer")
          _ = try await readers.put()
          try await semaphore.upRead()
        }
      }
      kernel.thread("writer") {
        try await semaphore.downWrite()
        try semaphore.assertHeldWrite()
        try await isWritten.store(true)
        try kernel.expect(try await readers.read(), is: 1, "a writer beside readers: the count")
        try await isWritten.store(false)
        try await semaphore.upWrite()
      }
      try await kernel.join()
    }
    if byStates {
      try explore(.stateCaching, seeing: ["two readers inside"], scenario)
    } else {
      try explore(.exhaustive, seeing: ["two readers inside"], scenario)
    }
  }

  @Test("serves a writer and a reader that come while another writer holds it in both orders (RW3, RW8)")
  func bothOrders() throws {
    for isQueued in [true, false] {
      let found = try outcomes(queued: isQueued) { kernel in
        let semaphore = ReadWriteSemaphore(kernel)
        let order = Shared(kernel, "order", "")
        try await semaphore.downWrite()
        kernel.thread("w") {
          try await semaphore.downWrite()
          try await order.store(try await order.load() + "w")
          try await semaphore.upWrite()
        }
        kernel.thread("r") {
          try await semaphore.downRead()
          try await order.store(try await order.load() + "r")
          try await semaphore.upRead()
        }
        try await semaphore.upWrite()
        try await kernel.join()
        kernel.outcome(try await order.load())
      }
      #expect(found == ["wr", "rw"])
    }
  }
}
