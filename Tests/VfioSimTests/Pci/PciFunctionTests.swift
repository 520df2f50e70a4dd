// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@Suite("A PCI function takes from a text what the text says and no more")
struct PciFunctionTests {
  @Test("the built-in device has what its text says")
  func builtIn() throws {
    let function = PciFunction.builtIn
    let lines = SecondReading.windows(PciFunction.builtInText)
    #expect(function.bars.compactMap { $0 }.map(SecondReading.Window.init) == lines)
    #expect(lines.map(\.size) == [4096, 1 << 20, 16384])
    #expect(function.memoryBars.map(\.index) == [0, 2, 4])
    #expect(function.unusableBars.isEmpty && function.rom == nil)
    #expect(function.capabilities.map(\.offset) == SecondReading.capabilities(PciFunction.builtInText).map(\.offset))
    #expect(function.capabilityList.defects.isEmpty)
    let power = try #require(function.powerManagement)
    #expect(power.supportsD1 && !power.supportsD2 && !power.hasNoSoftReset && power.state == 0)
    let table = try #require(function.msiX)
    #expect(table.tableBar == 0 && table.entryCount == 4 && table.tableSize == 64)
    #expect(table.pendingBar == 0 && table.pendingOffset == 0x800)
    #expect(function.hasFunctionLevelReset && function.express?.portType == 0 && !function.isVirtualFunction)
    #expect(function.command == 0x0006 && function.headerType == 0 && !function.isMultifunction)
    #expect(function.vendorId == 0x1b36 && function.deviceId == 0x10f1)
    #expect(function.subsystemVendorId == 0x1af4 && function.subsystemId == 0x1100)
    #expect(function.classCode == 0xff0000 && function.revision == 1)
    #expect(PciFunction.builtIn === function)
  }

  @Test(
    "suffixes of sizes",
    arguments: [
      ("4096", UInt64(4096)), ("16", 16), ("64K", 65536), ("2M", 2 << 20), ("1G", 1 << 30), ("64G", 64 << 30),
      ("1T", 1 << 40), ("8T", 8 << 40),
    ])
  func sizes(text: String, size: UInt64) throws {
    let address: UInt64 = 0x1_0000_0000_0000
    let function = try PciFunction.parse(
      SmallDevice.with(
        ("800000000 (", "\(String(address, radix: 16)) ("), ("[size=1M]", "[size=\(text)]"),
        ("08 00 00 00\n20", "00 00 01 00\n20")))
    let bar = try #require(function.bars[2])
    #expect(bar.size == size && bar.kind == .memory64 && bar.isPrefetchable)
    #expect(bar.addresses == address..<address + size)
  }

  @Test("a 32-bit window may end at 4 GiB")
  func endOf32Bits() throws {
    let function = try PciFunction.parse(
      SmallDevice.with(("fe800000 (", "fffff000 ("), ("10: 00 00 80 fe", "10: 00 f0 ff ff")))
    #expect(function.bars[0]?.addresses.upperBound == 1 << 32)
  }

  @Test("a window below 1 MiB is an ordinary one")
  func low() throws {
    let function = try PciFunction.parse(
      SmallDevice.with(
        ("fe800000 (32-bit", "000d0000 (low-1M"), ("10: 00 00 80 fe", "10: 02 00 0d 00")))
    #expect(function.bars[0]?.kind == .memory32 && function.bars[0]?.address == 0xd0000)
  }

  @Test(
    "windows that cannot be lent out do not stop the others",
    arguments: [
      ("fe800000 (32-bit, non-prefetchable) [size=4K]", "fe800000 (32-bit, non-prefetchable)", "BAR0 sizeUnknown -"),
      ("fe800000 (32-bit", "<unassigned> (32-bit", "BAR0 unassigned +"),
      ("fe800000 (32-bit", "<ignored> (32-bit", "BAR0 ignored +"),
      ("fe800000 (32-bit", "<unassigned> (type 3", "BAR0 reservedType -"),
      ("Region 0: Memory at fe800000", "Region 0: [virtual] Memory at fe800000", ""),
      ("\tRegion 0: Memory", "Region 0: Memory", "BAR0 notDescribed -"),
      (
        "Region 4: I/O ports at c000 [size=32]", "Region 5: Memory at <invalid-64bit-slot> (64-bit, prefetchable)",
        "BAR4 notDescribed -, BAR5 noUpperHalf -"
      ),
      (
        "Memory at fe800000 (32-bit, non-prefetchable) [size=4K]",
        "Memory at 000001f0 (32-bit, non-prefetchable) [virtual] [size=8]", "BAR0 legacyPorts -"
      ),
    ])
  func unusable(part: String, by: String, expected: String) throws {
    let function = try PciFunction.parse(SmallDevice.with((part, by)))
    let all = function.unusableBars.map {
      "BAR\($0.index) \($0.reason) \(function.bars[$0.index] == nil ? "-" : "+")"
    }
    #expect(all.filter { $0 != "BAR4 ioPorts +" }.joined(separator: ", ") == expected)
    #expect(function.memoryBars.map(\.index) == (expected.contains("BAR0") ? [2] : [0, 2]))
  }

  @Test("a ROM that is off may lie elsewhere than its register says, and may have no size")
  func rom() throws {
    let moved = try PciFunction.parse(SmallDevice.with(("30: 00 00 90 fe", "30: 00 00 fe ff")))
    #expect(moved.rom?.address == 0xfe90_0000 && moved.rom?.isDisabled == true)
    let unknown = try PciFunction.parse(SmallDevice.with(("[disabled] [size=64K]", "[disabled]")))
    #expect(unknown.rom == nil && unknown.unusableBars.contains(UnusableBar(index: 6, reason: .sizeUnknown)))
    let command = try PciFunction.parse(SmallDevice.with(("[disabled] [size=64K]", "[disabled by cmd] [size=64K]")))
    #expect(command.rom?.isDisabled == true && command.rom?.index == PciBar.romIndex)
  }

  @Test("a virtual function has its windows from the kernel")
  func virtualFunction() throws {
    var text = SmallDevice.text
    for (part, by) in [
      ("[size=4K]", "[virtual] [size=4K]"), ("[size=1M]", "[virtual] [size=1M]"),
      ("\tRegion 4: I/O ports at c000 [size=32]\n", ""), ("\tExpansion ROM at fe900000 [disabled] [size=64K]\n", ""),
      ("00: 36 1b f1 10 06 00 00", "00: ff ff ff ff 00 00 10"), ("20: 01 c0", "20: 00 00"), ("80 fe", "00 00"),
      ("0c 00 00 00 08", "00 00 00 00 00"), ("30: 00 00 90 fe", "30: 00 00 00 00"),
    ] { text = text.replacing(part, with: by) }
    let function = try PciFunction.parse(text)
    #expect(function.isVirtualFunction)
    #expect(function.memoryBars.map(\.address) == [0xfe80_0000, 0x8_0000_0000])
    #expect(function.memoryBars.allSatisfy { $0.isVirtual })
  }

  @Test("a virtual function that shows an identifier is known by its windows and its command register")
  func disguisedVirtualFunction() throws {
    let windows = PciFunction.builtInText.replacing(" [size=", with: " [virtual] [size=")
    #expect(try !PciFunction.parse(windows).isVirtualFunction)
    let command = windows.replacing("10f1", with: "10f2").replacing("f1 10 06 00", with: "f2 10 04 00")
    #expect(try PciFunction.parse(command).isVirtualFunction)
  }

  @Test("carriage returns, spaces instead of tabs and lines between change nothing")
  func layout() throws {
    let plain = try PciFunction.parse(SmallDevice.text)
    for text in [
      SmallDevice.text.replacing("\n", with: "\r\n"), SmallDevice.text.replacing("\t", with: "        "),
      "$ sudo lspci -vv -xxxx\n\n" + SmallDevice.text.replacing("00: 36", with: "lspci: a warning\n\n00: 36"),
    ] {
      let function = try PciFunction.parse(text)
      #expect(function.bars == plain.bars && function.config == plain.config && function.title == plain.title)
    }
  }

  @Test("the first function that can be used is taken, unless a slot is named")
  func choice() throws {
    let text = try Dumps.text("cap-pci-af") + Dumps.text("cap-vendor-virtio")
    #expect(try PciFunction.parse(text).slot == PciSlot("00:09.0"))
    #expect(try PciFunction.parse(text, slot: "00:04.0").memoryBars.map(\.size) == [16384, 1 << 30])
    #expect(throws: PciDumpError.self) { try PciFunction.parse(text, slot: "00:1d.0") }
  }

  @Test("a dump keeps the line of every row")
  func hexLines() throws {
    let function = try #require(try LspciDump(SmallDevice.text).functions.first)
    #expect(function.hexLines == [7, 8, 9, 10])
    #expect(function.hexLine(at: 0x1f) == 8 && function.hexLine(at: 0xfff) == 10)
    #expect(function.lines.map(\.number) == [2, 3, 4, 5, 6])
  }
}
