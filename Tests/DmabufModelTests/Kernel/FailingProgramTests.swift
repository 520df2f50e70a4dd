// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Small programs that once came out wrong: looks, freed memory, order.
struct SmallFailingProgramTests {
  @Test("a second free is said to be one, with a report that has steps")
  func doubleFree() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive) { kernel in
        let a = kernel.allocate("a")
        try await kernel.free(a)
        try await kernel.free(a)
      }
    }
    let text = "\(failure as Any)"
    #expect(text.lowercased().replacing("-", with: " ").contains("double free"), "\(text)")
    #expect(!text.contains("0 threads, 0 switches, 0 steps"), "\(text)")
  }

  @Test("a structure that is freed with a lock held in it is told at the free")
  func freesItsOwnLock() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive) { kernel in
        let a = kernel.allocate("a")
        let lock = SleepingMutex(kernel, "a->lock", in: a)
        kernel.thread("t") {
          try await lock.lock()
          try await kernel.free(a)
          try await kernel.printed("the thread goes on after it")
        }
        try await kernel.join()
      }
    }
    #expect(failure?.finding.kind != .lockHeldAtExit)
    #expect(failure?.finding.kind != .check)
    #expect(failure?.finding.summary.contains("a->lock") == true, "\(failure as Any)")
  }

  @Test("a field that is made in a freed structure is a use after free")
  func fieldOfFreed() throws {
    func search(_ strategy: some Strategy) -> Finding.Kind? {
      let failure = #expect(throws: ScheduleFailure.self) {
        try explore(strategy) { kernel in
          let a = kernel.allocate("a")
          try await kernel.free(a)
          _ = try await Shared(kernel, "late", 0, in: a).load()
        }
      }
      return failure?.finding.kind
    }
    #expect(search(.exhaustive) == .useAfterFree)
    #expect(search(.stateCaching) == .useAfterFree)
    #expect(search(.random(seed: 1, schedules: 10)) == .useAfterFree)
  }

  /// A walk over the fences without the lock is legal (semantics DR7).
  @Test(arguments: [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]])
  func addAgainstWalk(order: [Int]) throws {
    let scenario: Scenario = { kernel in
      let resv = Reservation(kernel)
      let (f0, f2) = (Fence(kernel, "f0", context: 0), Fence(kernel, "f2", context: 2))
      try await resv.lock()
      _ = try await resv.reserveFences(1)
      try await resv.add(f0, usage: .write)
      try await resv.unlock()
      for thread in order {
        switch thread {
        case 0: kernel.thread("tests") { kernel.outcome("\(try await resv.testSignalled(.kernel))") }
        case 1:
          kernel.thread("adds") {
            try await resv.lock()
            _ = try await resv.reserveFences(1)
            try await resv.add(f2, usage: .kernel)
            try await resv.unlock()
          }
        default: kernel.thread("signals") { try await f0.signal() }
        }
      }
      try await kernel.join()
    }
    func outcomes(_ strategy: some Strategy) throws -> Set<String> {
      Set(try explore(strategy, name: "\(order)", scenario).outcomes.map(\.outcome))
    }
    let every = try outcomes(EveryOrderStrategy())
    #expect(every == ["true", "false"])
    #expect(try outcomes(.exhaustive) == every)
    #expect(try outcomes(.stateCaching) == every)
    #expect(try outcomes(.exhaustive(preemptions: 2)).isSubset(of: every))
    #expect(try outcomes(.random(seed: 1, schedules: 500)) == every)
  }

  @Test("a process that exits releases its files in the reverse order of their descriptors")
  func exitReleasesBackwards() throws {
    try explore(.serial) { kernel in
      let released = Box<[String]>([])
      let process = UserProcess(kernel, "process")
      for name in ["a", "b"] {
        let file = TestFile(kernel, name) { () async throws(KernelFault) in released.update { $0.append(name) } }
        _ = try await process.install(file).get()
      }
      try await process.exit()
      try kernel.expect(released.value, is: ["b", "a"], "the order of release")
    }
  }

  @Test("an unmap of a detached attachment is a use after free")
  func unmapAfterDetach() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let dmabuf = DmaBuf(kernel, SilentExporter(), size: Page.size)
        let attachment = try await dmabuf.attach(TestImporter()).get()
        try await dmabuf.reservation.lock()
        let table = try await dmabuf.mapAttachment(attachment).get()
        try await dmabuf.unmapAttachment(attachment, table)
        try await dmabuf.reservation.unlock()
        try await dmabuf.detach(attachment)
        try await dmabuf.reservation.lock()
        try await dmabuf.unmapAttachment(attachment, table)
        try await dmabuf.reservation.unlock()
        try await table.free(kernel)
        try await dmabuf.put()
        try await kernel.returnToUserMode()
      }
    }
    #expect(failure?.finding.kind == .useAfterFree)
  }

  @Test("a file that is freed while a page table entry leads to it is told at the free")
  func fileFreedUnderAnEntry() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive) { kernel in
        let file = RamFile(RamDevice(kernel))
        let memory = kernel.addressSpace()
        let address = try await memory.mmap(file, length: Page.size).address(kernel)
        _ = try await memory.load(address)
        kernel.thread("freer") {
          // Its own reference, and that of the area.
          try await file.put()
          try await file.put()
          try await kernel.returnToUserMode()
        }
        try await kernel.join()
      }
    }
    #expect(failure?.finding.thread == "freer", "\(failure as Any)")
  }
}

/// Leaves tables to those who have asked for them.
private final class SilentExporter: DmaBufOperations {
  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    .success(ScatterTable(attachment.dmabuf.kernel, []))
  }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {}

  func release(_ dmabuf: DmaBuf) async throws(KernelFault) {}
}

extension Kernel {
  /// Ends the execution: what should have been found is behind it.
  fileprivate nonisolated func printed(_ text: String) async throws(KernelFault) { throw fail(.check, text) }
}
