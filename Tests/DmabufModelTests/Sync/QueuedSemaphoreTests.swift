// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A reader-writer semaphore with the kernel's queue")
struct QueuedSemaphoreTests {
  @Test("makes a reader wait behind a writer that waits while others read (RW1, RW2, RW7, RW8)")
  func readerBehindWriter() {
    let lines = semaphoreTrace(
      [1, 2, 3, 1, 1, 2, 2, 2, 3, 3], QueueThread("r1", .read, .upRead), QueueThread("w", .write, .upWrite),
      QueueThread("r2", .read, .upRead))
    #expect(
      lines == [
        "r1: down_read", "w: down_write, queued", "r2: down_read, queued behind 1", "r1: up_read",
        "r1: rwsem_wake, wakes w", "w: schedule, has sem", "w: up_write", "w: rwsem_wake, handed to r2",
        "r2: schedule, has sem", "r2: up_read",
      ])
  }
}
