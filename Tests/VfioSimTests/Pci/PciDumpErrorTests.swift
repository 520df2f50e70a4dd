// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@Suite("Every fault of a dump has its line number and says what was expected")
struct PciDumpErrorTests {
  private func message(_ text: String, slot: String? = nil) -> String {
    do throws(PciDumpError) {
      return "no error: \(try PciFunction.parse(text, slot: slot))"
    } catch {
      #expect(!"\(error)".contains("\n"))
      return "\(error)"
    }
  }

  @Test("the small device that the other tests change is whole")
  func unchanged() throws {
    let function = try PciFunction.parse(SmallDevice.text)
    #expect(function.memoryBars.map(\.index) == [0, 2])
    #expect(function.bars[4]?.kind == .io && function.rom?.size == 65536)
    #expect(function.unusableBars == [UnusableBar(index: 4, reason: .ioPorts)])
  }

  @Test("texts without a function")
  func noFunction() {
    #expect(message("") == "the text is empty; expected what `lspci -vv -xxxx` prints")
    #expect(message(" \n\t\r\n") == message(""))
    #expect(
      message("\nlspci: command not found\n00: 86 80\n")
        == "line 2: no PCI function; found `lspci: command not found`, expected a line such as "
        + "`00:1f.0 Ethernet controller: …`")
    #expect(message("\tRegion 0:\n").hasPrefix("line 1: no PCI function; found `Region 0:`") == false)
    #expect(message(String(repeating: "x", count: 81)).contains(String(repeating: "x", count: 80) + "…`"))
  }

  @Test(
    "rows of the configuration space",
    arguments: [
      ("30: 00 00 90 fe 00", "3g: 00", "line 10: found `g` at column 2, expected bytes of two hexadecimal digits"),
      ("30: 00 00 90 fe 00", "30: 0z", "line 10: found `z` at column 6, expected bytes of two hexadecimal digits"),
      ("30: 00 00 90 fe 00", "30: é0", "line 10: found `é` at column 5, expected bytes of two hexadecimal digits"),
      ("30: 00 00 90 fe 00", "30: 000", "line 10: found `0` at column 7, expected bytes of two hexadecimal digits"),
      ("30: 00 00 90 fe 00", "30: 00 00 00 90 fe 00", "line 10: found 17 bytes in a row, expected 16"),
      ("20: 01 c0 00", "20: 01 c0", "line 9: found 15 bytes in a row, expected 16"),
      ("20: 01 c0", "40: 01 c0", "line 9: found the row at 40, expected the one at 20"),
      ("20: 01 c0", "10: 01 c0", "line 9: found the row at 10, expected the one at 20"),
      ("00: 36 1b", "10: 36 1b", "line 7: found the row at 10, expected the one at 00"),
      ("20: 01 c0", "+0: 01 c0", "line 9: found `+` at column 1, expected bytes of two hexadecimal digits"),
      ("20: 01 c0", "zz 20: 01 c0", "line 10: found the row at 30, expected the one at 20"),
      (
        "30: 00 00 90 fe 00", "30: 00 00 90",
        "line 10: the configuration space ends after 62 bytes; "
          + "expected 64, 256 or 4096"
      ),
      (
        "30: 00 00 90 fe 00", "zz 30: 00",
        "line 9: the configuration space ends after 48 bytes; "
          + "expected 64, 256 or 4096"
      ),
    ])
  func rows(part: String, by: String, expected: String) {
    #expect(message(SmallDevice.with((part, by))) == expected)
  }

  @Test("rows that end in the middle")
  func rowEnds() {
    let text = SmallDevice.text
    #expect(
      message(String(text.dropLast(2))) == "line 10: found the end of the line at column 51, "
        + "expected a hexadecimal digit")
    #expect(
      message(text + "40: 00 00\n") == "line 11: the configuration space ends after 66 bytes; "
        + "expected 64, 256 or 4096")
    #expect(message(text + "40:\n") == "line 11: found 0 bytes in a row, expected 16")
  }

  @Test("functions without an answer, or that are no endpoints")
  func headers() {
    let lines = SmallDevice.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      message(lines[..<6].joined(separator: "\n"))
        == "line 1: 00:05.0 has no rows of its configuration space; expected them after its description, "
        + "as `-xxxx` prints them")
    #expect(
      message(SmallDevice.with(("00 00 02 00 00 00 00", "00 00 02 00 00 81 00")))
        == "line 7: 00:05.0 has a header of type 1, a bridge; expected type 0, an endpoint")
    #expect(
      message(SmallDevice.with(("00 00 02 00 00 00 00", "00 00 02 00 00 02 00")))
        == "line 7: 00:05.0 has a header of type 2, a bridge; expected type 0, an endpoint")
    let ones = String(repeating: " ff", count: 16)
    #expect(
      message("01:00.0 Gone (rev ff)\n00:\(ones)\n10:\(ones)\n20:\(ones)\n30:\(ones)\n")
        == "line 2: 01:00.0 reads as all ones; expected a function that answers")
  }

  @Test(
    "lines about regions",
    arguments: [
      (
        "Region 0:", "Region 6:",
        "`Region 6: Memory at fe800000 (32-bit, non-prefetchable) [size=4K]`, "
          + "expected `Region N:` with N from 0 to 5"
      ),
      (
        "Region 0:", "Region x:",
        "`Region x: Memory at fe800000 (32-bit, non-prefetchable) [size=4K]`, "
          + "expected `Region N:` with N from 0 to 5"
      ),
      (
        "Memory at fe800000", "Mem at fe800000",
        "`Region 0: Mem at fe800000 (32-bit, non-prefetchable) [size=4K]`, "
          + "expected `Memory at` or `I/O ports at`"
      ),
      (
        "fe800000 (", "fe80000g (",
        "`Region 0: Memory at fe80000g (32-bit, non-prefetchable) [size=4K]`, "
          + "expected an address of 1 to 16 hexadecimal digits, `<unassigned>` or `<ignored>`"
      ),
      (
        "fe800000 (", "00000000fe8000000 (",
        "`Region 0: Memory at 00000000fe8000000 (32-bit, non-prefetchable) [size=4K]`, "
          + "expected an address of 1 to 16 hexadecimal digits, `<unassigned>` or `<ignored>`"
      ),
      (
        " (32-bit, non-prefetchable)", "",
        "`Region 0: Memory at fe800000 [size=4K]`, "
          + "expected ` (32-bit, …)` or ` (64-bit, …)` after the address"
      ),
      (
        "32-bit", "16-bit",
        "`Region 0: Memory at fe800000 (16-bit, non-prefetchable) [size=4K]`, "
          + "expected the width `32-bit`, `64-bit` or `low-1M`"
      ),
      (
        "non-prefetchable", "none",
        "`Region 0: Memory at fe800000 (32-bit, none) [size=4K]`, "
          + "expected `prefetchable` or `non-prefetchable`"
      ),
      (
        " [size=4K]", " size=4K",
        "`Region 0: Memory at fe800000 (32-bit, non-prefetchable) size=4K`, "
          + "expected remarks in brackets, such as ` [size=4K]`, to the end of the line"
      ),
      (
        "[size=4K]", "[size=4K] [size=8K]",
        "`Region 0: Memory at fe800000 (32-bit, non-prefetchable) [size=4K] [size=8K]`, "
          + "expected one size"
      ),
      ("4K]", "4Q]", "`size=4Q`, expected a number of bytes with no suffix or K, M, G or T"),
      ("4K]", "-4K]", "`size=-4K`, expected a number of bytes with no suffix or K, M, G or T"),
      ("4K]", "K]", "`size=K`, expected a number of bytes with no suffix or K, M, G or T"),
      ("4K]", "3K]", "`size=3K`, expected a power of two below 2^64"),
      ("4K]", "0]", "`size=0`, expected a power of two below 2^64"),
      ("4K]", "16777216T]", "`size=16777216T`, expected a power of two below 2^64"),
      ("4K]", "8]", "`size=8`, expected at least 16 bytes of memory"),
      ("4K]", "4G]", "`size=4G`, expected at most 2G in a 32-bit window"),
      ("4K]", "16M]", "`0xfe800000`, expected a multiple of the size 0x1000000"),
    ])
  func regions(part: String, by: String, expected: String) {
    #expect(message(SmallDevice.with((part, by))) == "line 3: found " + expected)
  }

  @Test("windows at the end of the address space, upon another one, and lines that come twice")
  func regionsTogether() {
    #expect(
      message(
        SmallDevice.with(
          ("800000000 (", "fffffffffff00000 ("), ("0c 00 00 00 08 00 00 00", "0c 00 f0 ff ff ff ff ff")))
        == "line 4: found `0xfffffffffff00000`, expected a window that ends below 2^64")
    #expect(
      message(
        SmallDevice.with(
          ("800000000 (", "fe800000 ("), ("0c 00 00 00 08 00 00 00", "0c 00 80 fe 00 00 00 00")))
        == "line 4: found `0xfe800000`, expected an address outside of BAR0")
    #expect(
      message(SmallDevice.with(("Region 2:", "Region 0:")))
        == "line 4: found `Region 0: Memory at 800000000 (64-bit, prefetchable) [size=1M]`, "
        + "expected no second line about BAR0 after line 3")
  }

  @Test(
    "text and registers that contradict each other",
    arguments: [
      (
        "10: 00 00 80 fe", "10: 00 00 90 fe", 3, 8, "BAR0 is 32-bit non-prefetchable memory at 0xfe800000",
        "32-bit non-prefetchable memory at 0xfe900000"
      ),
      (
        "10: 00 00 80 fe", "10: 08 00 80 fe", 3, 8, "BAR0 is 32-bit non-prefetchable memory at 0xfe800000",
        "32-bit prefetchable memory at 0xfe800000"
      ),
      (
        "10: 00 00 80 fe", "10: 00 00 00 00", 3, 8, "BAR0 is 32-bit non-prefetchable memory at 0xfe800000",
        "there is none"
      ),
      (
        "10: 00 00 80 fe", "10: 06 00 80 fe", 3, 8, "BAR0 is 32-bit non-prefetchable memory at 0xfe800000",
        "non-prefetchable memory of the reserved type 3 at 0xfe800000"
      ),
      (
        "10: 00 00 80 fe", "10: 01 00 80 fe", 3, 8, "BAR0 is 32-bit non-prefetchable memory at 0xfe800000",
        "I/O ports at 0xfe800000"
      ),
      (
        "08 00 00 00\n20", "09 00 00 00\n20", 4, 8, "BAR2 is 64-bit prefetchable memory at 0x800000000",
        "64-bit prefetchable memory at 0x900000000"
      ),
      (
        "64-bit", "32-bit", 4, 8, "BAR2 is 32-bit prefetchable memory at 0x800000000",
        "64-bit prefetchable memory at 0x800000000"
      ),
      ("20: 01 c0", "20: 01 d0", 5, 9, "BAR4 is I/O ports at 0xc000", "I/O ports at 0xd000"),
      ("30: 00 00 90 fe", "30: 01 00 a0 fe", 6, 10, "ROM is at 0xfe900000", "at 0xfea00000"),
      (
        "Region 4: I/O ports at c000 [size=32]", "Region 3: I/O ports at c000 [size=32]", 5, 8,
        "BAR3 is I/O ports at 0xc000", "it is the upper half of BAR2"
      ),
    ])
  func disagreements(part: String, by: String, line: Int, hexLine: Int, text: String, hex: String) {
    let change = SmallDevice.with((part, by))
    #expect(throws: PciDumpError.disagreement(line: line, text: text, hexLine: hexLine, hex: hex)) {
      try PciFunction.parse(change)
    }
    #expect(message(change) == "line \(line): the text says \(text), but the register at line \(hexLine) says \(hex)")
  }

  @Test("functions with nothing to lend say why for each BAR")
  func noMemoryBar() {
    let nothing = [
      ("at fe800000", "at <ignored>"), ("at 800000000", "at <unassigned>"), ("[size=1M]", "[disabled] [size=1M]"),
      ("I/O ports at c000 [size=32]", "I/O ports at c000 [disabled]"),
    ]
    var text = SmallDevice.text
    for (part, by) in nothing { text = text.replacing(part, with: by) }
    #expect(
      message(text)
        == "line 1: 00:05.0 has no usable memory BAR: BAR0 has an address that the kernel ignores; "
        + "BAR2 has no address; BAR4 is a window of I/O ports")
    let bare = SmallDevice.text.split(separator: "\n").filter { !$0.hasPrefix("\t") }.joined(separator: "\n")
    #expect(
      message(bare)
        == "line 1: 00:05.0 has no usable memory BAR: BAR0 has no known size (there is no line about it); "
        + "BAR2 has no known size (there is no line about it); BAR4 has no known size (there is no line about it)")
  }

  @Test("slots that are not there")
  func slots() {
    let text = SmallDevice.text + "\n" + SmallDevice.text.replacing("00:05.0", with: "10000:e1:00.0")
    #expect(message(text, slot: "00:06.0") == "no function 00:06.0; the text has 00:05.0, 10000:e1:00.0")
    #expect(message(text, slot: "eth0") == "`eth0` is not a slot; expected one such as `00:1f.0` or `0000:00:1f.0`")
    #expect(message(text, slot: "0000:00:05.0") == "no error: 00:05.0 Ethernet controller: Example (rev 01)")
    #expect(message(text, slot: "10000:e1:00.0") == "no error: 10000:e1:00.0 Ethernet controller: Example (rev 01)")
  }

  @Test("several functions of which none can be used")
  func noneUsable() throws {
    let text = try Dumps.functions("cap-vc-and-rcl").filter { $0.slot.hasPrefix("00:1c") }.map(\.text).joined()
    #expect(
      message(text)
        == "line 42: 00:1c.0 has a header of type 1, a bridge; expected type 0, an endpoint "
        + "(and 3 other functions, none usable)")
    #expect(message(text, slot: "00:1c.1").hasPrefix("line 340: 00:1c.1 has a header of type 1"))
  }

  @Test("the line number of an error is the one of its message")
  func lines() throws {
    for name in Dumps.names {
      for case .failure(let error) in try LspciDump.functions(in: Dumps.text(name)) {
        let line = try #require(error.line)
        #expect("\(error)".hasPrefix("line \(line): "))
        #expect(PciDumpError.noUsableFunction(first: error, others: 1).line == line)
      }
    }
    #expect(PciDumpError.emptyText.line == nil)
  }
}
