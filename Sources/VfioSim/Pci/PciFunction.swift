// SPDX-License-Identifier: GPL-2.0-only

/// A PCI function as it is described by a dump: everything about a device that never changes.
///
/// A description is made once and shared by any number of executions; what a running device changes, such as its
/// command register or its power state, begins with the values here and lives elsewhere. Every description has a
/// header of type 0 and at least one BAR in ``memoryBars``.
public final class PciFunction: Sendable {
  /// The place of the function in the machine.
  public let slot: PciSlot

  /// The class, the vendor and the device in the words of the dump.
  package let title: String

  /// The configuration space when the dump was made.
  package let config: ConfigImage

  /// The BARs whose size is known, at their index; always six places.
  ///
  /// The place after a `PciBar.Kind` BAR is empty, as are those of BARs that the function does not have.
  public let bars: [PciBar?]

  /// The expansion ROM, if the function has one and its size is known.
  package let rom: PciBar?

  /// The BARs, the ROM among them, whose memory cannot be lent out, each with its reason, by index.
  package let unusableBars: [UnusableBar]

  /// The capabilities, and what is broken about their lists.
  package let capabilityList: PciCapabilityList

  /// The power states, if the function has the capability.
  package let powerManagement: PciPowerManagement?

  /// The facts of a function on PCI Express.
  package let express: PciExpress?

  /// The reset of a function that is not on PCI Express.
  package let advancedFeatures: PciAdvancedFeatures?

  /// The interrupts by message.
  package let msi: PciMsi?

  /// The interrupts by table.
  package let msiX: PciMsiX?

  /// Understands one function of a dump.
  ///
  /// - Throws: The reason why the model cannot use the function; never ``PciDumpError/noUsableFunction(first:others:)``
  ///   or an error about the text as a whole.
  package init(_ function: LspciDump.Function) throws(PciDumpError) {
    let config = try function.configImage
    guard config.bytes[..<ConfigOffset.endOfHeader].contains(where: { $0 != .max }) else {
      throw .absent(line: function.hexLine(at: 0), slot: function.slot)
    }
    let headerType = config.byte(at: ConfigOffset.headerType) & 0x7f
    guard headerType == 0 else {
      let line = function.hexLine(at: ConfigOffset.headerType)
      throw .notEndpoint(line: line, slot: function.slot, headerType: headerType)
    }

    let windows = try BarReader(function, config)
    var list = PciCapabilityList(config)
    slot = function.slot
    title = function.title
    self.config = config
    bars = Array(windows.bars[..<PciBar.romIndex])
    rom = windows.bars[PciBar.romIndex]
    unusableBars = windows.unusable
    powerManagement = PciPowerManagement(&list, config)
    express = PciExpress(&list, config)
    advancedFeatures = PciAdvancedFeatures(&list, config)
    msi = PciMsi(&list, config)
    msiX = PciMsiX(&list, config)
    capabilityList = list

    guard !memoryBars.isEmpty else {
      throw .noMemoryBar(line: function.line, slot: slot, bars: unusableBars.filter { $0.index != PciBar.romIndex })
    }
  }
}

extension PciFunction {
  /// The BARs whose memory can be lent out: in memory, with a size and an address.
  public var memoryBars: [PciBar] {
    bars.compactMap { $0 }.filter { $0.isMemory && $0.isAssigned }
  }

  /// All capabilities: the standard ones, then the extended ones, each in the order of their list.
  package var capabilities: [PciCapability] { capabilityList.standard + capabilityList.extended }

  /// The vendor identifier.
  package var vendorId: UInt16 { config.word(at: ConfigOffset.vendorId) }

  /// The device identifier.
  package var deviceId: UInt16 { config.word(at: ConfigOffset.deviceId) }

  /// The vendor identifier of the subsystem; 0 if it has none.
  package var subsystemVendorId: UInt16 { config.word(at: ConfigOffset.subsystemVendorId) }

  /// The identifier of the subsystem.
  package var subsystemId: UInt16 { config.word(at: ConfigOffset.subsystemId) }

  /// The class in 24 bits: base class, sub-class, programming interface.
  package var classCode: UInt32 { config.dword(at: ConfigOffset.revision) >> 8 }

  /// The revision.
  package var revision: UInt8 { config.byte(at: ConfigOffset.revision) }

  /// The type of the header without the bit for several functions; always 0.
  package var headerType: UInt8 { config.byte(at: ConfigOffset.headerType) & 0x7f }

  /// Whether the device at this slot has more than one function.
  package var isMultifunction: Bool { config.byte(at: ConfigOffset.headerType) & 0x80 != 0 }

  /// The command register when the dump was made: bit 0 I/O, bit 1 memory, bit 2 bus master.
  package var command: UInt16 { config.word(at: ConfigOffset.command) }

  /// Whether the function can be reset alone.
  ///
  /// Advanced Features count only with both of their bits, as in the kernel.
  ///
  /// The corresponding C functions are `pcie_reset_flr` and `pci_af_flr`.
  public var hasFunctionLevelReset: Bool {
    if let express, express.hasFunctionLevelReset { return true }
    guard let advancedFeatures else { return false }
    return advancedFeatures.hasTransactionsPending && advancedFeatures.hasFunctionLevelReset
  }

  /// Whether the function seems to be a virtual function of another one.
  ///
  /// A dump does not say so outright. The signs are an identifier that reads all ones, and BARs that the registers
  /// do not show but the kernel does, in a function on PCI Express that cannot switch its memory on.
  package var isVirtualFunction: Bool {
    if vendorId == .max, deviceId == .max { return true }
    let isHidden = bars.allSatisfy { $0?.isVirtual ?? true }
    return isHidden && express != nil && command & 2 == 0
  }
}

extension PciFunction: CustomStringConvertible {
  /// The slot and the title, as on the first line of the dump.
  public var description: String { "\(slot) \(title)" }
}
