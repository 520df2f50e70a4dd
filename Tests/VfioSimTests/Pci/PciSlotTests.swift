// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@Suite("Slots and configuration images")
struct PciSlotTests {
  @Test("are read as lspci and the kernel write them")
  func slots() {
    #expect(PciSlot("00:1f.7") == PciSlot(bus: 0, device: 31, function: 7))
    #expect(PciSlot("0000:e1:00.0") == PciSlot("e1:00.0"))
    #expect(PciSlot("10000:01:02.3")?.domain == 0x10000)
    #expect(PciSlot("10000:01:02.3")?.description == "10000:01:02.3")
    #expect(PciSlot("0002:01:02.3")?.description == "0002:01:02.3")
    #expect(PciSlot("e1:00.0")?.description == "e1:00.0" && PciSlot("e1:00.0")?.name == "0000:e1:00.0")
  }

  @Test(
    "anything else is none",
    arguments: [
      "", ":", ".", "00:20.0", "00:1f.8", "0:1f.0", "000:1f.0", "00:1f.", "00:1f", "1:00:1f.0", "00:1f.0.0", "0g:00.0",
      "0x:00.0", "+1:00.0", "00:1f.00", "000000000:00:00.0", " 00:00.0",
    ])
  func noSlots(text: String) {
    #expect(PciSlot(text) == nil)
  }

  @Test("an image reads little-endian and answers with ones outside")
  func image() throws {
    let image = try #require(ConfigImage((0..<64).map { UInt8($0) }))
    #expect(image.byte(at: 1) == 0x01 && image.word(at: 1) == 0x0201 && image.dword(at: 1) == 0x0403_0201)
    #expect(image.dword(at: 60) == 0x3f3e_3d3c && image.dword(at: 61) == .max && image.word(at: 63) == .max)
    #expect(image.byte(at: 64) == .max && image.byte(at: -1) == .max && image.byte(at: .max) == .max)
    #expect(image.contains(60, count: 4) && !image.contains(61, count: 4) && !image.contains(.max, count: .max))
    #expect(ConfigImage([]) == nil && ConfigImage([UInt8](repeating: 0, count: 128)) == nil)
  }
}
