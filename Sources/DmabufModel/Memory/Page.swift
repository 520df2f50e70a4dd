// SPDX-License-Identifier: GPL-2.0-only

/// The sizes of pages, and arithmetic with them.
public enum Page {
  /// The binary logarithm of the size.
  ///
  /// The corresponding C constant is `PAGE_SHIFT`.
  public static let shift: UInt64 = 12
  /// The size in bytes.
  ///
  /// The corresponding C constant is `PAGE_SIZE`.
  public static let size: UInt64 = 1 << shift

  /// Whether an address or a length is a whole number of pages.
  ///
  /// The corresponding C macro is `PAGE_ALIGNED`.
  public static func isAligned(_ bytes: UInt64) -> Bool { bytes & (size - 1) == 0 }

  /// The start of the page that an address lies in.
  ///
  /// The corresponding C constant is `PAGE_MASK`.
  public static func alignDown(_ bytes: UInt64) -> UInt64 { bytes & ~(size - 1) }

  /// The bytes rounded up to whole pages; wraps to zero at the end, as in C.
  ///
  /// The corresponding C macro is `PAGE_ALIGN`.
  public static func alignUp(_ bytes: UInt64) -> UInt64 { alignDown(bytes &+ (size - 1)) }
}

/// The number of a page of physical memory.
public struct Pfn: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: UInt64

  /// Makes a page frame number.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The number of the page that a physical address lies in.
  ///
  /// The corresponding C macro is `PHYS_PFN`.
  public init(containing physicalAddress: UInt64) { rawValue = physicalAddress >> Page.shift }

  /// The physical address at which the page starts.
  ///
  /// The corresponding C macro is `PFN_PHYS`.
  public var address: UInt64 { rawValue << Page.shift }

  /// The number in hexadecimal.
  public var description: String { hex(rawValue) }
}

/// The size of what one page table entry maps, as on x86-64.
///
/// The raw value is the binary logarithm of the number of pages.
public enum PageOrder: UInt8, Sendable, CaseIterable, Comparable, Fingerprinted {
  /// 4 KiB: an entry of the lowest level.
  case page = 0
  /// 2 MiB.
  ///
  /// The corresponding C constant is `PMD_ORDER`.
  case pmd = 9
  /// 1 GiB.
  ///
  /// The corresponding C constant is `PUD_ORDER`.
  case pud = 18

  /// The size in bytes.
  public var size: UInt64 { Page.size << UInt64(rawValue) }

  /// The start of the page of this size that an address lies in.
  public func alignDown(_ address: UInt64) -> UInt64 { address & ~(size - 1) }

  /// Whether a page frame number can be mapped with this size.
  public func isAligned(_ frame: Pfn) -> Bool { frame.rawValue & ((1 << UInt64(rawValue)) - 1) == 0 }

  /// Orders by size.
  public static func < (left: PageOrder, right: PageOrder) -> Bool { left.rawValue < right.rawValue }
}

/// A number as C programmers read it.
package func hex(_ value: some BinaryInteger) -> String { "0x" + String(value, radix: 16) }
