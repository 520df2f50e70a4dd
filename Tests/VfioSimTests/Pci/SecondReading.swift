// SPDX-License-Identifier: GPL-2.0-only

import VfioSim

/// What the human-readable lines of a dump say, read by other means than the parser's.
enum SecondReading {
  struct Window: Equatable {
    var index: Int
    var address: UInt64
    var size: UInt64
    var isMemory: Bool
    var is64Bit: Bool
    var isPrefetchable: Bool
    var isDisabled: Bool
  }

  struct Capability {
    var offset: Int
    var version: Int?
    var words: Substring
  }

  /// Each window with a size that the function itself has; those of virtual functions stand deeper.
  static func windows(_ text: String) -> [Window] {
    let line =
      /^\t(?:Region (\d): (Memory|I\/O ports)|Expansion ROM) at ([0-9a-f]+)(?: \((\d\d)-bit, (non-)?prefetchable\))?( \[disabled\])? \[size=(\d+)([KMGT]?)\]$/
      .anchorsMatchLineEndings()
    return text.matches(of: line).map { match in
      let factors: [Substring: UInt64] = ["": 1, "K": 1024, "M": 1_048_576, "G": 1_073_741_824]
      let isMemory = match.2 != "I/O ports"
      return Window(
        index: match.1.flatMap { Int($0) } ?? 6, address: UInt64(match.3, radix: 16) ?? 0,
        size: (UInt64(match.7) ?? 0) * (factors[match.8] ?? 0), isMemory: isMemory, is64Bit: match.4 == "64",
        isPrefetchable: match.4 != nil && match.5 == nil, isDisabled: match.6 != nil)
    }
  }

  static func capabilities(_ text: String) -> [Capability] {
    let line = /^\tCapabilities: \[([0-9a-f]+)(?: v(\d+))?\] (.*)$/.anchorsMatchLineEndings()
    return text.matches(of: line).map { match in
      Capability(offset: Int(match.1, radix: 16) ?? -1, version: match.2.flatMap { Int($0) }, words: match.3)
    }
  }

  /// The identifiers that capabilities with such a name have.
  static func ids(_ words: Substring, isExtended: Bool) -> [UInt16] {
    let names: [(name: String, ids: [UInt16])] =
      isExtended
      ? [
        ("Advanced Error Reporting", [0x01]), ("Virtual Channel", [0x02, 0x09]), ("Device Serial Number", [0x03]),
        ("Root Complex Link", [0x05]), ("Access Control Services", [0x0d]), ("Alternative Routing-ID", [0x0e]),
        ("Single Root I/O Virtualization", [0x10]), ("Secondary PCI Express", [0x19]), ("Process Address", [0x1b]),
        ("Physical Layer 16.0", [0x26]), ("Lane Margining", [0x27]), ("Physical Layer 32.0", [0x2a]),
        ("Data Object Exchange", [0x2e]), ("Integrity & Data Encryption", [0x30]),
      ]
      : [
        ("Power Management", [0x01]), ("Vital Product Data", [0x03]), ("MSI:", [0x05]), ("Vendor Specific", [0x09]),
        ("VirtIO", [0x09]), ("Debug port", [0x0a]), ("Subsystem", [0x0d]), ("Express", [0x10]), ("MSI-X", [0x11]),
        ("PCI Advanced Features", [0x13]),
      ]
    return names.first { words.hasPrefix($0.name) }?.ids ?? []
  }
}

extension SecondReading.Window {
  init(_ bar: PciBar) {
    self.init(
      index: bar.index, address: bar.address, size: bar.size, isMemory: bar.isMemory, is64Bit: bar.kind == .memory64,
      isPrefetchable: bar.isPrefetchable, isDisabled: bar.isDisabled)
  }
}
