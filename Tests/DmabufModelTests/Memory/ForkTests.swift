// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

@Suite("fork")
struct ForkTests {
  @Test("gives the child the entries at once, and references of its own (MM21, MM23)", arguments: [false, true])
  func copiesEntries(hugePages: Bool) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let parent = kernel.addressSpace()
      let length: UInt64 = hugePages ? 0x40_0000 : 0x2000
      let (file, address) = try await FaultTests.map(kernel, device, parent, length: length)
      _ = try await parent.load(address + length / 2)
      let child = try await parent.fork()
      try kernel.check(try await file.core.references.read() == 3, "the child's area has no reference")
      try await device.isRevoked.store(true)
      try kernel.check(try await child.load(address + length / 2) == .value(0x8000_0000 + length / 2), "not copied")
      try kernel.check(try await child.load(address) == .sigbus, "the child has more than the parent")
      try await device.isRevoked.store(false)
      try kernel.check(try await child.load(address) == .value(0x8000_0000), "the child has lost its fault handler")
      try await child.exit()
      try kernel.check(try await file.core.references.read() == 2, "the child's reference is still there")
      try kernel.check(try await parent.load(address + length / 2) != .segv, "the parent has lost its area")
    }
  }

  @Test("leaves out what is not to be inherited")
  func dontCopy() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let file = RamFile(device, areaFlags: [.pfnMap, .dontCopy])
      let parent = kernel.addressSpace()
      let address = try await parent.mmap(file, length: 0x1000).address(kernel)
      try await file.put()
      _ = try await parent.load(address)
      let child = try await parent.fork()
      try kernel.check(try await child.load(address) == .segv, "inherited")
      try await child.exit()
    }
  }

  /// A process that forks while its device is being revoked; two pages are mapped.
  static func forkRace(_ wrong: WrongForkOrder? = nil) -> Scenario {
    { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let parent = kernel.addressSpace()
      let address = try await parent.mmap(file, length: 0x2000).address(kernel)
      _ = try await parent.load(address)
      _ = try await parent.load(address + 0x1000)
      kernel.thread("revoker") { try await device.revoke(file) }
      kernel.thread("forker") {
        let child = if let wrong { try await parent.wrongFork(wrong) } else { try await parent.fork() }
        kernel.sometimes("an entry was copied", try await file.mapping.entryCount() > 2)
        kernel.atEnd { try await child.exit() }
        let access = try await child.load(address)
        kernel.sometimes("the child finds nothing", access == .sigbus)
        kernel.sometimes("the child finds the page", access != .sigbus)
      }
      try await kernel.join()
      try kernel.check(try await file.mapping.entryCount() == 0, "an entry has survived")
    }
  }

  @Test("leaves no entry behind when the file is unmapped meanwhile (MM22, B15, T21)")
  func forkAgainstRevoke() throws {
    try explore(.exhaustive, Self.forkRace())
  }

  @Test(
    "is caught when it links the child's area elsewhere or too late (MM22)",
    arguments: WrongForkOrder.allCases)
  func wrongForkAgainstRevoke(order: WrongForkOrder) throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive, Self.forkRace(order))
    }
    #expect(failure?.finding.kind == .outlivesRevoke)
  }
}
