// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A DMABUF")
struct DmaBufTests {
  @Test("calls its exporter with the reservation held for map and unmap, and without it for the rest (DB11, DB22)")
  func conventions() throws {
    try explore(.serial) { kernel in
      let exporter = TestExporter(kernel)
      let dmabuf = DmaBuf(kernel, exporter, size: 4096)
      let device = PeerDevice(kernel)
      let attachment = try await dmabuf.attach(device).get()
      try kernel.expect(try await device.map(attachment), is: nil)
      try kernel.expect(try await device.unmap(attachment), is: true)
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
      try await kernel.returnToUserMode()
      try kernel.expect(
        exporter.calls.value, is: ["attach", "map with resv", "unmap with resv", "detach", "release"], "the calls")
    }
  }

  @Test("takes no reference for an attachment: the importer has to keep its own (DB11)")
  func attachTakesNoReference() throws {
    try explore(.serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let attachment = try await dmabuf.attach(TestImporter()).get()
      try kernel.expect(try await dmabuf.core.references.read(), is: 1, "f_ref")
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
  }

  @Test("released with an attachment left warns (DB7)")
  func releasedWithAttachment() throws {
    let failure = try failure(.warning, under: .serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      _ = try await dmabuf.attach(TestImporter())
      try await dmabuf.put()
    }
    #expect(failure.finding.summary == "dma_buf_release: attachments are left")
  }

  struct Refusal: Sendable {
    var importer: @Sendable () -> (any Importer)?
    var isRevoked = false
    var errno: Errno?
  }

  @Test(
    "answers an attach as its exporter does, and leaves nothing behind (DB11, DB12, DB14)",
    arguments: [
      Refusal(importer: { TestImporter() }, errno: nil),
      Refusal(importer: { TestImporter(allowsPeerToPeer: false) }, errno: .notSupported),
      Refusal(importer: { nil }, errno: .notSupported),
      Refusal(importer: { StaticImporter() }, errno: .notSupported),
      Refusal(importer: { TestImporter() }, isRevoked: true, errno: .noSuchDevice),
      Refusal(importer: { TestImporter(allowsPeerToPeer: false) }, isRevoked: true, errno: .notSupported),
      Refusal(importer: { StaticImporter() }, isRevoked: true, errno: .noSuchDevice),
    ])
  func attach(row: Refusal) throws {
    try explore(.serial) { kernel in
      let exporter = TestExporter(kernel)
      try await exporter.isRevoked.store(row.isRevoked)
      let dmabuf = DmaBuf(kernel, exporter, size: 4096)
      switch try await dmabuf.attach(row.importer()) {
      case .success(let attachment):
        try kernel.expect(nil, is: row.errno, "the answer")
        try kernel.expect(try await dmabuf.attachments.isEmpty(), is: false, "whether nobody is attached")
        try await dmabuf.detach(attachment)
      case .failure(let errno): try kernel.expect(errno, is: row.errno, "the answer")
      }
      try kernel.expect(try await dmabuf.attachments.isEmpty(), is: true, "whether nobody is attached")
      try kernel.expect(dmabuf.reservation.isHeld, is: false)
      try await dmabuf.put()
    }
  }

  @Test("knows whether an importer can be told (DB14) and whether it reaches other devices (DB11)")
  func attachmentProperties() throws {
    try explore(.serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      for (importer, isRevocable, isPeerToPeer) in [
        (TestImporter(), true, true), (StaticImporter(), false, true), (nil, false, false),
        (TestImporter(allowsPeerToPeer: false), true, false),
      ] as [((any Importer)?, Bool, Bool)] {
        let attachment = DmaBufAttachment(dmabuf, importer)
        try kernel.expect(attachment.isRevocable, is: isRevocable, "dma_buf_attach_revocable")
        try kernel.expect(attachment.isPeerToPeer, is: isPeerToPeer, "peer2peer")
        try await kernel.free(attachment.allocation)
      }
      try await dmabuf.put()
    }
  }

  @Test("tells its importers under the reservation, the newest first, and not those that have no callback (DB20)")
  func invalidationOrder() throws {
    try explore(.serial) { kernel in
      let told = Box<[String]>([])
      let dmabuf = DmaBuf(kernel, PermissiveExporter(), size: 4096)
      var attachments: [DmaBufAttachment] = []
      for name in ["first", "second", "third"] {
        attachments.append(try await dmabuf.attach(TestImporter(name, told: told)).get())
        attachments.append(try await dmabuf.attach(StaticImporter()).get())
      }
      try await dmabuf.reservation.lock()
      try await dmabuf.invalidateMappings()
      try await dmabuf.reservation.unlock()
      try kernel.expect(told.value, is: ["third", "second", "first"])
      try await dmabuf.detach(attachments[2])
      try await dmabuf.reservation.lock()
      try await dmabuf.invalidateMappings()
      try await dmabuf.reservation.unlock()
      try kernel.expect(Array(told.value.dropFirst(3)), is: ["third", "first"], "told after a detach (DB15)")
      for (place, attachment) in attachments.enumerated() where place != 2 { try await dmabuf.detach(attachment) }
      try await dmabuf.put()
    }
  }

  enum Locked: String, Sendable, CaseIterable { case map, unmap, invalidate }

  @Test("has to be locked for map, unmap and invalidate (DB18, DB19, DB20)", arguments: Locked.allCases)
  func needsReservation(call: Locked) throws {
    let failure = try failure(.lockNotHeld, under: .serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let attachment = try await dmabuf.attach(TestImporter()).get()
      switch call {
      case .map: _ = try await dmabuf.mapAttachment(attachment)
      case .unmap: try await dmabuf.unmapAttachment(attachment, ScatterTable(kernel, []))
      case .invalidate: try await dmabuf.invalidateMappings()
      }
    }
    #expect(failure.finding.summary == "main must hold dmabuf->resv here")
  }

  @Test("must not be locked for attach and detach (DB22)", arguments: [true, false])
  func mustNotHoldReservation(attaches: Bool) throws {
    let failure = try failure(.recursiveLock, under: .serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let attachment = try await dmabuf.attach(TestImporter()).get()
      try await dmabuf.reservation.lock()
      if attaches { _ = try await dmabuf.attach(TestImporter()) } else { try await dmabuf.detach(attachment) }
    }
    #expect(failure.finding.summary == "main takes dmabuf->resv, which it holds already")
  }

  @Test("detached twice is a corrupt list (DB15)")
  func doubleDetach() throws {
    let failure = try failure(.warning, under: .serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let attachment = try await dmabuf.attach(TestImporter()).get()
      try await dmabuf.detach(attachment)
      try await dmabuf.detach(attachment)
    }
    #expect(failure.finding.summary == "list_del corruption: the attachment is not on the list")
  }

  @Test("that is no DMABUF, or no file at all, is told apart by dma_buf_get (DB4)")
  func fromDescriptor() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let file = TestFile(kernel)
      let buffer = try await process.install(dmabuf).get()
      let other = try await process.install(file).get()
      let found = try await process.files.dmaBuf(buffer).get()
      try kernel.check(found === dmabuf, "another buffer")
      try kernel.expect(try await dmabuf.core.references.read(), is: 2, "f_ref of the buffer")
      try await found.put()
      for (descriptor, errno) in [
        (other, Errno.invalidArgument), (FileDescriptor(rawValue: -1), .badFileDescriptor),
        (FileDescriptor(rawValue: 9), .badFileDescriptor),
      ] {
        guard case .failure(errno) = try await process.files.dmaBuf(descriptor) else {
          throw kernel.fail(.check, "descriptor \(descriptor) is not refused with \(errno)")
        }
      }
      try kernel.expect(try await file.core.references.read(), is: 1, "f_ref of the other file")
    }
  }

  @Test("maps no pages behind its end, whatever the exporter says (DB26)")
  func mmapBounds() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 3 * 4096)
      let descriptor = try await process.install(dmabuf).get()
      for (length, offset, errno) in [
        (4 * 4096, 0, .invalidArgument), (4096, 3 * 4096, .invalidArgument), (3 * 4096, 4096, .invalidArgument),
        (3 * 4096, 0, .noSuchDevice), (4096, 2 * 4096, .noSuchDevice), (1, 2 * 4096, .noSuchDevice),
      ] as [(UInt64, UInt64, Errno)] {
        try kernel.expect(
          try await process.mmap(descriptor, length: length, offset: offset), is: .failure(errno),
          "mmap of \(length) at \(offset)")
      }
    }
  }
}

@Suite("A DMABUF between threads")
struct DmaBufRaceTests {
  @Test("revoked between the exporter's look and the insertion is attached all the same, and never told (DB13)")
  func attachAgainstRevoke() throws {
    try explore(
      .exhaustive, seeing: ["attached and told", "attached and never told", "refused"]
    ) { kernel in
      let exporter = TestExporter(kernel)
      let dmabuf = DmaBuf(kernel, exporter, size: 4096)
      let device = PeerDevice(kernel)
      kernel.thread("importer") {
        guard case .success(let attachment) = try await dmabuf.attach(device) else {
          kernel.sometimes("refused")
          return
        }
        let errno = try await device.map(attachment)
        if errno == nil { try await device.unmap(attachment) }
        let count = try await device.state.invalidationCount()
        let isRevoked = try await exporter.isRevoked.load()
        kernel.sometimes("attached and told", count == 1)
        kernel.sometimes("attached and never told", isRevoked && count == 0 && errno == .noSuchDevice)
        try await dmabuf.detach(attachment)
      }
      kernel.thread("revoker") {
        try await dmabuf.reservation.lock()
        try await exporter.isRevoked.store(true)
        try await dmabuf.invalidateMappings()
        try await dmabuf.reservation.unlock()
      }
      try await kernel.join()
      try await dmabuf.put()
    }
  }

  @Test(
    "has no importer mapping left when a revoke has told those that unmap at once",
    arguments: [true, false])
  func mapAgainstRevoke(unmapsAtOnce: Bool) throws {
    try explore(.exhaustive, seeing: ["mapped before", "refused"]) { kernel in
      let exporter = TestExporter(kernel)
      let rules = unmapsAtOnce ? [exporter.revokeRule] : []
      let dmabuf = DmaBuf(kernel, exporter, size: 4096, revokedWhen: rules)
      let device = PeerDevice(kernel, unmapsAtOnce ? .unmapsAtOnce : .unmapsLater)
      let attachment = try await dmabuf.attach(device).get()
      kernel.thread("importer") {
        let errno = try await device.map(attachment)
        kernel.sometimes("mapped before", errno == nil)
        kernel.sometimes("refused", errno == .noSuchDevice)
      }
      kernel.thread("revoker") {
        try await dmabuf.reservation.lock()
        try await exporter.isRevoked.store(true)
        try await dmabuf.invalidateMappings()
        try await dmabuf.reservation.unlock()
      }
      try await kernel.join()
      let count = try await dmabuf.mappingCount()
      if unmapsAtOnce { try kernel.expect(count, is: 0, "the number of mappings") }
      try kernel.expect(try await device.unmap(attachment), is: count == 1, "whether something was left to unmap")
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
  }
}

@Suite("A peer device")
struct PeerDeviceTests {
  @Test("that unmaps later still has its mapping after the revoke, which the machine reports")
  func outlives() throws {
    let failure = try failure(.outlivesRevoke, under: .serial) { kernel in
      let exporter = TestExporter(kernel)
      let dmabuf = DmaBuf(kernel, exporter, size: 4096, revokedWhen: [exporter.revokeRule])
      let device = PeerDevice(kernel, .unmapsLater, name: "nic")
      let attachment = try await dmabuf.attach(device).get()
      try kernel.expect(try await device.map(attachment), is: nil)
      try await dmabuf.reservation.lock()
      try await exporter.isRevoked.store(true)
      try await dmabuf.invalidateMappings()
      try await dmabuf.reservation.unlock()
    }
    #expect(failure.finding.summary == "nic's mapping, made by main, is alive after the revoke")
  }

  @Test("that maps after a revoke has returned is reported, and not after the buffer may be mapped again")
  func mapsLate() throws {
    let failure = try failure(.outlivesRevoke, under: .serial) { kernel in
      let exporter = TestExporter(kernel)
      let lock = SleepingMutex(kernel, "exporter->lock")
      let isClosed = Shared(kernel, "closed", false)
      let rule = RevokeRule(lock, after: "the close") { look in look.load(isClosed) }
      let dmabuf = DmaBuf(kernel, exporter, size: 4096, revokedWhen: [rule])
      let device = PeerDevice(kernel, name: "nic")
      let attachment = try await dmabuf.attach(device).get()
      for isClosing in [false, true] {
        try await lock.lock()
        try await isClosed.store(isClosing)
        try await lock.unlock()
        try kernel.expect(try await device.map(attachment), is: nil)
        try await device.unmap(attachment)
      }
    }
    #expect(failure.finding.summary == "nic maps the buffer after the close")
  }

  @Test("is told how often it was told, and unmaps what it has and no more", arguments: [true, false])
  func habits(unmapsAtOnce: Bool) throws {
    try explore(.serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let device = PeerDevice(kernel, unmapsAtOnce ? .unmapsAtOnce : .unmapsLater)
      let attachment = try await dmabuf.attach(device).get()
      try kernel.expect(try await device.unmap(attachment), is: false, "unmapped before it was mapped")
      try kernel.expect(try await device.map(attachment), is: nil)
      for _ in 0..<2 {
        try await dmabuf.reservation.lock()
        try await dmabuf.invalidateMappings()
        try await dmabuf.reservation.unlock()
      }
      try kernel.expect(try await device.state.invalidationCount(), is: 2)
      try kernel.expect(try await dmabuf.mappingCount(), is: unmapsAtOnce ? 0 : 1)
      try kernel.expect(try await device.unmap(attachment), is: !unmapsAtOnce)
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
  }

  @Test("whose mapping is never undone is a leak of the mapping")
  func leak() throws {
    let failure = try failure(.leak, under: .serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: 4096)
      let device = PeerDevice(kernel)
      let attachment = try await dmabuf.attach(device).get()
      _ = try await device.map(attachment)
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
    let lines = [failure.finding.summary] + failure.finding.details
    #expect(lines.contains { $0.hasPrefix("struct sg_table was never freed") }, "\(failure)")
    #expect(lines.contains { $0.hasPrefix("importer mappings: 1 left") }, "\(failure)")
  }
}
