// SPDX-License-Identifier: GPL-2.0-only

/// A power state of a PCI function, as its register spells it.
///
/// The corresponding C type is `pci_power_t`.
public enum PowerState: UInt8, Sendable, Comparable, CaseIterable {
  /// Working.
  case d0
  /// Light sleep; optional.
  case d1
  /// Deeper sleep; optional.
  case d2
  /// Configuration space answers and nothing else does.
  case d3hot

  /// Orders states by how deep they are.
  public static func < (left: PowerState, right: PowerState) -> Bool { left.rawValue < right.rawValue }
}

/// The bits of the command register that the model knows (semantics PD1).
///
/// The corresponding C constants are `PCI_COMMAND_`.
public struct CommandBits: OptionSet, Sendable, Hashable {
  /// The register.
  public let rawValue: UInt16

  /// Makes a value of the register.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Answers to I/O ports.
  public static let io = CommandBits(rawValue: 0x1)
  /// Answers to memory.
  public static let memory = CommandBits(rawValue: 0x2)
  /// May start transactions.
  public static let master = CommandBits(rawValue: 0x4)
  /// Does not raise its pin.
  public static let interruptDisable = CommandBits(rawValue: 0x400)
}
