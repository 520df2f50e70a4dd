// SPDX-License-Identifier: GPL-2.0-only

@testable import VfioSim

/// Writes the dump of a made-up function, so that a suite can have the device it needs.
struct DeviceText {
  /// A BAR to be written down.
  struct Bar {
    var index: Int
    var address: UInt64
    var size: String
    var kind = PciBar.Kind.memory32
  }

  var slot = "01:00.0"
  var command: UInt16 = 0x0103
  var bars: [Bar]
  var hasReset = true
  /// The word behind the header of the power management capability; no capability without one.
  var powerCapabilities: UInt16? = 0x0003

  /// The same device with a difference.
  func with(_ change: (inout DeviceText) -> Void) -> DeviceText {
    var copy = self
    change(&copy)
    return copy
  }

  /// The text, as `lspci -vv -x` prints it.
  var text: String {
    var bytes = [UInt8](repeating: 0, count: 256)
    func put(_ value: UInt64, _ width: Int, at offset: Int) {
      for byte in 0..<width { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
    }
    put(0x1110_1af4, 4, at: 0)
    put(UInt64(command), 2, at: 4)
    put(0x0500_0001, 4, at: 8)
    var next: UInt64 = 0
    if let powerCapabilities {
      put(UInt64(powerCapabilities) << 16 | 0x0001, 4, at: 0x7c)
      next = 0x7c
    }
    if hasReset {
      put(0x0002_0010 | next << 8, 4, at: 0x40)
      put(1 << 28, 4, at: 0x44)
      next = 0x40
    }
    put(next == 0 ? 0 : 0x10, 2, at: 6)
    put(next, 1, at: 0x34)

    var lines = ["\(slot) Memory controller: a device of the tests"]
    for bar in bars {
      switch bar.kind {
      case .io:
        put(bar.address | 1, 4, at: 0x10 + 4 * bar.index)
        lines.append("\tRegion \(bar.index): I/O ports at \(String(bar.address, radix: 16)) [size=\(bar.size)]")
      case .memory32, .memory64:
        let isWide = bar.kind == .memory64
        put(bar.address | (isWide ? 0xc : 0), isWide ? 8 : 4, at: 0x10 + 4 * bar.index)
        let words = isWide ? "64-bit, prefetchable" : "32-bit, non-prefetchable"
        lines.append(
          "\tRegion \(bar.index): Memory at \(String(bar.address, radix: 16)) (\(words)) [size=\(bar.size)]")
      }
    }
    for row in stride(from: 0, to: 256, by: 16) {
      let words = bytes[row..<row + 16].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      lines.append((row < 16 ? "0" : "") + String(row, radix: 16) + ": " + words.joined(separator: " "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The function that the text describes.
  func function() throws -> PciFunction { try PciFunction.parse(text) }

  // MARK: The devices of the reference answers

  /// What stands for `01:00.0`: BAR 0 of 256 bytes, BAR 2 of 8 MiB.
  ///
  /// The reset there is one of the bus; here it is a FLR.
  static let sharedMemory = DeviceText(bars: [
    Bar(index: 0, address: 0xfe80_0000, size: "256"),
    Bar(index: 2, address: 0x8_0000_0000, size: "8M", kind: .memory64),
  ])

  /// What stands for `02:00.0`.
  static let secondSharedMemory = DeviceText(
    slot: "02:00.0", bars: [Bar(index: 2, address: 0x9_0000_0000, size: "4M", kind: .memory64)])

  /// What stands for `03:00.0`: a BAR of I/O ports between two of memory.
  static let testDevice = DeviceText(
    slot: "03:00.0",
    bars: [
      Bar(index: 0, address: 0xfe80_1000, size: "4K"), Bar(index: 1, address: 0xc000, size: "256", kind: .io),
      Bar(index: 2, address: 0xa_0000_0000, size: "16M", kind: .memory64),
    ])

  /// What stands for `04:00.0`: power management at 0x7c.
  static let randomNumbers = DeviceText(
    slot: "04:00.0",
    bars: [
      Bar(index: 1, address: 0xfe80_2000, size: "4K"),
      Bar(index: 4, address: 0xb_0000_0000, size: "16K", kind: .memory64),
    ])

  /// What stands for `05:00.0`.
  static let education = DeviceText(slot: "05:00.0", bars: [Bar(index: 0, address: 0xfea0_0000, size: "1M")])
}
