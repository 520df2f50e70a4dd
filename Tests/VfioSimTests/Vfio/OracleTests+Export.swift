// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Groups B and C: what the export takes, and the descriptor that it gives.
extension OracleScript {
  static let exports = [
    OracleScript("B: regions, lengths and offsets") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      for row in ExportRow.all {
        try await oracle.row(row.name, row.expected) {
          let ranges = row.ranges.map { PhysicalRange(address: $0.0, length: $0.1) }
          return Say.exported(try await rig.feature(ExportArguments(region: row.region, ranges: ranges)))
        }
      }
      let other = try await Rig.open(kernel, DeviceText.testDevice.function(), bar: 1)
      try await oracle.row("B.region_io_badlen", "-1 EINVAL(22)") {
        let empty = PhysicalRange(address: 0, length: 0)
        return Say.exported(try await other.feature(ExportArguments(region: 1, ranges: [empty])))
      }
      try await oracle.row("B.badfeature", "-1 ENOTTY(25)") {
        Say.result(try await rig.driver.ioctl(rig.fd, UnknownRequest()).failure)
      }
    },

    OracleScript("B: flags of the new file") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let rows: [(done: String, flags: UInt32, kept: String)] = [
        ("open_flags=O_RDWR ->", 0o2, "02"), ("open_flags=O_CLOEXEC ->", 0o2000000, "00"),
        ("open_flags=O_RDWR|O_NONBLOCK ->", 0o4002, "04002"), ("open_flags=O_CREAT ->", 0o100, "00"),
        ("open_flags=O_EXCL ->", 0o200, "00"), ("open_flags=O_TRUNC ->", 0o1000, "00"),
        ("open_flags=O_SYNC ->", 0o4010000, "00"), ("open_flags=0xffffffff ->", .max, "04003"),
      ]
      for row in rows {
        try await oracle.row("B.oflags", of: row.done, "fd, F_GETFL=\(row.kept)", isPart: true) {
          let fd = try await rig.export(flags: OpenFlags(rawValue: row.flags)).get()
          let kept = try await rig.buffer(fd).dmabuf.core.flags.rawValue
          return "fd, F_GETFL=0" + String(kept, radix: 8)
        }
      }
    },

    OracleScript("B: more descriptors than the process may have") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function(), fileLimit: 24)
      for _ in 0..<7 { _ = try await rig.driver.install(PlainFile(kernel)).get() }
      try await oracle.row("B.emfile", "16 ok then -1 EMFILE(24)") {
        var exported = 0
        while true {
          let result = try await rig.export()
          guard case .success = result else { return "\(exported) ok then \(Say.exported(result))" }
          exported += 1
        }
      }
    },

    OracleScript("C: a request that nobody knows") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export(4, pages: 16).get()
      try await oracle.row("C.unkioctl", "-1 ENOTTY(25)") {
        Say.result(try await rig.driver.ioctl(fd, UnknownRequest()).failure)
      }
    },
  ]
}

/// A row of group B that is one call.
private struct ExportRow {
  let name: String
  let region: Int
  let ranges: [(UInt64, UInt64)]
  let expected: String

  init(_ name: String, region: Int = 2, _ ranges: [(UInt64, UInt64)] = [(0, 4096)], gives expected: String) {
    self.name = name
    self.region = region
    self.ranges = ranges
    self.expected = expected
  }

  static let bar: UInt64 = 8 << 20
  static let all = [
    ExportRow("B.nr0", [], gives: "-1 EINVAL(22)"),
    ExportRow("B.region_rom", region: 6, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_cfg", region: 7, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_vga", region: 8, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_9", region: 9, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_max", region: 0xffff_ffff, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_hi64", region: 3, gives: "-1 ENODEV(19)"),
    ExportRow("B.region_unimpl5", region: 5, gives: "-1 ENODEV(19)"),
    ExportRow("B.len0", [(0, 0)], gives: "-1 EINVAL(22)"),
    ExportRow("B.len1", [(0, 1)], gives: "-1 EINVAL(22)"),
    ExportRow("B.len4097", [(0, 4097)], gives: "-1 EINVAL(22)"),
    ExportRow("B.len_beyond", [(0, bar + 4096)], gives: "-1 EINVAL(22)"),
    ExportRow("B.off_at_end", [(bar, 4096)], gives: "-1 EINVAL(22)"),
    ExportRow("B.off_huge", [(0 &- 4096, 4096)], gives: "-1 EOVERFLOW(75)"),
    ExportRow("B.len_2^63", [(0, 1 << 63)], gives: "-1 EINVAL(22)"),
    ExportRow("B.2nd_beyond", [(0, 4096), (bar, 4096)], gives: "-1 EINVAL(22)"),
    ExportRow("B.2ranges", [(0, 4096), (0x4000, 4096)], gives: "fd"),
    ExportRow("B.400ranges", (0..<400).map { (UInt64($0 % 7) * 4096, 8192) }, gives: "fd"),
  ]
}
