// SPDX-License-Identifier: GPL-2.0-only

/// The properties of a virtual memory area.
///
/// The corresponding C type is `vm_flags_t`.
public struct AreaFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Makes flags of bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// May be read now.
  ///
  /// The corresponding C constant is `VM_READ`.
  public static let read = AreaFlags(rawValue: 0x1)
  /// May be written now.
  ///
  /// The corresponding C constant is `VM_WRITE`.
  public static let write = AreaFlags(rawValue: 0x2)
  /// Stores reach the file.
  ///
  /// The corresponding C constant is `VM_SHARED`.
  public static let shared = AreaFlags(rawValue: 0x8)
  /// May be made readable.
  ///
  /// The corresponding C constant is `VM_MAYREAD`.
  public static let mayRead = AreaFlags(rawValue: 0x10)
  /// May be made writable.
  ///
  /// The corresponding C constant is `VM_MAYWRITE`.
  public static let mayWrite = AreaFlags(rawValue: 0x20)
  /// Was asked for as shared.
  ///
  /// The corresponding C constant is `VM_MAYSHARE`.
  public static let mayShare = AreaFlags(rawValue: 0x80)
  /// Maps page frames without `struct page`.
  ///
  /// The corresponding C constant is `VM_PFNMAP`.
  public static let pfnMap = AreaFlags(rawValue: 0x400)
  /// Maps device memory.
  ///
  /// The corresponding C constant is `VM_IO`.
  public static let io = AreaFlags(rawValue: 0x4000)
  /// Is not inherited by children.
  ///
  /// The corresponding C constant is `VM_DONTCOPY`.
  public static let dontCopy = AreaFlags(rawValue: 0x20000)
  /// Cannot grow.
  ///
  /// The corresponding C constant is `VM_DONTEXPAND`.
  public static let dontExpand = AreaFlags(rawValue: 0x40000)
  /// Is left out of core dumps.
  ///
  /// The corresponding C constant is `VM_DONTDUMP`.
  public static let dontDump = AreaFlags(rawValue: 0x400_0000)

  /// Whether stores go to private copies of the pages.
  ///
  /// The corresponding C function is `is_cow_mapping`.
  public var isCopyOnWrite: Bool { intersection([.shared, .mayWrite]) == .mayWrite }
}

/// What a process wants to do with a mapping.
///
/// The corresponding C constants are the `PROT_` bits.
public struct Protection: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Makes a protection of bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// To read.
  ///
  /// The corresponding C constant is `PROT_READ`.
  public static let read = Protection(rawValue: 1)
  /// To write.
  ///
  /// The corresponding C constant is `PROT_WRITE`.
  public static let write = Protection(rawValue: 2)
  /// To run code.
  ///
  /// The corresponding C constant is `PROT_EXEC`.
  public static let execute = Protection(rawValue: 4)
  /// To read and write.
  public static let readWrite: Protection = [.read, .write]
}

/// Whether stores through a mapping reach the file.
public enum Sharing: Sendable, Hashable {
  /// Stores reach the file.
  ///
  /// The corresponding C constant is `MAP_SHARED`.
  case shared
  /// Stores go to private copies.
  ///
  /// The corresponding C constant is `MAP_PRIVATE`.
  case `private`
}
