// SPDX-License-Identifier: GPL-2.0-only

/// What the steps at the nodes of a tree touch: a row of a few places for each node, and a list for the rare step that needs
/// more.
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

  /// One of the touches of a node that has so many.
  @inline(__always)
  func touch(_ index: Int, of node: Int32, count: Int) -> TouchName {
    if count > Self.width { return longer[node]?[index] ?? TouchName(bits: 0) }
    return rows[Int(node) &* Self.width &+ index]
  }

  /// All touches of a node that has so many.
  func touches(of node: Int32, count: Int) -> ArraySlice<TouchName> {
    if count > Self.width { return Array(longer[node] ?? [])[...] }
    let row = Int(node) * Self.width
    return Array(rows[row..<(row + count)])[...]
  }
}
