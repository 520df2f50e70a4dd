// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

@Suite("Directed interleavings: hangs, last references, forks and files (§13)")
struct LifetimeTests {
  @Test("T17: behind an importer that never unmaps everything that needs memory_lock hangs (D1)")
  func neverUnmaps() throws {
    var reporting = ReportOptions()
    reporting.shrinkingExecutions = 0  // All who wait are to be seen, and not the fewest.
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial, reporting: reporting) { kernel in
        let rig = try await Rig.open(kernel)
        let fd = try await rig.export().get()
        let (second, third) = (try await rig.export(1).get(), try await rig.export(2).get())
        let map = try await rig.map(second).get()
        let told = Completion(kernel, "told")
        let dmabuf = try await rig.buffer(fd).dmabuf
        let attachment = try await dmabuf.attach(
          HookedImporter { (_) async throws(KernelFault) in try await told.completeAll() }
        ).get()
        try await dmabuf.reservation.lock()
        _ = try await dmabuf.mapAttachment(attachment).get()
        try await dmabuf.reservation.unlock()

        // The others begin when the revoke has memory_lock, so that no shorter history lets one of them through.
        let calls: [(String, @Sendable () async throws -> Void)] = [
          ("pread", { _ = try await rig.device.readBar(2, at: 0) }), ("fault", { _ = try await rig.driver.load(map) }),
          ("export", { _ = try await rig.export() }), ("command", { try await rig.setMemory(true) }),
          ("close", { try await rig.driver.close(third) }),
        ]
        kernel.thread("revoke") { _ = try await rig.revoke(fd) }
        for (name, call) in calls {
          kernel.thread(name) {
            try await told.wait()
            try await call()
          }
        }
        try await kernel.join()
      }
    }
    #expect(failure.finding.kind == .deadlock)
    let details = failure.finding.details
    #expect(
      details.contains {
        $0.hasPrefix("revoke waits in wait_for_completion(priv->comp") && $0.contains("holds vdev->memory_lock")
      })
    for (thread, call) in [
      ("pread", "down_read"), ("fault", "down_read"), ("export", "down_write"), ("command", "down_write"),
      ("close", "down_write"),
    ] {
      #expect(
        details.contains { $0.hasPrefix("\(thread) waits in \(call)(vdev->memory_lock") }, "\(thread): \(details)")
    }
    #expect(failure.finding.summary.contains("blocked for ever"))
  }

  @Test(
    "T18: a fence that is never signalled does the same, and keeps the reservation lock as well",
    arguments: FenceUsage.allCases)
  func neverSignals(usage: FenceUsage) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let rig = try await Rig.open(kernel)
        let fd = try await rig.export().get()
        let map = try await rig.map(fd).get()
        _ = try await rig.buffer(fd).dmabuf.addFence(usage)
        kernel.thread("revoke") { _ = try await rig.revoke(fd) }
        kernel.thread("fault") { _ = try await rig.driver.load(map) }
        try await kernel.join()
      }
    }
    #expect(failure.finding.kind == .deadlock)
    let revoke = failure.finding.details.first { $0.hasPrefix("revoke waits in dma_fence_wait(fence") } ?? ""
    #expect(revoke.contains("vdev->memory_lock") && revoke.contains("dmabuf->resv"))
    #expect(failure.finding.details.contains { $0.hasPrefix("fault waits in dma_resv_lock(dmabuf->resv") })
  }

  @Test("T19: a move that holds the last reference releases the buffer when its system call is over")
  func moveHoldsLastReference() throws {
    let report = try explore(.exhaustive, seeing: ["the reset released it"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let file = try await rig.buffer(fd).dmabuf.core.allocation.object
      kernel.thread("close") {
        try await rig.driver.close(fd)
        kernel.sometimes("the reset released it", try await !kernel.isFreed(file))
      }
      kernel.thread("reset") {
        let errno = try await rig.driver.reset(rig.fd)
        try kernel.check(errno == nil, "the reset answers \(String(describing: errno))")
      }
      try await kernel.join()
      let left = try await rig.device.dmabufs.all().count
      try kernel.check(try await kernel.isFreed(file) && left == 0, "\(left) buffers are on the list")
    }
    #expect(report.verdict == .exhaustive(executions: 16))
  }

  @Test("T20: a dying buffer is passed over, keeps its device, and takes itself off the list")
  func dyingBuffer() throws {
    let report = try explore(.exhaustive, seeing: ["the walk passed over a dying buffer"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      kernel.thread("close buffer") { try await rig.driver.close(fd) }
      kernel.thread("close, unbind") {
        try await rig.driver.close(rig.fd)
        try await rig.device.unregister()
      }
      try await kernel.join()
      try kernel.check(try await kernel.isFreed(rig.device.allocation.object), "the device is still there")
    }
    #expect(report.verdict == .exhaustive(executions: 16))
  }

  @Test("T21: no entry survives in parent or child when a fork and a revoke meet")
  func fork() throws {
    let report = try explore(
      .exhaustive, seeing: ["the child could touch it", "it could touch one page", "it could not"]
    ) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export(0, pages: 2).get()
      let map = try await rig.map(fd, pages: 2).get()
      for page: UInt64 in 0..<2 { _ = try await rig.driver.load(map + page * Page.size) }
      let child = Shared<ProcessMemory?>(kernel, "child", nil)
      kernel.thread("fork") {
        let copy = try await rig.driver.memory.fork()
        try await child.store(copy)
        let (first, second) = (try await copy.load(map), try await copy.load(map + Page.size))
        kernel.sometimes("the child could touch it", first == .value(0) && second == .value(0))
        kernel.sometimes("it could touch one page", first == .value(0) && second == .sigbus)
        kernel.sometimes("it could not", first == .sigbus && second == .sigbus)
      }
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      try await kernel.join()
      let copy = try await child.load().orThrow()
      for page: UInt64 in 0..<2 {
        let (parent, other) = (
          try await rig.driver.load(map + page * Page.size), try await copy.load(map + page * Page.size)
        )
        try kernel.check(parent == .sigbus && other == .sigbus, "parent \(parent), child \(other)")
      }
      try await copy.exit()
    }
    #expect(report.verdict == .exhaustive(executions: 93))
  }

  @Test("T31: a mapping of the BAR keeps the device open until it is gone (§12.4)")
  func barMappingKeepsDevice() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let map = try await rig.mapBar(pages: 2).get()
      try await rig.driver.close(rig.fd)
      let (open, access) = (try await rig.device.openCount.load(), try await rig.driver.load(map))
      try kernel.check(open == 1 && access == .value(0), "open_count \(open), \(access)")
      // A part that goes away splits the area, and the rest still owns the file.
      try await rig.driver.munmap(map, length: Page.size)
      let half = try await rig.device.openCount.load()
      let rest = try await rig.driver.load(map + Page.size)
      try kernel.check(half == 1 && rest == .value(0), "open_count \(half), \(rest)")
      try await rig.driver.munmap(map + Page.size, length: Page.size)
      let (closed, references) = (try await rig.device.openCount.load(), try await rig.device.registration.read())
      try kernel.check(closed == 0 && references == 1, "open_count \(closed), registration \(references)")
    }
  }

  @Test("T31: the last unmap of a BAR, the close and an unbind may meet in any order")
  func barMappingAgainstClose() throws {
    let report = try explore(.exhaustive) { kernel in
      let rig = try await Rig.open(kernel)
      let map = try await rig.mapBar().get()
      kernel.thread("munmap") { _ = try await rig.driver.munmap(map, length: Page.size) }
      kernel.thread("close") { try await rig.driver.close(rig.fd) }
      kernel.thread("unbind") { try await rig.device.unregister() }
      try await kernel.join()
      try kernel.check(try await kernel.isFreed(rig.device.allocation.object), "the device is still there")
    }
    #expect(report.verdict == .exhaustive(executions: 6))
  }

  @Test("T32: a mapping of a buffer does not keep the device open, and outlives it without being of any use")
  func bufferMappingDoesNot() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let map = try await rig.map(fd).get()
      _ = try await rig.driver.load(map)
      try await rig.driver.close(rig.fd)
      let (open, access) = (try await rig.device.openCount.load(), try await rig.driver.load(map))
      try kernel.check(open == 0 && access == .sigbus, "open_count \(open), \(access)")
      let again = try await rig.driver.open(rig.device).get()
      let errno = try await rig.driver.revokeDmaBuf(fd, on: again)
      try kernel.check(errno == .noSuchDevice, "REVOKE answers \(String(describing: errno))")
    }
  }

  @Test("an export that gets no descriptor leaves nothing behind (C4)")
  func noDescriptor() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, fileLimit: 1)
      let errno = try await rig.export().failure
      let (references, left) = (try await rig.device.registration.read(), try await rig.device.dmabufs.all().count)
      try kernel.check(errno == .tooManyOpenFiles, "the export answers \(String(describing: errno))")
      try kernel.check(references == 2 && left == 0, "registration \(references), \(left) buffers")
    }
  }

  @Test("an open that gets no descriptor closes the device again")
  func openWithoutDescriptor() throws {
    try explore(.serial) { kernel in
      let device = VfioPciDevice(kernel)
      let crowded = UserProcess(kernel, "crowded", fileLimit: 0)
      let errno = try await crowded.open(device).failure
      let (open, references) = (try await device.openCount.load(), try await device.registration.read())
      try kernel.check(errno == .tooManyOpenFiles && open == 0 && references == 1, "\(open), \(references)")
    }
  }

  @Test("a buffer that is revoked and one that is not are parted with by one close, each in its way (§12.9)")
  func mixedClose() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let (first, second) = (try await rig.export().get(), try await rig.export(1).get())
      let (revoked, usable) = (try await rig.attach(first), try await rig.attach(second))
      _ = try await revoked.map()
      _ = try await usable.map()
      _ = try await rig.revoke(first)
      try await rig.driver.close(rig.fd)
      // Cleanup tells the importers of every buffer, also of one that was revoked before.
      let calls = (try await revoked.calls(), try await usable.calls())
      try kernel.check(calls == (2, 1), "\(calls)")
      for fd in [first, second] {
        let (status, vdev) = (try await rig.buffer(fd).status.load(), try await rig.buffer(fd).vdev.load())
        try kernel.check(status == .permanentlyRevoked && vdev == nil, "\(status)")
      }
      try await revoked.end()
      try await usable.end()
    }
  }

  @Test("a cleanup that does not zap is caught by the machine itself")
  func cleanupWithoutZap() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let rig = try await Rig.open(kernel, driver: CleansWithoutZap())
        let map = try await rig.map(rig.export().get()).get()
        _ = try await rig.driver.load(map)
        try await rig.driver.close(rig.fd)
      }
    }
    #expect(failure.finding.kind == .outlivesRevoke)
  }
}
