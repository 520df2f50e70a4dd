// SPDX-License-Identifier: GPL-2.0-only

/// The bytes of a function's configuration space as they were when the dump was made.
///
/// Reads are little-endian, whatever the machine that runs the model. A read that leaves the image answers with all
/// ones, which is what a real read gets that no device claims; no read traps.
package struct ConfigImage: Sendable, Hashable {
  /// The sizes in bytes that an image can have: the header, the standard space, the extended space.
  package static let sizes = [64, 256, 4096]

  /// The bytes, beginning at offset 0; the number of them is one of ``sizes``.
  package let bytes: [UInt8]

  /// Creates an image, or nothing if the number of bytes is not one of ``sizes``.
  package init?(_ bytes: [UInt8]) {
    guard Self.sizes.contains(bytes.count) else { return nil }
    self.bytes = bytes
  }

  /// The number of bytes in the image.
  package var size: Int { bytes.count }

  /// Tells whether `count` bytes at `offset` are all within the image.
  package func contains(_ offset: Int, count: Int = 1) -> Bool {
    offset >= 0 && count >= 0 && count <= bytes.count && offset <= bytes.count - count
  }

  /// Returns the byte at an offset in bytes, or all ones outside the image.
  ///
  /// The corresponding C function is `pci_read_config_byte`.
  package func byte(at offset: Int) -> UInt8 {
    contains(offset) ? bytes[offset] : .max
  }

  /// Returns the two bytes at an offset in bytes, or all ones if one of them is outside the image.
  ///
  /// The corresponding C function is `pci_read_config_word`.
  package func word(at offset: Int) -> UInt16 {
    guard contains(offset, count: 2) else { return .max }
    return UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
  }

  /// Returns the four bytes at an offset in bytes, or all ones if one of them is outside the image.
  ///
  /// The corresponding C function is `pci_read_config_dword`.
  package func dword(at offset: Int) -> UInt32 {
    guard contains(offset, count: 4) else { return .max }
    return UInt32(word(at: offset)) | UInt32(word(at: offset + 2)) << 16
  }

  /// Tells whether the extended space only repeats the standard space, as behind a bridge that drops address bits.
  ///
  /// An image without extended space is not aliased.
  ///
  /// The corresponding C function is `pci_ext_cfg_is_aliased`.
  package var isAliased: Bool {
    guard size > 256 else { return false }
    let header = dword(at: ConfigOffset.vendorId)
    return stride(from: 256, to: size, by: 256).allSatisfy { dword(at: $0) == header }
  }
}

/// Offsets in bytes of the registers of a type-0 header that the model reads.
enum ConfigOffset {
  static let vendorId = 0x00
  static let deviceId = 0x02
  static let command = 0x04
  static let status = 0x06
  static let revision = 0x08
  static let classCode = 0x09
  static let headerType = 0x0e
  static let bars = 0x10
  static let subsystemVendorId = 0x2c
  static let subsystemId = 0x2e
  static let rom = 0x30
  static let capabilityPointer = 0x34

  /// The first offset after the header, where capabilities may lie.
  static let endOfHeader = 0x40

  /// The first offset of the extended space.
  static let extendedSpace = 0x100

  /// The offset of the register of a BAR, or of the ROM for index 6.
  static func register(ofBar index: Int) -> Int {
    index == PciBar.romIndex ? rom : bars + 4 * index
  }
}
