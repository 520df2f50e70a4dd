// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

@Suite("mmap")
struct MmapTests {
  struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var length: UInt64 = 0x1000
    var offset: UInt64 = 0
    var protection = Protection.readWrite
    var sharing = Sharing.shared
    var address: UInt64?
    var flags = OpenFlags.readWrite
    let errno: Errno
  }

  @Test(
    "refuses in the kernel's order, before the driver is asked (DB24)",
    arguments: [
      Refusal(testDescription: "offset inside of a page", length: 0, offset: 12, errno: .invalidArgument),
      Refusal(testDescription: "no length", length: 0, protection: .execute, errno: .invalidArgument),
      Refusal(testDescription: "length wraps", length: .max, offset: 0x1000, errno: .noMemory),
      Refusal(testDescription: "offset wraps", length: 0x2000, offset: .max - 0xFFF, flags: [], errno: .overflow),
      Refusal(testDescription: "no room", length: 1 << 47, flags: [], errno: .noMemory),
      Refusal(testDescription: "address inside of a page", address: 0x1_0000_0010, flags: [], errno: .invalidArgument),
      Refusal(testDescription: "write, not writable", flags: [], errno: .permissionDenied),
      Refusal(testDescription: "not readable", flags: .writeOnly, errno: .permissionDenied),
      Refusal(
        testDescription: "not readable, private", sharing: .private, flags: .writeOnly, errno: .permissionDenied),
      Refusal(testDescription: "execute", protection: [.read, .execute], errno: .notPermitted),
    ])
  func refusesInOrder(_ refusal: Refusal) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      // A driver that would refuse with an errno of its own, were it asked.
      let file = RamFile(device, refusal.flags, refusal: .noSuchDevice)
      let memory = kernel.addressSpace()
      let result = try await memory.mmap(
        file, length: refusal.length, offset: refusal.offset, protection: refusal.protection, sharing: refusal.sharing,
        at: refusal.address)
      try kernel.check(result == .failure(refusal.errno), "\(result)")
      try await file.put()
      try await kernel.returnToUserMode()
    }
  }

  @Test("gives the reference back when the driver refuses (MM6)")
  func driverRefuses() throws {
    try explore(.once) { kernel in
      let file = RamFile(RamDevice(kernel), refusal: .noSuchDevice)
      let result = try await kernel.addressSpace().mmap(file, length: 0x1000)
      try kernel.check(result == .failure(.noSuchDevice), "\(result)")
      try kernel.check(try await file.core.references.read() == 1, "a reference was lost or kept")
      try await file.put()
      try await kernel.returnToUserMode()
    }
  }

  @Test("keeps the file open after its descriptor is closed (MM9)")
  func keepsFileOpen() throws {
    try explore(.once) { kernel in
      let file = RamFile(RamDevice(kernel))
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x1000).address(kernel)
      try await file.put()
      try await kernel.returnToUserMode()
      try kernel.check(try await file.releases.load() == 0, "released while it was mapped")
      try kernel.check(try await memory.load(address) == .value(0x8000_0000), "not mapped any more")
      try await memory.munmap(address, length: 0x1000)
      try kernel.check(try await file.releases.load() == 1, "not released with its last mapping")
    }
  }

  @Test("takes away the sharing of a file that cannot be written (DB25)")
  func readOnlyFile() throws {
    try explore(.once) { kernel in
      let file = RamDevice(kernel).open([])
      let result = try await kernel.addressSpace().mmap(file, length: 0x1000, protection: .read)
      try kernel.check(result == .failure(.invalidArgument), "the driver was shown a shared area: \(result)")
    }
  }

  @Test("links the area to the file that the driver puts in place of the first (MM6)")
  func replacedFile() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let buffer = RamFile(device)
      let bar = RamFile(device, replacement: (buffer, 2))
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(bar, length: 0x1000, offset: 7 << 40).address(kernel)
      try kernel.check(try await memory.load(address) == .value(0x8000_2000), "the page offset was not replaced")
      let entries = (try await bar.mapping.entryCount(), try await buffer.mapping.entryCount())
      try kernel.check(entries == (0, 1), "linked to the wrong file")
      try await memory.munmap(address, length: 0x1000)
      // The area owned the buffer's only reference; the core's reference to the first file is now the driver's.
      try kernel.check(try await buffer.releases.load() == 1, "the buffer is still there")
      try kernel.check(try await bar.core.references.read() == 2, "the core has given back what is the driver's")
      try await bar.put()
      try await bar.put()
      try await kernel.returnToUserMode()
    }
  }

  @Test("puts an area where it is told to, unless something is there")
  func fixedAddress() throws {
    try explore(.once) { kernel in
      let file = RamDevice(kernel).open()
      let memory = kernel.addressSpace()
      let first = try await memory.mmap(file, length: 0x2000, at: 0x4000_0000).address(kernel)
      try kernel.check(first == 0x4000_0000, "put elsewhere")
      let second = try await memory.mmap(file, length: 0x1000, at: 0x4000_1000)
      try kernel.check(second == .failure(.fileExists), "\(second)")
      let third = try await memory.mmap(file, length: 100).address(kernel)
      try kernel.check(try await memory.load(third + 0xFFC) != .segv, "a length was not rounded up")
      try kernel.check(try await memory.load(third + 0x1000) == .segv, "a length was rounded up too far")
      let last = try await memory.mmap(file, length: 0x1000, at: 0x7FFF_FFFF_E000).address(kernel)
      try kernel.check(try await memory.load(last) == .value(0x8000_0000), "the last page")
      let fourth = try await memory.mmap(file, length: 0x1000).address(kernel)
      try kernel.check(fourth != third && fourth < last, "an area at the end leaves no room for others")
    }
  }
}
