// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Groups D, E and P: mapping a buffer, mapping a BAR, and which mappings a revoke reaches.
extension OracleScript {
  static let maps = [
    OracleScript("D: what a mapping may ask for") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<32)
      let fd = try await rig.export(4, pages: 16).get()
      let (readOnly, writeOnly) = (OpenFlags(rawValue: 0), OpenFlags.writeOnly)
      let rofd = try await rig.export(4, pages: 16, flags: readOnly).get()
      let wofd = try await rig.export(4, pages: 16, flags: writeOnly).get()
      let rows: [(String, FileDescriptor, UInt64, UInt64, Protection, Sharing, String)] = [
        ("D.private_rw", fd, 0, 4096, .readWrite, .private, "MAP_FAILED EINVAL(22)"),
        ("D.private_r", fd, 0, 4096, .read, .private, "MAP_FAILED EINVAL(22)"),
        ("D.prot_none", fd, 0, 4096, [], .shared, "mapped"),
        ("D.off_at_end", fd, 0x10000, 4096, .readWrite, .shared, "MAP_FAILED EINVAL(22)"),
        ("D.off_huge", fd, 1 << 40, 4096, .readWrite, .shared, "MAP_FAILED EINVAL(22)"),
        ("D.off_wrap", fd, 1 << 63 - 4096, 4096, .readWrite, .shared, "MAP_FAILED EINVAL(22)"),
        ("D.rofd_rw", rofd, 0, 4096, .readWrite, .shared, "MAP_FAILED EACCES(13)"),
        ("D.rofd_r", rofd, 0, 4096, .read, .shared, "MAP_FAILED EINVAL(22)"),
        ("D.wofd_rw", wofd, 0, 4096, .readWrite, .shared, "MAP_FAILED EACCES(13)"),
        ("D.wofd_w", wofd, 0, 4096, .write, .shared, "MAP_FAILED EACCES(13)"),
      ]
      for (name, descriptor, offset, length, protection, sharing, expected) in rows {
        try await oracle.row(name, expected) {
          Say.mapped(
            try await rig.driver.mmap(
              descriptor, length: length, offset: offset, protection: protection, sharing: sharing))
        }
      }
      try await oracle.row("D.len100", "mapped; first read: ok") {
        let mapped = try await rig.driver.mmap(fd, length: 100)
        return Say.mapped(mapped) + "; first read: " + (try await rig.touch(mapped.get(), is: 4))
      }
    },

    OracleScript("D: what a mapping shows") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<32)
      let fd = try await rig.export(4, pages: 16).get()
      let map = try await rig.map(fd, pages: 16).get()
      let barMap = try await rig.mapBar(pages: 32).get()
      let driver = rig.driver
      try await oracle.row("D.content", "ok") { try await rig.touch(map, is: 4) }
      try await oracle.row("D.content5", "ok") { try await rig.touch(map, is: 9, at: 5) }
      try await oracle.row("D.alias_w", "0x12345678") {
        try await driver.store(map + 4, 0x1234_5678)
        guard case .value(let value) = try await driver.load(barMap + 4 * Page.size + 4) else { return "no value" }
        return Say.hex(value)
      }
      try await oracle.row("D.alias_r", "0x0000cafe") {
        try await driver.store(barMap + 4 * Page.size + 8, 0xcafe)
        guard case .value(let value) = try await driver.load(map + 8) else { return "no value" }
        return Say.hex(value)
      }
      try await oracle.row("D.gup_write", "ok") {
        Say.touched(try await driver.memory.copyFromUser(map).map(UserAccess.value).get(), 0xa000_0004)
      }
      try await oracle.row("D.fork_child", "0xa0000005") {
        _ = try await driver.load(map + Page.size)
        let child = try await driver.memory.fork()
        let access = try await child.load(map + Page.size)
        try await child.exit()
        guard case .value(let value) = access else { return "no value" }
        return Say.hex(value)
      }
      let scattered = try await rig.export(ranges: [(8, 1), (2, 2), (8, 1)]).get()
      func pages(_ address: UInt64, _ count: UInt64) async throws -> String {
        var words: [String] = []
        for page in 0..<count {
          if case .value(let value) = try await driver.load(address + page * Page.size) {
            words.append(String(value, radix: 16))
          }
        }
        return words.joined(separator: " ")
      }
      try await oracle.row("D.3range", "a0000008 a0000002 a0000003 a0000008") {
        try await pages(rig.map(scattered, pages: 4).get(), 4)
      }
      try await oracle.row("D.3range_off", "a0000003 a0000008") {
        try await pages(rig.map(scattered, 2, pages: 2).get(), 2)
      }
      try await oracle.row("D.after_close_fd", "ok") {
        try await driver.close(fd)
        return try await rig.touch(map, is: 4)
      }
      try await oracle.row("D.after_close_dev", "ok") {
        try await driver.close(rig.fd)
        return try await rig.touch(map, is: 14, at: 10)
      }
      try await oracle.row("D.after_unmap_bar", Say.sigbus) {
        try await driver.munmap(barMap, length: 32 * Page.size)
        return try await rig.touch(map, is: 15, at: 11)
      }
    },

    OracleScript("E: mapping a BAR") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<1)
      try await oracle.row("E.bar2_rw", "mapped; first read: ok") {
        let mapped = try await rig.mapBar()
        return Say.mapped(mapped) + "; first read: " + (try await rig.touch(mapped.get(), is: 0))
      }
      func map(_ index: Int) async throws -> Result<UInt64, Errno> {
        try await rig.driver.mmap(rig.fd, length: Page.size, offset: VfioRegion.offset(of: index))
      }
      try await oracle.row("E.bar0_256B", "mapped; first read: ok") {
        let mapped = try await map(0)
        return Say.mapped(mapped) + "; first read: " + Say.touched(try await rig.driver.load(mapped.get()), 0)
      }
      try await oracle.row("E.cfg", "MAP_FAILED EINVAL(22)") { Say.mapped(try await map(VfioRegion.config)) }
      try await oracle.row("E.idx9", "MAP_FAILED EINVAL(22)") { Say.mapped(try await map(9)) }
    },

    OracleScript("P: which mappings of a BAR a revoke reaches") { kernel, oracle in
      let rows: [(String, DeviceText, Int, UInt64, UInt64)] = [
        ("P.bar0_off", .education, 0, 64, 1), ("P.bar2", .sharedMemory, 2, 0, 2048),
      ]
      for (name, text, bar, first, pages) in rows {
        let rig = try await Rig.open(kernel, text.function(), bar: bar)
        try await rig.number(first..<first + 1)
        let map = try await rig.mapBar(first, pages: pages).get()
        let last = map + (pages - 1) * Page.size
        let off = "memory off: first page \(Say.sigbus), last page \(Say.sigbus), on again: ok"
        try await oracle.row(name, off) {
          for page in [map, last] { _ = try await rig.driver.load(page) }
          try await rig.setMemory(false)
          let before = try await rig.touch(map, is: first)
          let behind = Say.touched(try await rig.driver.load(last))
          try await rig.setMemory(true)
          return
            "memory off: first page \(before), last page \(behind), on again: \(try await rig.touch(map, is: first))"
        }
      }
    },
  ]
}
