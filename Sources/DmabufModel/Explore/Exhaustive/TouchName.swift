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

/// What the steps at the nodes of a tree touch: a row of a few places for each node, and a list for the rare step that
/// needs more.
struct TouchRows: Sendable {
  /// What nearly every step touches at most: its own object and two further ones, each with its allocation.
  private static let width = 6

  private var rows: ContiguousArray<TouchName> = []
  private var longer: [Int32: ContiguousArray<TouchName>] = [:]

  /// Makes room for one more node.
  mutating func addRow() {
    for _ in 0..<Self.width { rows.append(TouchName(bits: 0)) }
  }

  /// Notes what the step at a node touches.
  mutating func set(_ node: Int32, _ names: some Collection<TouchName>) {
    if names.count > Self.width {
      longer[node] = ContiguousArray(names)
      return
    }
    var place = Int(node) &* Self.width
    for name in names {
      rows[place] = name
      place += 1
    }
  }

  /// One of the touches of a node.
  @inline(__always)
  func touch(_ index: Int, of node: Int32, count: Int) -> TouchName {
    if count > Self.width { return longer[node]?[index] ?? TouchName(bits: 0) }
    return rows[Int(node) &* Self.width &+ index]
  }

  /// All touches of a node.
  func touches(of node: Int32, count: Int) -> ArraySlice<TouchName> {
    if count > Self.width { return Array(longer[node] ?? [])[...] }
    let row = Int(node) * Self.width
    return Array(rows[row..<(row + count)])[...]
  }
}
