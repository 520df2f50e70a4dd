// SPDX-License-Identifier: GPL-2.0-only

/// An object by its stable name, and how the step touches it.
struct TouchName: Equatable {
  /// The name and the kind in one number.
  let bits: UInt32

  init(bits: UInt32) { self.bits = bits }

  @inline(__always)
  init(_ object: Int32, _ access: Access) {
    let kind: UInt32 = access.isShared ? 0 : access == .update ? 2 : 1
    bits = UInt32(truncatingIfNeeded: object) << 2 | kind
  }

  /// The same object, touched in every way.
  @inline(__always) var exclusive: TouchName { TouchName(bits: bits & ~3 | 1) }

  @inline(__always) var object: Int { Int(bits >> 2) }
  /// Whether the touch only shares the object with others.
  @inline(__always) var isShared: Bool { bits & 3 == 0 }
  /// Whether it excludes all others.
  @inline(__always) var isExclusive: Bool { bits & 3 == 1 }
  /// Whether it excludes all but those of its kind.
  @inline(__always) var isUpdate: Bool { bits & 3 == 2 }

  /// Whether two touches are of one object and do not commute.
  @inline(__always)
  func conflicts(with other: TouchName) -> Bool { (bits ^ other.bits) < 4 && (bits != other.bits || isExclusive) }
}

/// Accesses that make no dependence; for tests that show that each kind of dependence is needed.
struct IgnoredAccesses {
  private var bits: UInt16 = 0

  var isEmpty: Bool { bits == 0 }

  static let none = IgnoredAccesses()

  static func only(_ accesses: Access...) -> IgnoredAccesses {
    var ignored = IgnoredAccesses()
    for access in accesses { ignored.bits |= 1 << UInt16(access.rawValue) }
    return ignored
  }

  @inline(__always)
  func contains(_ access: Access) -> Bool { bits & (1 << UInt16(access.rawValue)) != 0 }
}
