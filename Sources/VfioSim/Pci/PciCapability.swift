// SPDX-License-Identifier: GPL-2.0-only

/// One entry of a function's capability list.
package struct PciCapability: Sendable, Hashable {
  /// The offset in bytes of the entry in the configuration space.
  package let offset: Int

  /// The identifier; standard and extended capabilities are numbered separately.
  package let id: UInt16

  /// The version of an extended capability; 0 for a standard one, whose header has no such field.
  package let version: UInt8

  /// The offset in bytes that the entry gives for the next one, as it stands there; 0 ends the list.
  package let next: Int

  /// Whether the entry lies in the extended space.
  package var isExtended: Bool { offset >= ConfigOffset.extendedSpace }
}

/// The identifiers of the standard capabilities that the model reads.
package enum PciCapabilityId {
  /// Power Management; `PCI_CAP_ID_PM`.
  package static let powerManagement: UInt16 = 0x01
  /// Message Signaled Interrupts; `PCI_CAP_ID_MSI`.
  package static let msi: UInt16 = 0x05
  /// PCI-X; `PCI_CAP_ID_PCIX`.
  package static let pciX: UInt16 = 0x07
  /// PCI Express; `PCI_CAP_ID_EXP`.
  package static let express: UInt16 = 0x10
  /// MSI-X; `PCI_CAP_ID_MSIX`.
  package static let msiX: UInt16 = 0x11
  /// Advanced Features; `PCI_CAP_ID_AF`.
  package static let advancedFeatures: UInt16 = 0x13
}

/// The capabilities of a function, and what is broken about the lists that they are chained in.
///
/// A broken list is no error. It is walked while it makes sense, as the kernel does, and what stopped the walk is
/// kept in ``defects``.
package struct PciCapabilityList: Sendable, Hashable {
  /// Something about a list that a well-made function does not have.
  package enum Defect: Sendable, Hashable {
    /// The entry at an offset points into the header, or an extended one into the standard space.
    case pointsTooLow(from: Int, to: Int)
    /// The entry at an offset points to one that is not at a multiple of 4; the walk rounds down and goes on.
    case pointsUnaligned(from: Int, to: Int)
    /// The entry at an offset points back to one that the walk has seen.
    case loops(from: Int, to: Int)
    /// There is no capability where the entry before points to; the bytes are all ones or, in the extended space, 0.
    case missing(at: Int)
    /// The list or the body of an entry goes on after the end of the image, which is no fault of the function.
    case outsideImage(at: Int)
    /// The extended space repeats the standard one, so that it has no list of its own.
    case aliased
  }

  /// The standard capabilities, in the order of the list.
  package private(set) var standard: [PciCapability] = []

  /// The extended capabilities, in the order of the list.
  package private(set) var extended: [PciCapability] = []

  /// What is broken, in the order in which the walk came across it.
  package private(set) var defects: [Defect] = []

  /// Walks the lists of an image.
  ///
  /// The extended list is looked for where the kernel looks: at functions on PCI Express or PCI-X, and at host
  /// bridges, if the extended space is more than a repetition of the standard one.
  ///
  /// The corresponding C functions are `pci_find_capability`, `pci_find_ext_capability` and `pci_cfg_space_size`.
  package init(_ config: ConfigImage) {
    // Bit 4 of the status register tells that there is a list.
    if config.word(at: ConfigOffset.status) & 0x10 != 0 { walkStandard(config) }
    let isHostBridge = config.word(at: ConfigOffset.classCode + 1) == 0x0600
    // Of the PCI-X functions only those that run at 266 or 533 MHz have an extended space.
    let mayBeExtended = standard.contains {
      $0.id == PciCapabilityId.express
        || $0.id == PciCapabilityId.pciX && config.dword(at: $0.offset + 4) & 0xc000_0000 != 0
    }
    if config.size > ConfigOffset.extendedSpace, mayBeExtended || isHostBridge { walkExtended(config) }
  }

  /// Returns the first standard capability with an identifier of `PciCapabilityId`.
  ///
  /// The corresponding C function is `pci_find_capability`.
  package func first(_ id: UInt16) -> PciCapability? {
    standard.first { $0.id == id }
  }

  /// Returns a capability of which a number of bytes is in the image, and keeps a defect if they are not.
  mutating func first(_ id: UInt16, count: Int, in config: ConfigImage) -> PciCapability? {
    guard let capability = first(id) else { return nil }
    guard config.contains(capability.offset, count: count) else {
      defects.append(.outsideImage(at: capability.offset))
      return nil
    }
    return capability
  }
}

extension PciCapabilityList {
  private mutating func walkStandard(_ config: ConfigImage) {
    var from = ConfigOffset.capabilityPointer
    var pointer = Int(config.byte(at: from))
    while let offset = target(of: pointer, from: from, lowest: ConfigOffset.endOfHeader, seen: standard) {
      guard config.contains(offset, count: 2) else { return defects.append(.outsideImage(at: offset)) }
      let id = config.byte(at: offset)
      guard id != .max else { return defects.append(.missing(at: offset)) }
      pointer = Int(config.byte(at: offset + 1))
      standard.append(PciCapability(offset: offset, id: UInt16(id), version: 0, next: pointer))
      from = offset
    }
  }

  private mutating func walkExtended(_ config: ConfigImage) {
    guard !config.isAliased else { return defects.append(.aliased) }
    var from = ConfigOffset.extendedSpace
    var pointer = from
    while let offset = target(of: pointer, from: from, lowest: ConfigOffset.extendedSpace, seen: extended) {
      guard config.contains(offset, count: 4) else { return defects.append(.outsideImage(at: offset)) }
      let header = config.dword(at: offset)
      guard header != 0, header != .max else {
        // An empty first entry is how a function says that it has no extended capability.
        if offset != ConfigOffset.extendedSpace { defects.append(.missing(at: offset)) }
        return
      }
      pointer = Int(header >> 20)
      extended.append(
        PciCapability(
          offset: offset, id: UInt16(truncatingIfNeeded: header), version: UInt8(header >> 16 & 0xf), next: pointer))
      from = offset
    }
  }

  /// Where a pointer leads, or nothing at the end of the list and where the walk has to stop.
  private mutating func target(of pointer: Int, from: Int, lowest: Int, seen: [PciCapability]) -> Int? {
    guard pointer != 0 else { return nil }
    let offset = pointer & ~3
    if offset != pointer { defects.append(.pointsUnaligned(from: from, to: pointer)) }
    guard offset >= lowest else {
      defects.append(.pointsTooLow(from: from, to: pointer))
      return nil
    }
    guard !seen.contains(where: { $0.offset == offset }) else {
      defects.append(.loops(from: from, to: offset))
      return nil
    }
    return offset
  }
}

extension PciCapabilityList.Defect: CustomStringConvertible {
  /// The defect in a few words, with offsets in hexadecimal.
  package var description: String {
    switch self {
    case .pointsTooLow(let from, let to): "[\(from.hex(digits: 2))] points to \(to.hex(digits: 2)), before any list"
    case .pointsUnaligned(let from, let to): "[\(from.hex(digits: 2))] points to \(to.hex(digits: 2)), not aligned to 4"
    case .loops(let from, let to): "[\(from.hex(digits: 2))] points back to [\(to.hex(digits: 2))]"
    case .missing(let at): "[\(at.hex(digits: 2))] holds no capability"
    case .outsideImage(let at): "[\(at.hex(digits: 2))] lies behind the end of the dump"
    case .aliased: "the extended space repeats the standard space"
    }
  }
}
