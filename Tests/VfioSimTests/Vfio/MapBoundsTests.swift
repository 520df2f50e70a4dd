// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

@Suite("What a mapping may ask for, and in which pages it comes")
struct MapBoundsTests {
  @Test("a BAR is mapped through the device's file shared and within its length only (VF23)", arguments: BarRequest.all)
  func barRequests(request: BarRequest) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let start = VfioRegion.offset(of: request.bar) + request.first * Page.size
      let answer = Say.mapped(
        try await rig.driver.mmap(rig.fd, length: request.length, offset: start, sharing: request.sharing))
      let expected = request.isAllowed ? "mapped" : "MAP_FAILED EINVAL(22)"
      try kernel.check(answer == expected, "the answer is \(answer)")
      let buffers = try await rig.device.dmabufs.all().count
      try kernel.check(buffers == (request.isAllowed ? 1 : 0), "\(buffers) buffers are left")
      let references = try await rig.device.registration.read()
      try kernel.check(references == (request.isAllowed ? 3 : 2), "the registration is at \(references)")
    }
  }

  /// A mapping of BAR 2, of 2048 pages, or of BAR 0, of 256 bytes.
  struct BarRequest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var bar = 2
    var first: UInt64 = 0
    var length: UInt64 = Page.size
    var sharing = Sharing.shared
    let isAllowed: Bool

    static let all = [
      BarRequest(testDescription: "all of it", length: 2048 * Page.size, isAllowed: true),
      BarRequest(testDescription: "a page more", length: 2049 * Page.size, isAllowed: false),
      BarRequest(testDescription: "a byte more", length: 2048 * Page.size + 1, isAllowed: false),
      BarRequest(testDescription: "the last page", first: 2047, isAllowed: true),
      BarRequest(testDescription: "the last page and one more", first: 2047, length: 2 * Page.size, isAllowed: false),
      BarRequest(testDescription: "the page behind the end", first: 2048, isAllowed: false),
      BarRequest(testDescription: "private", sharing: .private, isAllowed: false),
      BarRequest(testDescription: "a small BAR: its page", bar: 0, length: 256, isAllowed: true),
      BarRequest(testDescription: "a small BAR: more than its page", bar: 0, length: Page.size + 1, isAllowed: false),
    ]
  }

  @Test("a huge page is not made where it would lie over an end of its area, even if it is asked for (§12.2)")
  func overTheEnds() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let dmabuf = try await rig.buffer(rig.export(0, pages: 1024).get()).dmabuf
      let memory = ProcessMemory(kernel, triesEveryOrder: true)
      let map = try await memory.mmap(dmabuf, length: 513 * Page.size).get()
      try await memory.munmap(map, length: Page.size)
      // The first page is gone, and of the second 2 MiB there is one page.
      for (page, expected) in [(1, .value(0)), (512, .value(0)), (0, .segv), (513, .segv)] as [(UInt64, UserAccess)] {
        let access = try await memory.load(map + page * Page.size)
        try kernel.check(access == expected, "page \(page): \(access)")
      }
      let entries = try await dmabuf.mapping.entryCount()
      try kernel.check(entries == 2, "\(entries) entries")
      try await memory.exit()
    }
  }

  @Test("a range that begins in the middle of 2 MiB is mapped in small pages (§12.2)")
  func misalignedRange() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(1..<3)
      try await rig.number(513..<514)
      // 4 MiB from the second page on: each 2 MiB of the buffer lie across two of the BAR.
      let fd = try await rig.export(1, pages: 1024).get()
      let map = try await rig.map(fd, pages: 1024).get()
      for (page, number) in [(0, 1), (1, 2), (512, 513)] as [(UInt64, UInt64)] {
        let touch = try await rig.touch(map, is: number, at: page)
        try kernel.check(touch == "ok", "page \(page): \(touch)")
      }
      let mapping = try await rig.buffer(fd).dmabuf.mapping
      let entries = try await mapping.entryCount()
      try kernel.check(entries == 3, "\(entries) entries")
      _ = try await rig.revoke(fd)
      let left = try await mapping.entryCount()
      try kernel.check(left == 0, "\(left) entries are left")
    }
  }
}
