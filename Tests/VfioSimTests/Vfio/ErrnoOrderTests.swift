// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

@Suite("Which errno wins when several things are wrong (§8.4, §12.8)")
struct ErrnoOrderTests {
  @Test("the export checks flags, region, ranges, kind of BAR and bounds in that order", arguments: ExportCase.all)
  func exportOrder(example: ExportCase) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.testDevice.function())
      let ranges = example.ranges.map { PhysicalRange(address: $0.0, length: $0.1) }
      let feature = ExportArguments(region: example.region, ranges: ranges, flags: example.flags)
      let answer = Say.exported(try await rig.feature(feature))
      try kernel.check(answer == example.expected, "the answer is \(answer)")
      let references = try await rig.device.registration.read()
      try kernel.check(references == (answer == "fd" ? 3 : 2), "the registration is at \(references)")
    }
  }

  struct ExportCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let region: Int
    let ranges: [(UInt64, UInt64)]
    let flags: UInt32
    let expected: String

    init(
      _ title: String, region: Int = 2, _ ranges: [(UInt64, UInt64)] = [(0, 4096)], flags: UInt32 = 0,
      gives expected: String
    ) {
      testDescription = title
      self.region = region
      self.ranges = ranges
      self.flags = flags
      self.expected = expected
    }

    static let all = [
      ExportCase("flags before the region", region: 6, flags: 1, gives: "-1 EINVAL(22)"),
      ExportCase("no ranges before the region", region: 6, [], gives: "-1 EINVAL(22)"),
      ExportCase("the region before the ranges", region: 6, [(1, 1)], gives: "-1 ENODEV(19)"),
      ExportCase("a region below zero", region: -1, gives: "-1 ENODEV(19)"),
      ExportCase("the upper half of a BAR before the ranges", region: 3, [(1, 1)], gives: "-1 ENODEV(19)"),
      ExportCase("a length before the kind of the BAR", region: 1, [(0, 0)], gives: "-1 EINVAL(22)"),
      ExportCase("I/O ports before the bounds", region: 1, [(1 << 40, 4096)], gives: "-1 EINVAL(22)"),
      ExportCase("I/O ports before an overflow", region: 1, [(0 &- 4096, 4096)], gives: "-1 EINVAL(22)"),
      ExportCase("an empty range before an overflow of another", [(0 &- 4096, 4096), (0, 0)], gives: "-1 EINVAL(22)"),
      ExportCase(
        "an overflow before the bounds of a later range", [(0 &- 4096, 4096), (1 << 40, 4096)],
        gives: "-1 EOVERFLOW(75)"),
      ExportCase(
        "the bounds before an overflow of a later range", [(1 << 40, 4096), (0 &- 4096, 4096)], gives: "-1 EINVAL(22)"),
      ExportCase("a sum that no file can have", [(0, 1 << 62), (0, 1 << 62)], gives: "-1 EINVAL(22)"),
      ExportCase("a sum that wraps", [(0, 1 << 63 - 4096), (0, 1 << 63), (0, 8192)], gives: "-1 EINVAL(22)"),
      ExportCase("an attribute bit of a later patch", flags: 0x1000_0000, gives: "-1 EINVAL(22)"),
      ExportCase("nothing wrong", gives: "fd"),
      ExportCase("all of the BAR", [(0, 16 << 20)], gives: "fd"),
      ExportCase("ranges that lie upon each other", [(4096, 8192), (0, 8192)], gives: "fd"),
    ]
  }

  @Test("a BAR that was given no address cannot be exported")
  func unassigned() throws {
    let line = "\n\tRegion 5: Memory at <unassigned> (32-bit, non-prefetchable) [size=4K]\n00: "
    let text = DeviceText.testDevice.text.replacing("\n00: ", with: line)
    let function = try PciFunction.parse(text)
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, function, bar: 5)
      let answer = Say.exported(try await rig.export())
      try kernel.check(answer == "-1 ENODEV(19)", "the answer is \(answer)")
    }
  }

  @Test("a small BAR that shares its page cannot be mapped (VF22)")
  func sharedPage() throws {
    let text = DeviceText(bars: [
      DeviceText.Bar(index: 0, address: 0xfe80_0100, size: "256"),
      DeviceText.Bar(index: 2, address: 0x8_0000_0000, size: "1M", kind: .memory64),
    ])
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function(), bar: 0)
      let answer = Say.mapped(try await rig.mapBar())
      try kernel.check(answer == "MAP_FAILED EINVAL(22)", "the answer is \(answer)")
    }
  }

  @Test("the revoke ioctl checks its argument, the descriptor, the exporter, the device, then the status")
  func revokeOrder() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let other = try await Rig.open(kernel, DeviceText.secondSharedMemory.function())
      func revoke(_ argument: UserArgument<RevokeArguments>) async throws -> String {
        Say.result(try await rig.driver.ioctl(rig.fd, VfioDeviceRequest.dmaBufRevoke(argument)).failure)
      }
      func expect(_ expected: String, _ descriptor: FileDescriptor, size: UInt32 = 8, _ what: String) async throws {
        let answer = try await revoke(.value(RevokeArguments(argumentSize: size, descriptor: descriptor)))
        try kernel.check(answer == expected, "\(what): \(answer)")
      }
      let unreadable = try await revoke(.unreadable)
      try kernel.check(unreadable == "-1 EFAULT(14)", "an argument that cannot be read: \(unreadable)")
      try await expect("-1 EINVAL(22)", -1, size: 7, "too short, with a bad descriptor")
      try await expect("-1 EBADF(9)", -1, size: 64, "longer than the structure, with a bad descriptor")
      let plain = try await rig.driver.install(PlainFile(kernel)).get()
      try await expect("-1 EINVAL(22)", plain, "no DMABUF")
      let foreign = DmaBuf(kernel, ForeignExporter(), size: Page.size)
      try await expect("-1 ENODEV(19)", rig.driver.install(foreign).get(), "another exporter's buffer")
      let theirs = try await other.export().get()
      _ = try await other.revoke(theirs)
      let handed = try await rig.driver.install(other.buffer(theirs).handed()).get()
      try await expect("-1 ENODEV(19)", handed, "another device's buffer, revoked already")
      let fd = try await rig.export().get()
      let before = try await rig.buffer(fd).kref.read()
      try await expect("-1 EINVAL(22)", fd, size: 0, "too short")
      let buffer = try await rig.buffer(fd)
      let (status, kref) = (try await buffer.status.load(), try await buffer.kref.read())
      try kernel.check(status == .ok && kref == before, "an error has changed the buffer (I9)")
      try await expect("0", fd, "a buffer of this device")
      try await expect("-1 EBADFD(77)", fd, "a revoked buffer")
    }
  }

  @Test("an attach asks for peer-to-peer, then for the status of the buffer, then for a callback (§6.5)")
  func attachOrder() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let dmabuf = try await rig.buffer(fd).dmabuf
      func expect(_ expected: Errno, _ importer: any Importer, _ what: String) async throws {
        let errno = try await dmabuf.attach(importer).failure
        try kernel.check(errno == expected, "\(what): \(String(describing: errno))")
      }
      try await expect(.notSupported, PlainImporter(allowsPeerToPeer: true), "no callback")
      _ = try await rig.revoke(fd)
      try await expect(.noSuchDevice, PlainImporter(allowsPeerToPeer: true), "no callback, of a revoked buffer")
      try await expect(.notSupported, PlainImporter(allowsPeerToPeer: false), "out of reach, of a revoked buffer")
    }
  }

  @Test("a mapping of a buffer asks for its length, then for its status, then for MAP_SHARED (§12.5)")
  func mmapOrder() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      func expect(_ expected: Errno, pages: UInt64 = 1, first: UInt64 = 0, _ sharing: Sharing) async throws {
        let errno = try await rig.driver.mmap(
          fd, length: pages * Page.size, offset: first * Page.size, sharing: sharing
        ).failure
        try kernel.check(errno == expected, "\(pages) pages from \(first), \(sharing): \(String(describing: errno))")
      }
      try await expect(.invalidArgument, .private)
      try await expect(.invalidArgument, pages: 2, .shared)
      try await expect(.invalidArgument, first: 1, .shared)
      _ = try await rig.revoke(fd)
      try await expect(.noSuchDevice, .private)
      try await expect(.noSuchDevice, .shared)
      try await expect(.invalidArgument, pages: 2, .shared)
    }
  }

  @Test("reads and writes of a BAR stay in it, and fail as a whole while memory is off (VF24, VF25)")
  func readsAndWrites() throws {
    try explore(.serial) { kernel in
      let device = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let vdev = device.device
      for (bar, offset, width) in [(3, 0, 4), (0, 256, 1), (0, 253, 4), (9, 0, 4), (-1, 0, 4), (2, 0, 0)] {
        let read = try await vdev.readBar(bar, at: UInt64(offset), width: width).failure
        let write = try await vdev.writeBar(bar, at: UInt64(offset), width: width, 0)
        let both = read == .invalidArgument && write == .invalidArgument
        try kernel.check(both, "BAR \(bar) + \(offset), \(width) bytes: \(String(describing: read))")
      }
      let errno = try await vdev.writeBar(2, at: 8, width: 8, 0x1122_3344_5566_7788)
      let value = try await vdev.readBar(2, at: 12, width: 2)
      try kernel.check(errno == nil && value == .success(0x3344), "the value is \(value)")
      try await device.setMemory(false)
      let off = try await vdev.readBar(2, at: 8).failure
      let offWrite = try await vdev.writeBar(2, at: 8, 0)
      try kernel.check(off == .ioError && offWrite == .ioError, "with memory off: \(String(describing: off))")
    }
  }

  @Test("a device without a reset of its own cannot be reset")
  func noReset() throws {
    let text = DeviceText.sharedMemory.with { $0.hasReset = false }
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function())
      let importing = try await rig.attach(rig.export().get())
      let errno = try await rig.driver.reset(rig.fd)
      let calls = try await importing.calls()
      try kernel.check(errno == .invalidArgument && calls == 0, "\(String(describing: errno)), \(calls) calls")
      try await importing.end()
    }
  }
}
