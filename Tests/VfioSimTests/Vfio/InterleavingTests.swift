// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

/// The interleavings of semantics §13, each with the outcome that is written there.
@Suite("Directed interleavings: faults, mappings and revokes (§13)")
struct InterleavingTests {
  @Test("T1: a page that a fault has inserted before the revoke gets memory_lock is zapped by it")
  func insertedThenZapped() throws {
    let report = try explore(.exhaustive, seeing: ["inserted first"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let map = try await rig.map(fd).get()
      kernel.thread("fault") {
        let access = try await rig.driver.load(map)
        kernel.sometimes("inserted first", access == .value(0))
      }
      kernel.thread("revoke") {
        let errno = try await rig.revoke(fd)
        try kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
      }
      try await kernel.join()
      let (entries, access) = (try await rig.buffer(fd).dmabuf.mapping.entryCount(), try await rig.driver.load(map))
      try kernel.check(entries == 0 && access == .sigbus, "\(entries) entries, \(access)")
    }
    #expect(report.verdict == .exhaustive(executions: 5))
  }

  @Test("T2: a fault that sleeps in its gap through a whole revoke gets SIGBUS and gives its registration back")
  func revokedInTheGap() throws {
    let report = try explore(.exhaustive, seeing: ["fault: revoked in the gap"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let map = try await rig.map(fd).get()
      kernel.thread("fault") { _ = try await rig.driver.load(map) }
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      try await kernel.join()
      let references = try await rig.device.registration.read()
      try kernel.check(references == 3, "the registration is at \(references)")
    }
    #expect(report.verdict == .exhaustive(executions: 5))
  }

  @Test("T3: a fence keeps the revoke, behind it a fault, and behind that the munmap (B13)")
  func faultBehindFence() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export(0, pages: 2).get()
      let map = try await rig.map(fd, pages: 2).get()
      let fence = try await rig.buffer(fd).dmabuf.addFence()
      let returned = Shared(kernel, "returned", [String]())
      kernel.thread("revoke") {
        _ = try await rig.revoke(fd)
        try await returned.store(try await returned.load() + ["revoke"])
      }
      kernel.thread("fault") {
        let access = try await rig.driver.load(map)
        try await returned.store(try await returned.load() + ["fault: \(access)"])
      }
      kernel.thread("munmap") {
        _ = try await rig.driver.munmap(map, length: 2 * Page.size)
        try await returned.store(try await returned.load() + ["munmap"])
      }
      kernel.thread("signal") {
        let early = try await returned.load()
        try kernel.check(early.isEmpty, "before the fence was signalled: \(early)")
        try await fence.signal()
      }
      try await kernel.join()
      let all = try await returned.load()
      try kernel.check(Set(all) == ["revoke", "fault: sigbus", "munmap"], "\(all)")
    }
  }

  @Test("T4: a fault that sleeps in its gap through close and unbind gets SIGBUS, and the device stays for it")
  func closedInTheGap() throws {
    let report = try explore(.exhaustive, seeing: ["fault: revoked in the gap"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let (client, clientFd) = try await rig.client(fd)
      let map = try await client.mmap(clientFd, length: Page.size).get()
      try await rig.driver.close(fd)
      kernel.thread("fault") { _ = try await client.load(map) }
      kernel.thread("close, unbind") {
        try await rig.driver.close(rig.fd)
        try await rig.device.unregister()
      }
      try await kernel.join()
      let access = try await client.load(map)
      try kernel.check(access == .sigbus, "\(access)")
      try kernel.check(try await kernel.isFreed(rig.device.allocation.object), "the device is still there")
    }
    #expect(report.verdict == .exhaustive(executions: 10))
  }

  @Test("T5: memory off, then close: no second put, no hang (A1)")
  func offThenClose() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      try await rig.setMemory(false)
      try await rig.driver.close(rig.fd)
      let (count, status) = (try await buffer.kref.read(), try await buffer.status.load())
      try kernel.check(count == 0 && status == .permanentlyRevoked, "\(count), \(status)")
      try await importing.end()
    }
  }

  @Test("T6: memory off and on, the importer maps again, REVOKE: each count where it belongs")
  func offOnRevoke() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let importing = try await rig.attach(fd)
      var counts = [try await buffer.kref.read()]
      _ = try await importing.map()
      counts.append(try await buffer.kref.read())
      try await rig.setMemory(false)
      counts.append(try await buffer.kref.read())
      try await rig.setMemory(true)
      counts.append(try await buffer.kref.read())
      let errno = try await importing.map()
      counts.append(try await buffer.kref.read())
      let revoked = try await rig.revoke(fd)
      counts.append(try await buffer.kref.read())
      try kernel.check(errno == nil && revoked == nil && counts == [1, 2, 0, 1, 2, 0], "\(counts)")
      try await importing.end()
    }
  }

  @Test("T7: a buffer that is exported with memory off refuses mmap and attach until memory is on")
  func bornRevoked() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      try await rig.setMemory(false)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let status = try await buffer.status.load()
      let mmap = try await rig.map(fd).failure
      let attach = try await buffer.dmabuf.attach(PeerDevice(kernel)).failure
      try kernel.check(
        status == .temporarilyRevoked && mmap == .noSuchDevice && attach == .noSuchDevice, "\(status)")
      try await rig.setMemory(true)
      let touch = try await rig.driver.load(rig.map(fd).get())
      let importing = try await rig.attach(fd)
      let errno = try await importing.map()
      try kernel.check(touch == .value(0) && errno == nil, "\(touch), \(String(describing: errno))")
      try await importing.end()
    }
  }

  @Test("T8: a buffer that is exported with memory off, revoked, memory on: it stays revoked, and close puts nothing")
  func bornRevokedThenRevoked() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      try await rig.setMemory(false)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let errno = try await rig.revoke(fd)
      try await rig.setMemory(true)
      let status = try await buffer.status.load()
      try await rig.driver.close(rig.fd)
      let count = try await buffer.kref.read()
      try kernel.check(errno == nil && status == .permanentlyRevoked && count == 1, "\(status), \(count)")
    }
  }

  @Test("T9: a BAR can be mapped with memory off; a touch is refused until memory is on")
  func barMappedWhileOff() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      try await rig.setMemory(false)
      let map = try await rig.mapBar(2).get()
      let refused = try await rig.driver.load(map)
      try await rig.setMemory(true)
      let access = try await rig.driver.load(map)
      try kernel.check(refused == .sigbus && access == .value(0), "\(refused), then \(access)")
    }
  }

  @Test("T10: a revoke that waits behind a reset drains the buffer a second time")
  func revokeBehindReset() throws {
    let report = try explore(.exhaustive, seeing: ["reset first", "revoke first"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      kernel.thread("reset") { try await rig.driver.reset(rig.fd) }
      kernel.thread("revoke") {
        let errno = try await rig.revoke(fd)
        try kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
      }
      try await kernel.join()
      // A reset tells its importers twice, at its start and at its end.
      let (calls, status) = (try await importing.calls(), try await rig.buffer(fd).status.load())
      kernel.sometimes("reset first", calls == 3)
      kernel.sometimes("revoke first", calls == 1)
      try kernel.check((calls == 3 || calls == 1) && status == .permanentlyRevoked, "\(calls) calls, \(status)")
      try await importing.end()
    }
    #expect(report.verdict == .exhaustive(executions: 42))
  }

  @Test("T11: in D3hot a revoke returns at once, tells nobody, and D0 does not undo it")
  func revokeInDeepSleep() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      try await rig.driver.writePowerState(rig.fd, .d3hot)
      let told = try await importing.calls()
      let errno = try await rig.revoke(fd)
      try await rig.driver.writePowerState(rig.fd, .d0)
      let (calls, status) = (try await importing.calls(), try await rig.buffer(fd).status.load())
      try kernel.check(
        errno == nil && told == 1 && calls == 1 && status == .permanentlyRevoked, "\(calls) calls, \(status)")
      try await importing.end()
    }
  }

  @Test("T12: of two revokes at the same time one succeeds, the other is told that it is too late")
  func twoRevokes() throws {
    let report = try explore(.exhaustive, seeing: ["first", "second"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let answers = Shared(kernel, "answers", [String]())
      for name in ["first", "second"] {
        kernel.thread(name) {
          let errno = try await rig.revoke(fd)
          if name == "first" { kernel.sometimes("first", errno == nil) }
          if name == "second" { kernel.sometimes("second", errno == nil) }
          let others = try await answers.load()
          try await answers.store(others + [Say.result(errno)])
        }
      }
      try await kernel.join()
      let all = try await answers.load()
      try kernel.check(all.count < 2 || Set(all) == ["0", "-1 EBADFD(77)"], "\(all)")
      let third = try await rig.revoke(fd)
      try kernel.check(third == .badFileDescriptorState, "a third REVOKE answers \(String(describing: third))")
    }
    #expect(report.verdict == .exhaustive(executions: 168))
  }

  @Test("T13: a revoke of anything that is not this open device's buffer changes nothing", arguments: Wrong.allCases)
  func wrongBuffers(wrong: Wrong) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd: FileDescriptor
      var device = rig.fd
      switch wrong {
      case .closed:
        fd = try await rig.export().get()
        try await rig.driver.close(fd)
      case .event: fd = try await rig.driver.install(PlainFile(kernel)).get()
      case .foreign: fd = try await rig.driver.install(DmaBuf(kernel, ForeignExporter(), size: Page.size)).get()
      case .otherDevice:
        let other = try await Rig.open(kernel)
        fd = try await rig.driver.install(other.buffer(other.export().get()).handed()).get()
      case .previousOpen:
        fd = try await rig.export().get()
        try await rig.driver.close(rig.fd)
        device = try await rig.driver.open(rig.device).get()
      }
      let errno = try await rig.driver.revokeDmaBuf(fd, on: device)
      try kernel.check(errno == wrong.errno, "REVOKE answers \(String(describing: errno))")
      if wrong == .otherDevice {
        let status = try await rig.buffer(fd).status.load()
        try kernel.check(status == .ok, "the other device's buffer is \(status)")
      }
    }
  }

  enum Wrong: CaseIterable, Sendable {
    case closed
    case event
    case foreign
    case otherDevice
    case previousOpen

    var errno: Errno {
      switch self {
      case .closed: .badFileDescriptor
      case .event: .invalidArgument
      case .foreign, .otherDevice, .previousOpen: .noSuchDevice
      }
    }
  }
}

/// Notes who brings a buffer's count to zero: the importer, or else the revoker.
struct NotesLastUnmap: VfioDmaBufDriver {
  var mayBeImporter = true

  func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    try buffer.dmabuf.reservation.assertHeld()
    try await table.free(buffer.kernel)
    let isLast = try await buffer.kref.put()
    try buffer.kernel.check(mayBeImporter || !isLast, "the importer has put the last reference")
    if mayBeImporter { buffer.kernel.sometimes("the importer came last", isLast) }
    buffer.kernel.sometimes("the revoker came last", !isLast)
    if isLast { try await buffer.comp.complete() }
  }
}
