// SPDX-License-Identifier: GPL-2.0-only

/// What a function says about its power states.
package struct PciPowerManagement: Sendable, Hashable {
  /// The offset in bytes of the capability.
  package let offset: Int

  /// Whether the way from D3hot back to D0 keeps the registers, instead of being a reset.
  package let hasNoSoftReset: Bool

  /// Whether the function has the state D1.
  package let supportsD1: Bool

  /// Whether the function has the state D2.
  package let supportsD2: Bool

  /// The power state when the dump was made: 0 for D0 to 3 for D3hot.
  package let state: UInt8

  init?(_ list: inout PciCapabilityList, _ config: ConfigImage) {
    guard let found = list.first(PciCapabilityId.powerManagement, count: 6, in: config) else { return nil }
    offset = found.offset
    let capabilities = config.word(at: offset + 2)
    supportsD1 = capabilities & 1 << 9 != 0
    supportsD2 = capabilities & 1 << 10 != 0
    let control = config.word(at: offset + 4)
    hasNoSoftReset = control & 1 << 3 != 0
    state = UInt8(control & 3)
  }
}

/// What a function says about itself as one on PCI Express.
package struct PciExpress: Sendable, Hashable {
  /// The offset in bytes of the capability.
  package let offset: Int

  /// The device or port type; 0 is an endpoint, 1 a legacy endpoint, 9 an endpoint in the root complex.
  package let portType: UInt8

  /// Whether the function can be reset alone, by bit 15 of its device control register.
  package let hasFunctionLevelReset: Bool

  init?(_ list: inout PciCapabilityList, _ config: ConfigImage) {
    guard let found = list.first(PciCapabilityId.express, count: 8, in: config) else { return nil }
    offset = found.offset
    portType = UInt8(config.word(at: offset + 2) >> 4 & 0xf)
    hasFunctionLevelReset = config.dword(at: offset + 4) & 1 << 28 != 0
  }
}

/// What a function that is not on PCI Express says about its reset.
package struct PciAdvancedFeatures: Sendable, Hashable {
  /// The offset in bytes of the capability.
  package let offset: Int

  /// Whether the function tells if transactions are still pending.
  package let hasTransactionsPending: Bool

  /// Whether the function can be reset alone, by bit 0 of its advanced features control register.
  package let hasFunctionLevelReset: Bool

  init?(_ list: inout PciCapabilityList, _ config: ConfigImage) {
    guard let found = list.first(PciCapabilityId.advancedFeatures, count: 4, in: config) else { return nil }
    offset = found.offset
    hasTransactionsPending = config.byte(at: offset + 3) & 1 != 0
    hasFunctionLevelReset = config.byte(at: offset + 3) & 2 != 0
  }
}

/// What a function says about its interrupts by messages to an address in configuration space.
package struct PciMsi: Sendable, Hashable {
  /// The offset in bytes of the capability.
  package let offset: Int

  /// The number of messages that the function asks for: 1 to 32, a power of two.
  package let messageCount: Int

  /// Whether the address of the messages has 64 bits.
  package let is64Bit: Bool

  /// Whether each message can be masked alone.
  package let isMaskable: Bool

  init?(_ list: inout PciCapabilityList, _ config: ConfigImage) {
    guard let found = list.first(PciCapabilityId.msi, count: 4, in: config) else { return nil }
    offset = found.offset
    let control = config.word(at: offset + 2)
    // The encodings 6 and 7 are reserved; they count as the greatest number that is not.
    messageCount = 1 << min(5, Int(control >> 1 & 7))
    is64Bit = control & 1 << 7 != 0
    isMaskable = control & 1 << 8 != 0
  }
}

/// What a function says about its interrupts by a table in one of its BARs.
package struct PciMsiX: Sendable, Hashable {
  /// The offset in bytes of the capability.
  package let offset: Int

  /// The number of entries in the table: 1 to 2048.
  package let entryCount: Int

  /// The index of the BAR that holds the table; 6 and 7 are reserved and name none.
  package let tableBar: Int

  /// The offset in bytes of the table in its BAR.
  package let tableOffset: UInt64

  /// The index of the BAR that holds the bits of the pending interrupts.
  package let pendingBar: Int

  /// The offset in bytes of the pending bits in their BAR.
  package let pendingOffset: UInt64

  /// The size of the table in bytes, 16 an entry.
  package var tableSize: UInt64 { UInt64(entryCount) * 16 }

  init?(_ list: inout PciCapabilityList, _ config: ConfigImage) {
    guard let found = list.first(PciCapabilityId.msiX, count: 12, in: config) else { return nil }
    offset = found.offset
    entryCount = Int(config.word(at: offset + 2) & 0x7ff) + 1
    let table = config.dword(at: offset + 4)
    let pending = config.dword(at: offset + 8)
    tableBar = Int(table & 7)
    tableOffset = UInt64(table & ~7)
    pendingBar = Int(pending & 7)
    pendingOffset = UInt64(pending & ~7)
  }
}
