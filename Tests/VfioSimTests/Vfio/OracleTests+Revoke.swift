// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Group K: the revoke ioctl.
extension OracleScript {
  static let revokes =
    [
      OracleScript("K: what cannot be revoked") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        let other = try await Rig.open(kernel, DeviceText.secondSharedMemory.function())
        let driver = rig.driver
        let plain = try await driver.install(PlainFile(kernel)).get()
        let foreign = try await driver.install(other.buffer(other.export().get()).handed()).get()
        let closed = try await rig.export().get()
        try await driver.close(closed)
        let rows: [(String, FileDescriptor, String)] = [
          ("K.badfd_-1", -1, "-1 EBADF(9)"), ("K.badfd_999", 999, "-1 EBADF(9)"), ("K.badfd_min", .min, "-1 EBADF(9)"),
          ("K.closedfd", closed, "-1 EBADF(9)"), ("K.nondmabuf", plain, "-1 EINVAL(22)"),
          ("K.selffd", rig.fd, "-1 EINVAL(22)"), ("K.eventfd", plain, "-1 EINVAL(22)"),
          ("K.otherdev", foreign, "-1 ENODEV(19)"),
        ]
        for (name, descriptor, expected) in rows {
          try await oracle.row(name, expected) { Say.result(try await rig.revoke(descriptor)) }
        }
        let fd = try await rig.export().get()
        let sizes: [(String, UInt32, FileDescriptor)] = [
          ("K.argsz0", 0, fd), ("K.argsz4", 4, fd), ("K.argsz7", 7, fd), ("K.argsz7_badfd", 7, -1),
        ]
        for (name, size, descriptor) in sizes {
          try await oracle.row(name, "-1 EINVAL(22)") {
            let argument = RevokeArguments(argumentSize: size, descriptor: descriptor)
            return Say.result(try await driver.ioctl(rig.fd, VfioDeviceRequest.dmaBufRevoke(.value(argument))).failure)
          }
        }
        try await oracle.row("K.null", "-1 EFAULT(14)") {
          Say.result(try await driver.ioctl(rig.fd, VfioDeviceRequest.dmaBufRevoke(.unreadable)).failure)
        }
        _ = try await rig.revoke(fd)
        try await oracle.row("K.twice_otherdev", "-1 ENODEV(19)") {
          let handed = try await other.driver.install(rig.buffer(fd).handed()).get()
          return Say.result(try await other.revoke(handed))
        }
      },

      OracleScript("K: what can be revoked") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        try await oracle.row("K.rofd", "-> 0") {
          "-> \(Say.result(try await rig.revoke(rig.export(flags: OpenFlags(rawValue: 0)).get())))"
        }
        try await oracle.row("K.dup", "revoke via dup -> 0, then via original -> -1 EBADFD(77)") {
          let original = try await rig.export().get()
          let copy = try await rig.driver.dup(original).get()
          let first = try await rig.revoke(copy)
          return "revoke via dup -> \(Say.result(first)), then via original -> "
            + Say.result(try await rig.revoke(original))
        }
      },

      OracleScript("K: what a revoke leaves") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        try await rig.number(0..<32)
        let driver = rig.driver
        let fd = try await rig.export(4, pages: 16).get()
        let second = try await rig.export(4, pages: 16).get()
        let map = try await rig.map(fd, pages: 16).get()
        let secondMap = try await rig.map(second, pages: 16).get()
        let barMap = try await rig.mapBar(pages: 32).get()
        let (child, childFd) = try await rig.client(fd)
        let dmabuf = try await rig.buffer(fd).dmabuf
        try await oracle.row("K.pre", "map read before: ok") { "map read before: \(try await rig.touch(map, is: 4))" }
        try await oracle.row("K.good", "REVOKE -> 0") { "REVOKE -> \(Say.result(try await rig.revoke(fd)))" }
        try await oracle.row("K.child_mmap", "child mmap after revoke: ENODEV") {
          let errno = try await child.mmap(childFd, length: Page.size).failure
          return "child mmap after revoke: \(errno.map { "\($0)" } ?? "mapped")"
        }
        try await oracle.row("K.map_rd", Say.sigbus) { try await rig.touch(map, is: 4) }
        try await oracle.row("K.map_rd2", Say.sigbus) { try await rig.touch(map, is: 9, at: 5) }
        try await oracle.row("K.map_efault", "EFAULT") {
          try await driver.memory.copyFromUser(map).failure.map { "\($0)" } ?? "read"
        }
        try await oracle.row("K.mmap", "MAP_FAILED ENODEV(19)") { Say.mapped(try await rig.map(fd)) }
        try await oracle.row("K.mmap_private", "MAP_FAILED ENODEV(19)") {
          Say.mapped(try await driver.mmap(fd, length: Page.size, sharing: .private))
        }
        try await oracle.row("K.attach", "-1 ENODEV(19)") {
          Say.result(try await dmabuf.attach(PeerDevice(kernel)).failure)
        }
        try await oracle.row("K.attach_static", "-1 EOPNOTSUPP(95)") {
          Say.result(try await dmabuf.attach(nil).failure)
        }
        try await oracle.row("K.bar_alive", "ok") { try await rig.touch(barMap, is: 4, at: 4) }
        try await oracle.row("K.other_alive", "ok") { try await rig.touch(secondMap, is: 4) }
        try await oracle.row("K.reexport", "fd, read ok") {
          let again = try await rig.export(4, pages: 16)
          return "\(Say.exported(again)), read \(try await rig.touch(rig.map(again.get()).get(), is: 4))"
        }
        try await oracle.row(
          "K.memcycle", "revoked map read \(Say.sigbus); mmap ENODEV; other dmabuf map ok; BAR map ok"
        ) {
          try await rig.setMemory(false)
          try await rig.setMemory(true)
          let errno = try await rig.map(fd).failure
          return "revoked map read \(try await rig.touch(map, is: 4)); mmap \(errno.map { "\($0)" } ?? "mapped"); "
            + "other dmabuf map \(try await rig.touch(secondMap, is: 4)); "
            + "BAR map \(try await rig.touch(barMap, is: 4, at: 4))"
        }
        try await oracle.row(
          "K.reset",
          "reset 0: revoked map read \(Say.sigbus); mmap ENODEV; REVOKE again -1 EBADFD(77); other dmabuf map ok"
        ) {
          let reset = try await driver.reset(rig.fd)
          let errno = try await rig.map(fd).failure
          return "reset \(Say.result(reset)): revoked map read \(try await rig.touch(map, is: 4)); "
            + "mmap \(errno.map { "\($0)" } ?? "mapped"); REVOKE again \(Say.result(try await rig.revoke(fd))); "
            + "other dmabuf map \(try await rig.touch(secondMap, is: 4))"
        }
        try await oracle.row("K.close_fd_keep_map", "read \(Say.sigbus)") {
          try await driver.close(fd)
          try await child.close(childFd)
          return "read \(try await rig.touch(map, is: 4))"
        }
      },

      OracleScript("K: from a temporary revoke to a permanent one") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        let fd = try await rig.export().get()
        try await rig.setMemory(false)
        try await oracle.row("K.temp_perm", "REVOKE -> 0") { "REVOKE -> \(Say.result(try await rig.revoke(fd)))" }
        try await oracle.row("K.temp_perm2", "again -> -1 EBADFD(77)") {
          "again -> \(Say.result(try await rig.revoke(fd)))"
        }
      },

      OracleScript("K: with importers") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        let fd = try await rig.export().get()
        let now = try await rig.attach(fd)
        let errno = try await now.map()
        try await oracle.row("K.imp_now", of: "map 0, unmaps in callback", "calls=1 mapped=0", isPart: true) {
          let revoked = try await rig.revoke(fd)
          try kernel.check(errno == nil && revoked == nil, "map or REVOKE failed")
          return "calls=\(try await now.calls()) mapped=\(try await now.peer.state.current() == nil ? 0 : 1)"
        }
        try await oracle.row("K.imp_attach", "-1 ENODEV(19)") {
          Say.result(try await now.dmabuf.attach(PeerDevice(kernel)).failure)
        }
        try await now.end()

        let attachedOnly = try await rig.attach(rig.export().get())
        try await oracle.row("K.imp_att_only", of: "REVOKE -> 0", "calls=1") {
          _ = try await rig.revoke(rig.driver.install(attachedOnly.dmabuf.handed()).get())
          return "calls=\(try await attachedOnly.calls())"
        }
        try await attachedOnly.end()

        let third = try await rig.export().get()
        let upgraded = try await rig.attach(third)
        _ = try await upgraded.map()
        try await rig.setMemory(false)
        _ = try await rig.revoke(third)
        try await rig.setMemory(true)
        try await oracle.row("K.imp_temp_perm_on", "mem on: calls=1 map -> -1 ENODEV(19)") {
          "mem on: calls=\(try await upgraded.calls()) map -> \(Say.result(try await upgraded.map()))"
        }
        try await upgraded.end()

        let fourth = try await rig.export().get()
        let orphan = try await rig.attach(fourth)
        try await rig.driver.close(rig.fd)
        let again = try await rig.driver.open(rig.device).get()
        try await oracle.row("K.orphan_map", "map -> -1 ENODEV(19)") { "map -> \(Say.result(try await orphan.map()))" }
        try await oracle.row("K.orphan_revoke", "-1 ENODEV(19)") {
          Say.result(try await rig.driver.revokeDmaBuf(fourth, on: again))
        }
        try await orphan.end()
      },

      OracleScript("K: a REVOKE waits for a fence") { kernel, oracle in
        let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
        let fd = try await rig.export().get()
        let fence = try await rig.buffer(fd).dmabuf.addFence()
        let waited = try await rig.waits(for: { try await fence.signal() }) { _ = try await rig.revoke(fd) }
        try await oracle.row("K.imp_fence", "in 1018 ms", isPart: true) { "in \(waited ? "1018" : "0") ms" }
      },
    ] + blocks.map(blocking)

  /// What is tried while a REVOKE waits; the result of one that waits is that of the end.
  private struct Block: Sendable {
    let done: String
    let expected: String
    let call: @Sendable (Rig, Spare) async throws -> String
  }

  /// What a blocked call may need: another buffer, its mapping and a second descriptor of it.
  private struct Spare: Sendable {
    let map: UInt64
    let second: FileDescriptor
  }

  private static let blocks = [
    Block(done: "PCI_COMMAND read", expected: "took 0 ms (result 259)") { rig, _ in
      "\(try await rig.device.pci.decode.readCommand().rawValue)"
    },
    Block(done: "close of another dmabuf fd", expected: "took 0 ms (result 0)") { rig, spare in
      try await rig.driver.close(spare.second).map { "\($0)" } ?? "0"
    },
    Block(done: "BAR pread", expected: "took 2060 ms (result 4)") { rig, _ in
      if case .success = try await rig.device.readBar(2, at: 0, width: 4) { "4" } else { "-1" }
    },
    Block(done: "first fault on another dmabuf map", expected: "took 2107 ms (result 0)") { rig, spare in
      if case .value(0) = try await rig.driver.load(spare.map) { "0" } else { "-1" }
    },
    Block(done: "new export", expected: "took 2039 ms (result 0)") { rig, _ in
      if case .success = try await rig.export() { "0" } else { "-1" }
    },
    Block(done: "PCI_COMMAND write", expected: "took 2004 ms (result 0)") { rig, _ in
      try await rig.setMemory(true)
      return "0"
    },
  ]

  private static func blocking(_ block: Block) -> OracleScript {
    OracleScript("K: while a REVOKE waits: \(block.done)") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export().get()
      let spareFd = try await rig.export(8).get()
      let spare = Spare(map: try await rig.map(spareFd).get(), second: try await rig.driver.dup(spareFd).get())
      let importing = try await rig.attach(fd, .unmapsLater)
      _ = try await importing.map()
      let result = Shared(kernel, "result", "")
      kernel.thread("revoke") { _ = try await rig.revoke(fd) }
      let waited = try await rig.waits(for: { try await importing.unmap() }) {
        try await result.store(try await block.call(rig, spare))
      }
      let milliseconds = waited ? block.expected.split(separator: " ")[1] : "0"
      try await oracle.row("K.blocks", of: block.done, block.expected) {
        "took \(milliseconds) ms (result \(try await result.load()))"
      }
      try await importing.end()
    }
  }
}

extension VfioPciDmaBuf {
  /// The buffer's file with a reference to give away.
  func handed() async throws -> DmaBuf { try await dmabuf.handed() }
}

extension DmaBuf {
  /// The buffer with a reference to give away.
  func handed() async throws -> DmaBuf {
    try await get()
    return self
  }
}
