// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// A search by states takes two states for one if the descriptions of all actors are the same.
@Suite("A change of state")
struct DescribeTests {
  @Test("changes the description of the primitive that it is in", arguments: Change.all)
  func changesTheDescription(change: Change) throws {
    try explore(.serial) { kernel in
      let primitives = Primitives(kernel)
      try await change.before(primitives)
      let before = change.actor(primitives).description(kernel)
      try await change.make(primitives)
      try kernel.check(before != change.actor(primitives).description(kernel), "\(change.name) does not show")
      try await change.undo(primitives)
      try await kernel.free(primitives.allocation)
    }
  }

  @Test("changes the description of the descriptors, of a file and of its mappings")
  func files() throws {
    try explore(.serial) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let table = FileTable(kernel)
      let memory = kernel.addressSpace()
      func expectChange(_ actor: any KernelActor, _ what: String, _ body: () async throws -> Void) async throws {
        let before = actor.description(kernel)
        try await body()
        try kernel.check(before != actor.description(kernel), "\(what) does not show")
      }
      try await expectChange(file.core.references, "a reference") { try await file.get() }
      try await expectChange(table, "a descriptor") { _ = try await table.install(file) }
      try await expectChange(table, "that it is gone") { _ = try await table.remove(0) }
      try await file.put()
      let address = try await memory.mmap(file, length: 2 * Page.size).address(kernel)
      try await expectChange(file.mapping.areas, "another area of the file") {
        _ = try await memory.mmap(file, length: Page.size).address(kernel)
      }
      try await expectChange(file.mapping.reach.entries, "an entry") { _ = try await memory.load(address) }
      try await expectChange(memory.pageTable, "another entry") { _ = try await memory.load(address + Page.size) }
    }
  }

  @Test("changes the description of an attachment, of a mapping and of what the importer remembers")
  func importers() throws {
    try explore(.serial) { kernel in
      let exporter = TestExporter(kernel)
      let dmabuf = DmaBuf(kernel, exporter, size: Page.size)
      let peer = PeerDevice(kernel)
      let none = dmabuf.attachments.description(kernel)
      guard case .success(let attachment) = try await dmabuf.attach(peer) else {
        return try kernel.check(false, "not attached")
      }
      try kernel.check(none != dmabuf.attachments.description(kernel), "an attachment does not show")
      let (told, mapped) = (peer.state.description(kernel), dmabuf.mapping.reach.mappings?.description(kernel))
      _ = try await peer.map(attachment)
      try kernel.check(told != peer.state.description(kernel), "the table of an importer does not show")
      try kernel.check(mapped != dmabuf.mapping.reach.mappings?.description(kernel), "a mapping does not show")
      let first = dmabuf.mapping.reach.mappings?.description(kernel)
      _ = try await peer.unmap(attachment)
      _ = try await peer.map(attachment)
      try kernel.check(first != dmabuf.mapping.reach.mappings?.description(kernel), "which mapping it is does not show")
      _ = try await peer.unmap(attachment)
      try await peer.state.noteInvalidation()
      try kernel.check(told != peer.state.description(kernel), "that an importer was told does not show")
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
  }

  @Test("shows in each fact by which two entries of a file differ")
  func eachFact() throws {
    try explore(.serial) { kernel in
      let (one, other) = (kernel.register("one"), kernel.register("other"))
      let entries = [(one, UInt64(0), UInt64(1)), (other, 0, 1), (one, Page.size, 1), (one, 0, 2)].map {
        table, address, frame in
        let entries = MappedEntries(kernel)
        let new = MappedEntry(table: table, address: address, frame: Pfn(rawValue: frame), thread: .main, step: 0)
        return entries.assumeIsolated { entries in
          entries.add(new)
          let before = entries.fingerprint(kernel)
          entries.remove(table, address)
          return before
        }
      }
      try kernel.check(Set(entries).count == entries.count, "\(entries)")
    }
  }

  @Test("shows in each fact by which two reservations differ")
  func reservations() throws {
    try explore(.serial) { kernel in
      let (one, other) = (Fence(kernel, context: 1), Fence(kernel, context: 2))
      func description(
        _ slots: Int, _ fences: [(Fence, FenceUsage)] = [], isLocked: Bool = true
      ) async throws -> UInt64? {
        let reservation = Reservation(kernel)
        try await reservation.lock()
        if slots > 0 { _ = try await reservation.reserveFences(slots) }
        for (fence, usage) in fences { try await reservation.add(fence, usage: usage) }
        let locked = reservation.description(kernel)
        try await reservation.unlock()
        return isLocked ? locked : reservation.description(kernel)
      }
      let all = [
        try await description(0), try await description(0, isLocked: false), try await description(1),
        try await description(2), try await description(1, [(one, .kernel)]),
        try await description(1, [(other, .kernel)]), try await description(1, [(one, .bookkeep)]),
        try await description(2, [(one, .kernel)]), try await description(2, [(one, .kernel), (other, .kernel)]),
        try await description(2, [(other, .kernel), (one, .kernel)]),
      ]
      try kernel.check(Set(all).count == all.count, "\(all)")
    }
  }

  @Test("shows in each fact by which two mappings of importers differ")
  func mappings() throws {
    try explore(.serial) { kernel in
      let dmabuf = DmaBuf(kernel, TestExporter(kernel), size: Page.size)
      let attachments = [DmaBufAttachment(dmabuf, TestImporter()), DmaBufAttachment(dmabuf, TestImporter())]
      let tables = [ScatterTable(kernel, []), ScatterTable(kernel, [])]
      let mappings = ImporterMappings(kernel)
      var all = [mappings.description(kernel)]
      for attachment in attachments {
        for table in tables {
          try await mappings.add(table, of: attachment, file: #fileID, line: #line)
          all.append(mappings.description(kernel))
          try await mappings.remove(table, of: attachment, file: #fileID, line: #line)
        }
      }
      try kernel.check(Set(all).count == all.count, "\(all)")
      for table in tables { try await table.free(kernel) }
      for attachment in attachments { try await kernel.free(attachment.allocation) }
      try await dmabuf.put()
    }
  }

  @Test("shows in each fact by which two gigabytes of a page table differ")
  func regions() throws {
    try explore(.serial) { kernel in
      let (ram, rom) = (Ram(kernel, at: 0), Ram(kernel, at: 0))
      let (reach, second) = (FileMapping(kernel).reach, FileMapping(kernel).reach)
      func entry(
        _ address: UInt64 = 0, _ order: PageOrder = .page, _ frame: UInt64 = 0, isWritable: Bool = true,
        in memory: Ram, by reach: Reach
      ) -> PageTableEntry {
        PageTableEntry(
          address: address, order: order, frame: Pfn(rawValue: frame), isWritable: isWritable, memory: memory,
          reach: reach)
      }
      func region(_ change: (inout PageTableRegion) -> Void) -> UInt64 {
        var region = PageTableRegion(base: 0)
        change(&region)
        var fingerprint = Fingerprint(kernel, seed: 0, ofOneExecution: true)
        region.describe(to: &fingerprint)
        return fingerprint.bits
      }
      let all: [UInt64] = [
        region { _ in },
        region { $0 = PageTableRegion(base: PageOrder.pud.size) },
        region { $0.insert(entry(in: ram, by: reach)) },
        region { $0.insert(entry(Page.size, in: ram, by: reach)) },
        region { $0.insert(entry(0, .pmd, in: ram, by: reach)) },
        region { $0.insert(entry(0, .pud, in: ram, by: reach)) },
        region { $0.insert(entry(0, .page, 1, in: ram, by: reach)) },
        region { $0.insert(entry(isWritable: false, in: ram, by: reach)) },
        region { $0.insert(entry(in: rom, by: reach)) },
        region { $0.insert(entry(in: ram, by: second)) },
        region {
          $0.insert(entry(in: ram, by: reach))
          _ = $0.removeFirst(in: 0..<Page.size)
        },
        region {
          $0.insert(entry(0, .pmd, in: ram, by: reach))
          _ = $0.removeFirst(in: 0..<Page.size)
        },
        region {
          $0.insert(entry(0, .pmd, in: ram, by: reach))
          _ = $0.removeFirst(in: 0..<Page.size)
          $0.insert(entry(0, .pud, in: ram, by: reach))
        },
        region {
          $0.insert(entry(in: ram, by: reach))
          _ = $0.removeFirst(in: 0..<Page.size)
          $0.insert(entry(0, .pmd, in: ram, by: reach))
        },
      ]
      for left in all.indices {
        for right in 0..<left { try kernel.check(all[left] != all[right], "regions \(right) and \(left) are the same") }
      }
    }
  }
}

/// A change of one primitive, made by functions of its own.
struct Change: Sendable, CustomTestStringConvertible {
  typealias Body = @Sendable (Primitives) async throws -> Void

  let name: String
  let actor: @Sendable (Primitives) -> any KernelActor
  var before: Body = { _ in }
  let make: Body
  var undo: Body = { _ in }

  var testDescription: String { name }

  static let all: [Change] = [
    Change(name: "a field", actor: \.field, make: { try await $0.field.store(1) }),
    Change(name: "a count", actor: \.references, make: { try await $0.references.get() }),
    Change(name: "a token", actor: \.done, make: { try await $0.done.complete() }),
    Change(
      name: "a mutex", actor: \.mutex, make: { try await $0.mutex.lock() }, undo: { try await $0.mutex.unlock() }),
    Change(
      name: "a writer", actor: \.semaphore, make: { try await $0.semaphore.downWrite() },
      undo: { try await $0.semaphore.upWrite() }),
    Change(
      name: "a reader", actor: \.semaphore, make: { try await $0.semaphore.downRead() },
      undo: { try await $0.semaphore.upRead() }),
    Change(
      name: "a reader in place of a writer", actor: \.semaphore, before: { try await $0.semaphore.downWrite() },
      make: { try await $0.semaphore.downgrade() }, undo: { try await $0.semaphore.upRead() }),
    Change(
      name: "a reservation lock", actor: \.reservation, make: { try await $0.reservation.lock() },
      undo: { try await $0.reservation.unlock() }),
    Change(name: "a signal", actor: \.fence, make: { try await $0.fence.signal() }),
    Change(name: "an error", actor: \.fence, make: { try await $0.fence.setError(.ioError) }),
    Change(
      name: "a waiter", actor: \.queue, make: { try await $0.queue.prepareToWait($0.entry) },
      undo: { try await $0.queue.finishWait($0.entry) }),
  ]
}

extension KernelActor {
  /// What a search by states knows of the actor's own fields; nothing for one that cannot say.
  nonisolated func description(_ kernel: Kernel) -> UInt64? { assumeIsolated { $0.fingerprint(kernel) } }

  func fingerprint(_ kernel: Kernel) -> UInt64? {
    var fingerprint = Fingerprint(kernel, seed: 0, ofOneExecution: true)
    describe(to: &fingerprint)
    return fingerprint.isComplete ? fingerprint.bits : nil
  }
}
