// SPDX-License-Identifier: GPL-2.0-only

/// An object by its stable name, and whether the step excludes others from it.
struct TouchName: Equatable {
  /// The name and the kind in one number.
  let bits: UInt32

  init(bits: UInt32) { self.bits = bits }

  @inline(__always)
  init(_ object: Int32, isExclusive: Bool) {
    bits = UInt32(truncatingIfNeeded: object) << 1 | (isExclusive ? 1 : 0)
  }

  @inline(__always) var object: Int { Int(bits >> 1) }
  @inline(__always) var isExclusive: Bool { bits & 1 != 0 }

  /// Whether two touches are of one object and do not both only share it.
  @inline(__always)
  func conflicts(with other: TouchName) -> Bool { (bits ^ other.bits) < 2 && (bits | other.bits) & 1 != 0 }
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
