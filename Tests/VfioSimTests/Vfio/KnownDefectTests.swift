// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

@testable import VfioSim

/// What the posted patch is known to do wrong, as far as the model reaches.
///
/// It has to show here; a later posting that does better will have tests of its own. The names are those of the
/// catalogue of hazards.
@Suite("Known defects of the posted patch show")
struct KnownDefectTests {
  @Test(
    "B12: whoever touches a buffer during a reset gets SIGBUS, although the reset is over soon",
    arguments: [false, true])
  func busErrorDuringReset(throughBar: Bool) throws {
    let report = try explore(.exhaustive, seeing: ["SIGBUS", "worked"], name: "\(throughBar)") { kernel in
      let rig = try await Rig.open(kernel)
      // Each page is a fault of its own.
      let map =
        try await throughBar ? rig.mapBar(pages: 2).get() : rig.map(rig.export(0, pages: 2).get(), pages: 2).get()
      kernel.thread("touch") {
        for page: UInt64 in 0..<2 {
          let access = try await rig.driver.load(map + page * Page.size)
          kernel.sometimes("SIGBUS", access == .sigbus)
          kernel.sometimes("worked", access == .value(0))
        }
      }
      kernel.thread("reset") { try await rig.driver.reset(rig.fd) }
      try await kernel.join()
      for page: UInt64 in 0..<2 {
        let access = try await rig.driver.load(map + page * Page.size)
        try kernel.check(access == .value(0), "after the reset: \(access)")
      }
    }
    #expect(report.verdict == .exhaustive(executions: 34))
  }

  @Test("B6, T34: while a revoke waits for an importer, user code still reaches the device")
  func zapComesLast() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let map = try await rig.map(fd).get()
      _ = try await rig.driver.load(map)
      let importing = try await rig.attach(fd, .unmapsLater)
      _ = try await importing.map()
      let waited = try await rig.waits(
        for: {
          let status = try await buffer.status.load()
          let access = try await rig.driver.store(map, 7)
          try kernel.check(status == .permanentlyRevoked && access == .value(7), "\(status), \(access)")
          try await importing.unmap()
        }, { _ = try await rig.revoke(fd) })
      let access = try await rig.driver.load(map)
      try kernel.check(waited && access == .sigbus, "waited: \(waited), then \(access)")
      try await importing.end()
    }
  }

  @Test("D2: a buffer behind one whose importer is slow is not even told")
  func headOfLine() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let (slow, second) = (try await rig.export().get(), try await rig.export(1).get())
      let (first, behind) = (try await rig.attach(slow, .unmapsLater), try await rig.attach(second))
      _ = try await first.map()
      _ = try await behind.map()
      let waited = try await rig.waits(
        for: {
          let status = try await rig.buffer(second).status.load()
          let calls = try await behind.calls()
          try kernel.check(status == .ok && calls == 0, "the second buffer is \(status), told \(calls) times")
          try await first.unmap()
        }, { try await rig.driver.reset(rig.fd) })
      let calls = try await behind.calls()
      try kernel.check(waited && calls == 2, "waited: \(waited), then told \(calls) times")
      try await first.end()
      try await behind.end()
    }
  }

  @Test("D7: the end of a temporary revoke tells importers too early to map again")
  func toldTooEarly() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let seen = Shared(kernel, "seen", [String]())
      let importer = HookedImporter { (attachment) async throws(KernelFault) in
        let status = try await buffer.status.load()
        let again = Say.result(try await attachment.dmabuf.mapAttachment(attachment).failure)
        try await seen.store(try await seen.load() + ["\(status): \(again)"])
      }
      let attachment = try await buffer.dmabuf.attach(importer).get()
      try await rig.setMemory(false)
      try await rig.setMemory(true)
      let all = try await seen.load()
      try kernel.check(all == ["TEMP_REVOKED: -1 ENODEV(19)", "TEMP_REVOKED: -1 ENODEV(19)"], "\(all)")
      try await buffer.dmabuf.detach(attachment)
    }
  }

  @Test("D16: a reset tells importers before the device is in D0")
  func resetInLightSleep() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let states = Shared(kernel, "states", [String]())
      let importer = HookedImporter { (_) async throws(KernelFault) in
        let state = await rig.device.pci.decode.powerState
        try await states.store(try await states.load() + [state])
      }
      let dmabuf = try await rig.buffer(fd).dmabuf
      let attachment = try await dmabuf.attach(importer).get()
      try await rig.driver.writePowerState(rig.fd, .d1)
      try await rig.driver.reset(rig.fd)
      let all = try await states.load()
      try kernel.check(all == ["d1", "d0"], "\(all)")
      try await dmabuf.detach(attachment)
    }
  }

  @Test("A5: the count of a revoked buffer depends on its history", arguments: History.allCases)
  func countDependsOnHistory(history: History) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      if history.isBornRevoked { try await rig.setMemory(false) }
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      if history == .off || history == .offThenRevoked { try await rig.setMemory(false) }
      if [.revoked, .offThenRevoked, .bornOffThenRevoked].contains(history) { _ = try await rig.revoke(fd) }
      if history == .bornOffThenOnThenOff {
        try await rig.setMemory(true)
        try await rig.setMemory(false)
      }
      let (count, isDone) = (try await buffer.kref.read(), try await buffer.comp.isDone())
      try kernel.check(count == history.count && !isDone, "the count is \(count), done: \(isDone)")
    }
  }

  enum History: CaseIterable, Sendable {
    case off
    case revoked
    case offThenRevoked
    case bornOff
    case bornOffThenRevoked
    case bornOffThenOnThenOff

    var isBornRevoked: Bool { self == .bornOff || self == .bornOffThenRevoked || self == .bornOffThenOnThenOff }
    var count: Int32 { self == .bornOff || self == .bornOffThenRevoked ? 1 : 0 }
  }

  @Test("B9: the buffer behind a mapping of a BAR begins where the BAR does, however far in the mapping is")
  func oversizedBuffer() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      _ = try await rig.mapBar(100, pages: 2).get()
      let buffer = try #require(try await rig.device.dmabufs.all().last)
      let size = buffer.dmabuf.size
      try kernel.check(size == 102 * Page.size, "the buffer has \(size / Page.size) pages")
      try kernel.check(buffer.ranges.first?.address == 0x8_0000_0000, "\(buffer.ranges)")
    }
  }

  @Test("D12 does not need low power: a buffer that is exported in D3hot is revoked, as it should be")
  func bornInDeepSleep() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      try await rig.driver.writePowerState(rig.fd, .d3hot)
      let status = try await rig.buffer(rig.export().get()).status.load()
      try kernel.check(status == .temporarilyRevoked, "\(status)")
    }
  }

  @Test("F1: mapping a BAR takes memory_lock inside of mmap_lock, so nobody may fault on user memory under it")
  func mmapTakesMemoryLock() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let rig = try await Rig.open(kernel)
        let map = try await rig.mapBar().get()
        try await rig.device.memoryLock.downRead()
        _ = try await rig.driver.memory.copyToUser(map, 1)
      }
    }
    #expect(failure.finding.kind == .lockOrder)
    #expect(failure.description.contains("mmap_lock -> vdev->memory_lock"))
  }

  @Test("E1: the errnos are those of the code and not of its comment")
  func commentAndCode() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      try await rig.driver.close(fd)
      // The comment in the header promises ENODEV for a descriptor that is closed.
      let closed = try await rig.revoke(fd)
      try kernel.check(closed == .badFileDescriptor, "\(String(describing: closed))")
    }
  }
}

/// Defects of drafts, of other kernels and of later postings, which the posted patch does not have.
@Suite("Defects that the posted patch does not have do not show")
struct AbsentDefectTests {
  @Test("B7: memory off reaches a mapping that begins in the middle of a BAR that is not the first")
  func zapReachesMapping() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let map = try await rig.mapBar(3, pages: 2).get()
      _ = try await rig.driver.load(map)
      _ = try await rig.driver.load(map + Page.size)
      try await rig.setMemory(false)
      for page: UInt64 in 0..<2 {
        let access = try await rig.driver.load(map + page * Page.size)
        try kernel.check(access == .sigbus, "page \(page): \(access)")
      }
    }
  }

  @Test("B8: a mapping of which the middle was unmapped shows the right pages at both ends")
  func splitMapping() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      try await rig.number(0..<8)
      let map = try await rig.map(rig.export(2, pages: 4).get(), pages: 4).get()
      try await rig.driver.munmap(map + Page.size, length: 2 * Page.size)
      let (low, high) = (try await rig.touch(map, is: 2), try await rig.touch(map, is: 5, at: 3))
      let middle = try await rig.driver.load(map + Page.size)
      try kernel.check(low == "ok" && high == "ok" && middle == .segv, "\(low), \(high), \(middle)")
    }
  }

  @Test("C6: importers are told before the device is disabled")
  func toldBeforeDisable() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let dmabuf = try await rig.buffer(rig.export().get()).dmabuf
      let importer = HookedImporter { (_) async throws(KernelFault) in
        let command = try await rig.device.pci.decode.readCommand()
        try kernel.check(command.contains(.memory), "the device's memory is off already")
        kernel.sometimes("told")
      }
      let attachment = try await dmabuf.attach(importer).get()
      try await dmabuf.get()
      try await rig.driver.close(rig.fd)
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
      try await kernel.returnToUserMode()
    }
  }

  @Test("C8: an export that meets memory off never gives a usable buffer of a device that is off")
  func exportMeetsMemoryOff() throws {
    let report = try explore(.exhaustive, seeing: ["exported before", "exported after"]) { kernel in
      let rig = try await Rig.open(kernel)
      kernel.thread("export") {
        let status = try await rig.buffer(rig.export().get()).status.load()
        kernel.sometimes("exported before", status == .ok)
        kernel.sometimes("exported after", status == .temporarilyRevoked)
      }
      kernel.thread("off") { try await rig.setMemory(false) }
      try await kernel.join()
      for buffer in try await rig.device.dmabufs.all() {
        let status = try await buffer.status.load()
        try kernel.check(status == .temporarilyRevoked, "memory is off and the buffer is \(status)")
      }
    }
    #expect(report.verdict == .exhaustive(executions: 53))
  }

  @Test("D5: a revoke waits for fences of every usage", arguments: FenceUsage.allCases)
  func waitsForEveryUsage(usage: FenceUsage) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let fence = try await rig.buffer(fd).dmabuf.addFence(usage)
      let waited = try await rig.waits(for: { try await fence.signal() }) { _ = try await rig.revoke(fd) }
      try kernel.check(waited, "the revoke did not wait")
    }
  }

  @Test("D9: whatever comes after a permanent revoke, the buffer stays revoked", arguments: Later.allCases)
  func staysRevoked(later: Later) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd)
      _ = try await rig.revoke(fd)
      switch later {
      case .reset: try await rig.driver.reset(rig.fd)
      case .memory:
        try await rig.setMemory(false)
        try await rig.setMemory(true)
      case .power:
        try await rig.driver.writePowerState(rig.fd, .d3hot)
        try await rig.driver.writePowerState(rig.fd, .d0)
      case .reopen:
        try await rig.driver.close(rig.fd)
        _ = try await rig.driver.open(rig.device).get()
      }
      let status = try await rig.buffer(fd).status.load()
      let (map, mmap) = (try await importing.map(), try await rig.map(fd).failure)
      try kernel.check(
        status == .permanentlyRevoked && map == .noSuchDevice && mmap == .noSuchDevice, "the buffer is \(status)")
      try await importing.end()
    }
  }

  enum Later: CaseIterable, Sendable {
    case reset
    case memory
    case power
    case reopen
  }

  @Test("I4: an entry of a page table leads only to a device whose memory is on", arguments: [false, true])
  func entriesOnlyWhileOn(throughBar: Bool) throws {
    let report = try explore(.exhaustive, seeing: ["touched", "refused"], name: "\(throughBar)") { kernel in
      let rig = try await Rig.open(kernel)
      let map = try await throughBar ? rig.mapBar().get() : rig.map(rig.export().get()).get()
      kernel.thread("touch") {
        // A load that gets through while the device decodes nothing is a finding of its own.
        for _ in 0..<2 {
          let access = try await rig.driver.load(map)
          kernel.sometimes("touched", access == .value(0))
          kernel.sometimes("refused", access == .sigbus)
        }
      }
      kernel.thread("off and on") {
        try await rig.setMemory(false)
        try await rig.driver.writePowerState(rig.fd, .d3hot)
        try await rig.setMemory(true)
        try await rig.driver.writePowerState(rig.fd, .d0)
      }
      try await kernel.join()
      let access = try await rig.driver.load(map)
      try kernel.check(access == .value(0), "at the end: \(access)")
    }
    #expect(report.verdict == .exhaustive(executions: 35))
  }
}
