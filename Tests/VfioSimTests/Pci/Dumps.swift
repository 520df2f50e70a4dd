// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing
import VfioSim

/// The dumps of real devices in the test resources.
enum Dumps {
  static let names = [
    "broken-ecaps", "cap-ide", "cap-pci-af", "cap-pcie-2", "cap-vc-and-rcl", "cap-vendor-virtio",
  ]

  static func text(_ name: String) throws -> String {
    let url = try #require(Bundle.module.url(forResource: name, withExtension: "txt", subdirectory: "Resources/lspci"))
    return try String(contentsOf: url, encoding: .utf8)
  }

  /// The text of each function alone, cut at the lines that begin with a slot.
  static func functions(_ name: String) throws -> [(slot: String, text: String)] {
    let header = #/^([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s/#
    var functions: [(slot: String, text: String)] = []
    for line in try text(name).split(separator: "\n", omittingEmptySubsequences: false) {
      if let match = line.firstMatch(of: header) { functions.append((String(match.1), "")) }
      try #require(!functions.isEmpty)
      functions[functions.count - 1].text += line + "\n"
    }
    return functions
  }
}

/// Text of a small device that tests change in one place.
enum SmallDevice {
  static let text = """
    00:05.0 Ethernet controller: Example (rev 01)
    \tControl: I/O- Mem+ BusMaster+
    \tRegion 0: Memory at fe800000 (32-bit, non-prefetchable) [size=4K]
    \tRegion 2: Memory at 800000000 (64-bit, prefetchable) [size=1M]
    \tRegion 4: I/O ports at c000 [size=32]
    \tExpansion ROM at fe900000 [disabled] [size=64K]
    00: 36 1b f1 10 06 00 00 00 01 00 00 02 00 00 00 00
    10: 00 00 80 fe 00 00 00 00 0c 00 00 00 08 00 00 00
    20: 01 c0 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    30: 00 00 90 fe 00 00 00 00 00 00 00 00 00 00 00 00

    """

  /// The text with each of some parts replaced; a part that is not there is an issue.
  static func with(_ changes: (part: String, by: String)...) -> String {
    var text = text
    for change in changes {
      guard let range = text.range(of: change.part) else {
        Issue.record("\(change.part) is not in the text")
        continue
      }
      text.replaceSubrange(range, with: change.by)
    }
    return text
  }
}
