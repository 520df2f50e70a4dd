// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

extension InterleavingTests {
  @Test("T14: an attach that overtakes a revoke succeeds, can map nothing, and is never told (DB13)")
  func attachOvertakes() throws {
    let report = try explore(.exhaustive, seeing: ["attached, never told"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let dmabuf = try await rig.buffer(fd).dmabuf
      let peer = PeerDevice(kernel)
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      kernel.thread("attach") {
        guard case .success(let attachment) = try await dmabuf.attach(peer) else { return }
        let errno = try await peer.map(attachment)
        let calls = try await peer.state.invalidationCount()
        kernel.sometimes("attached, never told", errno == .noSuchDevice && calls == 0)
        try await peer.unmap(attachment)
        try await dmabuf.detach(attachment)
      }
      try await kernel.join()
    }
    #expect(report.verdict == .exhaustive(executions: 8))
  }

  @Test("T15, T16: exactly one of importer and revoker puts the last reference, and the revoke returns either way")
  func lastReference() throws {
    let report = try explore(
      .exhaustive, seeing: ["the importer came last", "the revoker came last"]
    ) { kernel in
      let rig = try await Rig.open(kernel, driver: NotesLastUnmap())
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let importing = try await rig.attach(fd, .unmapsLater)
      _ = try await importing.map()
      kernel.thread("revoke") {
        let errno = try await rig.revoke(fd)
        try kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
      }
      kernel.thread("worker") { try await importing.unmap() }
      try await kernel.join()
      let (count, isDone) = (try await buffer.kref.read(), try await buffer.comp.isDone())
      try kernel.check(count == 0 && !isDone, "the count is \(count), a token is left: \(isDone)")
      try await importing.end()
    }
    #expect(report.verdict == .exhaustive(executions: 3))
  }

  @Test("T16: an importer that unmaps in its callback leaves the last reference to the revoker")
  func revokerPutsLast() throws {
    let report = try explore(.exhaustive, seeing: ["the revoker came last"]) { kernel in
      let rig = try await Rig.open(kernel, driver: NotesLastUnmap(mayBeImporter: false))
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      kernel.thread("worker") { try await importing.unmap() }
      try await kernel.join()
      let isDone = try await rig.buffer(fd).comp.isDone()
      try kernel.check(!isDone, "a token is left")
      try await importing.end()
    }
    #expect(report.verdict == .exhaustive(executions: 2))
  }

  @Test("T22: a mmap that overtakes a revoke succeeds, and its first touch is refused (B11)")
  func mmapOvertakes() throws {
    let report = try explore(.exhaustive, seeing: ["mapped after all", "refused"]) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let mapped = Shared<UInt64?>(kernel, "mapped", nil)
      kernel.thread("mmap") {
        switch try await rig.map(fd) {
        case .success(let address): try await mapped.store(address)
        case .failure(let errno):
          kernel.sometimes("refused")
          try kernel.check(errno == .noSuchDevice, "mmap answers \(errno)")
        }
      }
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      try await kernel.join()
      if let address = try await mapped.load() {
        kernel.sometimes("mapped after all")
        let access = try await rig.driver.load(address)
        try kernel.check(access == .sigbus, "the touch gives \(access)")
      }
    }
    #expect(report.verdict == .exhaustive(executions: 25))
  }

  @Test("T23: a revoke clears huge entries and small ones, of mappings that begin anywhere in the buffer")
  func hugeAndSmall() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export(0, pages: 2048).get()
      let dmabuf = try await rig.buffer(fd).dmabuf
      let huge = try await rig.map(fd, pages: 2048).get()
      let small = try await rig.map(fd, 513, pages: 3).get()
      let addresses = [huge, huge + (3 << 20), small, small + Page.size, small + 2 * Page.size]
      for address in addresses { _ = try await rig.driver.load(address) }
      // 2 MiB around each of the first two addresses are one entry each.
      let before = try await dmabuf.mapping.entryCount()
      _ = try await rig.revoke(fd)
      let after = try await dmabuf.mapping.entryCount()
      try kernel.check(before == 5 && after == 0, "\(before) entries, then \(after)")
      for address in addresses {
        let access = try await rig.driver.load(address)
        try kernel.check(access == .sigbus, "\(access)")
      }
    }
  }

  @Test("T29: a buffer that was exported for reading only cannot be mapped shared at all (DB25)")
  func readOnly() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export(flags: OpenFlags(rawValue: 0)).get()
      let read = try await rig.driver.mmap(fd, length: Page.size, protection: .read).failure
      let write = try await rig.driver.mmap(fd, length: Page.size).failure
      try kernel.check(read == .invalidArgument && write == .permissionDenied, "\(String(describing: read))")
    }
  }

  @Test("T30: where a huge page would straddle two ranges, small pages show the bytes of each")
  func straddles() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<1)
      try await rig.number(767..<769)
      // 1 MiB from the middle, then 3 MiB from the start: the first 2 MiB of the buffer lie in both.
      let fd = try await rig.export(ranges: [(512, 256), (0, 768)]).get()
      let map = try await rig.map(fd, pages: 1024).get()
      let last = try await rig.touch(map, is: 767, at: 255)
      let first = try await rig.touch(map, is: 0, at: 256)
      let entries = try await rig.buffer(fd).dmabuf.mapping.entryCount()
      try kernel.check(last == "ok" && first == "ok" && entries == 2, "\(last), \(first), \(entries) entries")
    }
  }
}
