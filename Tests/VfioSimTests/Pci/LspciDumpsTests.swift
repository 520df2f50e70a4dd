// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing
import VfioSim

@Suite("Every function of every dump is a device that equals its text, or is refused with a reason")
struct LspciDumpsTests {
  static let accepted: [String: [String]] = [
    "broken-ecaps": [],
    "cap-ide": [],
    "cap-pci-af": [],
    "cap-pcie-2": ["01:00.0"],
    "cap-vc-and-rcl": ["00:1b.0", "00:1d.7", "01:00.0", "02:00.0"],
    "cap-vendor-virtio": ["00:09.0", "00:04.0"],
  ]

  static let refused: [String: [String]] = [
    "broken-ecaps": ["line 1: 00:00.0 has no usable memory BAR: it has no BAR at all"],
    "cap-ide": [
      "line 1: e1:00.0 has no usable memory BAR: BAR0 has no known size (its line has no `[size=…]`); "
        + "BAR2 has no known size (its line has no `[size=…]`)"
    ],
    "cap-pci-af": ["line 1: 00:1d.0 has no usable memory BAR: BAR4 is a window of I/O ports"],
    "cap-pcie-2": [],
    "cap-vc-and-rcl": [
      "line 327: 00:1c.0 has a header of type 1, a bridge; expected type 0, an endpoint",
      "line 625: 00:1c.1 has a header of type 1, a bridge; expected type 0, an endpoint",
      "line 923: 00:1c.2 has a header of type 1, a bridge; expected type 0, an endpoint",
      "line 1221: 00:1c.3 has a header of type 1, a bridge; expected type 0, an endpoint",
      "line 1478: 00:1d.0 has no usable memory BAR: BAR4 is a window of I/O ports",
      "line 1504: 00:1d.1 has no usable memory BAR: BAR4 is a window of I/O ports",
      "line 1530: 00:1d.2 has no usable memory BAR: BAR4 is a window of I/O ports",
      "line 1556: 00:1d.3 has no usable memory BAR: BAR4 is a window of I/O ports",
      "line 1621: 00:1e.0 has a header of type 1, a bridge; expected type 0, an endpoint",
      "line 1638: 00:1f.0 has no usable memory BAR: it has no BAR at all",
      "line 1661: 00:1f.2 has no usable memory BAR: BAR0 is a window of I/O ports; BAR1 is a window of I/O ports; "
        + "BAR2 is a window of I/O ports; BAR3 is a window of I/O ports; BAR4 is a window of I/O ports",
      "line 1693: 00:1f.3 has no usable memory BAR: BAR4 is a window of I/O ports",
    ],
    "cap-vendor-virtio": [],
  ]

  @Test("accepts and refuses exactly these", arguments: Dumps.names)
  func outcomes(name: String) throws {
    var devices: [String] = []
    var reasons: [String] = []
    for result in try LspciDump.functions(in: Dumps.text(name)) {
      switch result {
      case .success(let function): devices.append("\(function.slot)")
      case .failure(let error): reasons.append("\(error)")
      }
    }
    #expect(devices == Self.accepted[name])
    #expect(reasons == Self.refused[name])
  }

  @Test("a function alone is the same as in company", arguments: Dumps.names)
  func alone(name: String) throws {
    let together = try LspciDump.functions(in: Dumps.text(name))
    let texts = try Dumps.functions(name)
    #expect(together.count == texts.count)
    for (result, text) in zip(together, texts) {
      let single = try #require(try LspciDump.functions(in: text.text).first)
      switch (result, single) {
      case (.success(let left), .success(let right)):
        #expect(left.bars == right.bars && left.config == right.config && left.title == right.title)
        #expect(left.capabilityList == right.capabilityList)
      case (.failure, .failure): break
      default: Issue.record("\(text.slot) differs")
      }
    }
  }

  @Test("the windows equal the lines about regions", arguments: Dumps.names)
  func windows(name: String) throws {
    var checked = 0
    for (slot, text) in try Dumps.functions(name) where Self.accepted[name]?.contains(slot) == true {
      let function = try PciFunction.parse(text, slot: slot)
      let lines = SecondReading.windows(text)
      #expect((function.bars + [function.rom]).compactMap { $0 }.map(SecondReading.Window.init) == lines, "\(slot)")
      #expect(function.memoryBars.map(\.index) == lines.filter { $0.isMemory && $0.index < 6 }.map(\.index), "\(slot)")
      checked += lines.count
    }
    let expected = ["cap-pcie-2": 5, "cap-vc-and-rcl": 7, "cap-vendor-virtio": 6]
    #expect(checked == expected[name, default: 0])
  }

  @Test("the capabilities equal the lines about capabilities, of refused functions too", arguments: Dumps.names)
  func capabilities(name: String) throws {
    var checked = 0
    for function in try LspciDump(Dumps.text(name)).functions {
      let texts = try Dumps.functions(name).filter { $0.slot == "\(function.slot)" }
      let text = try #require(texts.first).text
      let list = PciCapabilityList(try function.configImage)
      guard text.contains("\tControl:") else { continue }
      let lines = SecondReading.capabilities(text)
      let found = list.standard + list.extended
      #expect(found.map(\.offset) == lines.map(\.offset), "\(function.slot)")
      for (capability, line) in zip(found, lines) {
        #expect(SecondReading.ids(line.words, isExtended: line.offset >= 0x100).contains(capability.id), "\(line)")
        if let version = line.version { #expect(Int(capability.version) == version, "\(line)") }
      }
      #expect(list.defects.isEmpty, "\(function.slot)")
      checked += lines.count
    }
    let expected = [
      "broken-ecaps": 0, "cap-ide": 13, "cap-pci-af": 1, "cap-pcie-2": 8, "cap-vc-and-rcl": 49,
      "cap-vendor-virtio": 11,
    ]
    #expect(checked == expected[name])
  }

  @Test("resets, power states and interrupts equal their lines", arguments: Dumps.names)
  func facts(name: String) throws {
    for (slot, text) in try Dumps.functions(name) where Self.accepted[name]?.contains(slot) == true {
      let function = try PciFunction.parse(text)
      let states = text.firstMatch(of: /\tFlags: PMEClk.*D1([+-]) D2([+-])/)
      #expect(function.powerManagement?.supportsD1 == states.map { $0.1 == "+" }, "\(slot)")
      #expect(function.powerManagement?.supportsD2 == states.map { $0.2 == "+" }, "\(slot)")
      if let reset = text.firstMatch(of: /Status: D0 NoSoftRst([+-])/) {
        #expect(function.powerManagement?.hasNoSoftReset == (reset.1 == "+"), "\(slot)")
      }
      #expect(function.powerManagement?.state == (text.contains("Status: D0 ") ? 0 : nil), "\(slot)")
      let express = text.firstMatch(of: /DevCap:[^\n]*\n[^\n]* FLReset([+-])/)
      #expect(function.express?.hasFunctionLevelReset == express.map { $0.1 == "+" }, "\(slot)")
      #expect(function.hasFunctionLevelReset == (express?.1 == "+"), "\(slot)")
      let table = text.firstMatch(of: /MSI-X: Enable[+-] .*?(?:Count|TabSize)=(\d+)/)
      #expect(function.msiX?.entryCount == table.flatMap { Int($0.1) }, "\(slot)")
      let place = text.firstMatch(of: /Vector table: BAR=(\d) offset=([0-9a-f]+)/)
      #expect(function.msiX?.tableBar == place.flatMap { Int($0.1) }, "\(slot)")
      #expect(function.msiX?.tableOffset == place.flatMap { UInt64($0.2, radix: 16) }, "\(slot)")
      let pending = text.firstMatch(of: /PBA: BAR=(\d) offset=([0-9a-f]+)/)
      #expect(function.msiX?.pendingBar == pending.flatMap { Int($0.1) }, "\(slot)")
      #expect(function.msiX?.pendingOffset == pending.flatMap { UInt64($0.2, radix: 16) }, "\(slot)")
      let messages = text.firstMatch(of: /MSI: .*Count=1\/(\d+)/)
      #expect(function.msi?.messageCount == messages.flatMap { Int($0.1) }, "\(slot)")
      #expect(function.msi?.is64Bit == messages.map { _ in text.firstMatch(of: /MSI: .*64bit\+/) != nil }, "\(slot)")
      #expect(function.isVirtualFunction == false, "\(slot)")
    }
  }

  @Test("an extended space that repeats the standard one has no list")
  func aliased() throws {
    let function = try #require(try LspciDump(Dumps.text("broken-ecaps")).functions.first)
    let image = try function.configImage
    #expect(image.size == 4096 && image.isAliased)
    let list = PciCapabilityList(image)
    #expect(list.standard.isEmpty, "the pointer is there, the bit in the status register is not")
    #expect(list.extended.isEmpty)
    #expect(list.defects == [.aliased])
  }

  @Test("Advanced Features reset a function that is not on PCI Express")
  func advancedFeatures() throws {
    let text = try Dumps.text("cap-pci-af")
      .replacing("Region 4: I/O ports", with: "Region 0: Memory at 90000000 (32-bit, non-prefetchable) [size=4K]\n\tX:")
      .replacing("\n10: 00 00 00 00", with: "\n10: 00 00 00 90")
    let function = try PciFunction.parse(text)
    #expect(function.hasFunctionLevelReset && function.express == nil)
    let features = try #require(function.advancedFeatures)
    #expect(features.offset == 0x50 && features.hasTransactionsPending && features.hasFunctionLevelReset)
    let half = try PciFunction.parse(text.replacing("50: 13 00 06 03", with: "50: 13 00 06 02"))
    #expect(half.advancedFeatures?.hasFunctionLevelReset == true && !half.hasFunctionLevelReset)
  }
}
