// SPDX-License-Identifier: GPL-2.0-only

/// One base address register of a function: a window of the device in the address space of the host.
///
/// The address and the size are the host's resource. What a guest writes into the register never moves it.
public struct PciBar: Sendable, Hashable {
  /// The address space that the window lies in, and how wide its register is.
  package enum Kind: Sendable, Hashable {
    /// A window of I/O ports.
    case io
    /// A window of memory below 4 GiB; one register.
    case memory32
    /// A window of memory anywhere; the register of the next index holds the upper half of the address.
    case memory64
  }

  /// The index of the expansion ROM, which is the one after the six BARs.
  ///
  /// The corresponding C constant is `PCI_ROM_RESOURCE`.
  public static let romIndex = 6

  /// The index: 0 to 5, or ``romIndex``.
  public let index: Int

  /// The first address in bytes; 0 if the window has not been given one.
  public let address: UInt64

  /// The size in bytes, a power of two.
  public let size: UInt64

  /// The address space and the width.
  package let kind: Kind

  /// Whether reads have no side effects, so that they may be fetched ahead and merged.
  package let isPrefetchable: Bool

  /// Whether the text says that the function did not decode the window when the dump was made.
  package let isDisabled: Bool

  /// Whether the kernel and not the register tells where the window is, as for a virtual function.
  package let isVirtual: Bool

  /// Whether the window lies in memory and not among the I/O ports.
  package var isMemory: Bool { kind != .io }

  /// Whether the window has an address.
  package var isAssigned: Bool { address != 0 }

  /// The addresses of the window, in bytes.
  ///
  /// A description never holds a window that runs over the end of the 64-bit address space.
  package var addresses: Range<UInt64> { address..<address &+ size }
}

/// A BAR that a function has and that cannot be lent out, with the reason.
public struct UnusableBar: Sendable, Hashable {
  /// The reason why memory of a BAR cannot be lent out.
  package enum Reason: Sendable, Hashable {
    /// The window is one of I/O ports.
    case ioPorts
    /// The line about the BAR gives no size, and nothing else in a dump proves one.
    case sizeUnknown
    /// The register is not zero, but the text has no line about the BAR, and so no size.
    case notDescribed
    /// The kernel has given the window no address.
    case unassigned
    /// The register holds an address that the kernel has not taken.
    case ignored
    /// The register holds the reserved memory type 3.
    case reservedType
    /// The last BAR says that it is 64 bits wide, but has no next register for the upper half.
    case noUpperHalf
    /// The kernel invents the window, and it is too small for memory: a legacy port range that the register hides.
    case legacyPorts
  }

  /// The index: 0 to 5, or ``PciBar/romIndex``.
  package let index: Int

  /// The reason.
  package let reason: Reason

  /// Creates an entry from its parts.
  package init(index: Int, reason: Reason) {
    self.index = index
    self.reason = reason
  }
}

extension UnusableBar: CustomStringConvertible {
  /// The BAR and the reason in a few words.
  public var description: String { "\(PciBar.name(of: index)) \(reason.words)" }
}

extension UnusableBar.Reason {
  fileprivate var words: String {
    switch self {
    case .ioPorts: "is a window of I/O ports"
    case .sizeUnknown: "has no known size (its line has no `[size=…]`)"
    case .notDescribed: "has no known size (there is no line about it)"
    case .unassigned: "has no address"
    case .ignored: "has an address that the kernel ignores"
    case .reservedType: "has the reserved memory type 3"
    case .noUpperHalf: "is 64 bits wide without a next register"
    case .legacyPorts: "is a legacy port range that the register does not show"
    }
  }
}

extension PciBar {
  /// The word for a BAR in messages: `BAR2` or `ROM`.
  static func name(of index: Int) -> String { index == romIndex ? "ROM" : "BAR\(index)" }
}
