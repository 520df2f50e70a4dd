// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@Suite("Capability lists are walked to their end, however broken")
struct PciCapabilityTests {
  /// An image with a header that has a list, and some bytes set by offset.
  private func list(size: Int = 256, _ bytes: [Int: [UInt8]]) throws -> PciCapabilityList {
    var image = [UInt8](repeating: 0, count: size)
    image[0x06] = 0x10
    for (offset, values) in bytes {
      image.replaceSubrange(offset..<offset + values.count, with: values)
    }
    return PciCapabilityList(try #require(ConfigImage(image)))
  }

  @Test("without the bit in the status register there is no list")
  func absent() throws {
    let list = try list([0x06: [0], 0x34: [0x40], 0x40: [1, 0]])
    #expect(list.standard.isEmpty && list.extended.isEmpty && list.defects.isEmpty)
  }

  @Test("the order is the one of the list")
  func order() throws {
    let list = try list([0x34: [0x80], 0x80: [0x11, 0x40], 0x40: [0x01, 0x00]])
    #expect(list.standard.map(\.offset) == [0x80, 0x40] && list.standard.map(\.next) == [0x40, 0])
    #expect(list.first(PciCapabilityId.powerManagement)?.offset == 0x40)
    #expect(list.first(PciCapabilityId.express) == nil && list.defects.isEmpty)
  }

  @Test("what is broken in the standard list")
  func standardDefects() throws {
    #expect(try list([0x34: [0x40], 0x40: [9, 0x50], 0x50: [9, 0x40]]).defects == [.loops(from: 0x50, to: 0x40)])
    #expect(try list([0x34: [0x40], 0x40: [9, 0x40]]).defects == [.loops(from: 0x40, to: 0x40)])
    #expect(try list([0x34: [0x3c]]).defects == [.pointsTooLow(from: 0x34, to: 0x3c)])
    #expect(
      try list([0x34: [0x40], 0x40: [9, 0x01]]).defects
        == [.pointsUnaligned(from: 0x40, to: 1), .pointsTooLow(from: 0x40, to: 1)])
    #expect(try list([0x34: [0x40], 0x40: [0xff, 0xff]]).defects == [.missing(at: 0x40)])
    #expect(try list(size: 64, [0x34: [0x40]]).defects == [.outsideImage(at: 0x40)])
    let unaligned = try list([0x34: [0x43], 0x40: [9, 0]])
    #expect(unaligned.standard.map(\.offset) == [0x40])
    #expect(unaligned.defects == [.pointsUnaligned(from: 0x34, to: 0x43)])
  }

  @Test("what is broken in the extended list")
  func extendedDefects() throws {
    let express: [Int: [UInt8]] = [0x34: [0x40], 0x40: [0x10, 0], 0x200: [1]]
    func extended(_ bytes: [Int: [UInt8]]) throws -> PciCapabilityList {
      try list(size: 4096, express.merging(bytes) { $1 })
    }
    #expect(try extended([:]).extended.isEmpty && extended([:]).defects.isEmpty)
    #expect(try extended([0x100: [0xff, 0xff, 0xff, 0xff]]).defects.isEmpty)
    let two = try extended([0x100: [0x01, 0x00, 0x02, 0x15], 0x150: [0x0e, 0x00, 0x01, 0x00]])
    #expect(two.extended.map(\.offset) == [0x100, 0x150] && two.extended.map(\.version) == [2, 1])
    #expect(two.defects.isEmpty && two.extended.allSatisfy(\.isExtended))
    #expect(try extended([0x100: [1, 0, 1, 0x10]]).defects == [.loops(from: 0x100, to: 0x100)])
    #expect(try extended([0x100: [1, 0, 1, 0x08]]).defects == [.pointsTooLow(from: 0x100, to: 0x80)])
    #expect(try extended([0x100: [1, 0, 1, 0x30]]).defects == [.missing(at: 0x300)])
    let last = try extended([0x100: [1, 0, 0xf1, 0xff], 0xffc: [2, 0, 1, 0]])
    #expect(last.extended.map(\.offset) == [0x100, 0xffc])
    #expect(last.defects == [.pointsUnaligned(from: 0x100, to: 0xfff)])
  }

  @Test("only PCI Express, fast PCI-X and host bridges have an extended list")
  func whereExtended() throws {
    let entry: [Int: [UInt8]] = [0x34: [0x40], 0x40: [0x07, 0], 0x100: [1, 0, 1, 0]]
    #expect(try list(size: 4096, entry).extended.isEmpty)
    #expect(try list(size: 4096, entry.merging([0x47: [0x40]]) { $1 }).extended.count == 1)
    #expect(try list(size: 4096, entry.merging([0x0b: [0x06]]) { $1 }).extended.count == 1)
  }

  @Test("a capability whose body the image lacks is no fact and one defect")
  func body() throws {
    let rows = SmallDevice.with(("06 00 00 00", "06 00 10 00"), ("30: 00 00 90 fe 00", "30: 00 00 90 fe fc"))
    let zeros = String(repeating: " 00", count: 16)
    var text = rows
    for offset in stride(from: 0x40, to: 0xf0, by: 16) { text += "\(String(offset, radix: 16)):\(zeros)\n" }
    text += "f0:\(String(repeating: " 00", count: 12)) 11 00 00 00\n"
    let function = try PciFunction.parse(text)
    #expect(function.capabilities.map(\.id) == [PciCapabilityId.msiX] && function.msiX == nil)
    #expect(function.capabilityList.defects == [.outsideImage(at: 0xfc)])
  }

  @Test("defects read like sentences")
  func words() {
    let defects: [PciCapabilityList.Defect] = [
      .pointsTooLow(from: 0x34, to: 4), .pointsUnaligned(from: 0x40, to: 0x51), .loops(from: 0x150, to: 0x100),
      .missing(at: 0x40), .outsideImage(at: 0x100), .aliased,
    ]
    #expect(
      defects.map(\.description) == [
        "[34] points to 04, before any list", "[40] points to 51, not aligned to 4", "[150] points back to [100]",
        "[40] holds no capability", "[100] lies behind the end of the dump",
        "the extended space repeats the standard space",
      ])
  }
}
