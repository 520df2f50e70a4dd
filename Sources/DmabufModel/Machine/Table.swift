// SPDX-License-Identifier: GPL-2.0-only

/// A growing array with one owner.
///
/// Each step writes to three of the machine's tables. An `Array` asks before each write whether there is another
/// copy of it; these have no copies, and not asking is worth a twentieth of a step.
@safe
struct Table<Element>: ~Copyable {
  private var elements: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0

  init(minimumCapacity: Int = 64) {
    capacity = minimumCapacity
    unsafe elements = UnsafeMutablePointer.allocate(capacity: minimumCapacity)
  }

  deinit {
    unsafe elements.deinitialize(count: count)
    unsafe elements.deallocate()
  }

  var indices: Range<Int> { 0..<count }

  @inline(__always)
  subscript(index: Int) -> Element {
    unsafeAddress {
      precondition(index >= 0 && index < count, "no such place in the table")
      return unsafe UnsafePointer(elements + index)
    }
    unsafeMutableAddress {
      precondition(index >= 0 && index < count, "no such place in the table")
      return unsafe elements + index
    }
  }

  @inline(__always)
  mutating func append(_ element: consuming Element) {
    if count == capacity { grow() }
    unsafe (elements + count).initialize(to: element)
    count += 1
  }

  mutating func removeAll() {
    unsafe elements.deinitialize(count: count)
    count = 0
  }

  mutating func remove(at index: Int) {
    precondition(index >= 0 && index < count, "no such place in the table")
    unsafe (elements + index).deinitialize(count: 1)
    unsafe (elements + index).moveInitialize(from: elements + index + 1, count: count - index - 1)
    count -= 1
  }

  @inline(__always)
  func firstIndex(where condition: (Element) -> Bool) -> Int? {
    for index in indices where condition(self[index]) { return index }
    return nil
  }

  @inline(__always)
  func lastIndex(where condition: (Element) -> Bool) -> Int? {
    var index = count
    while index > 0 {
      index -= 1
      if condition(self[index]) { return index }
    }
    return nil
  }

  func filter(_ condition: (Element) -> Bool) -> [Element] {
    indices.filter { condition(self[$0]) }.map { self[$0] }
  }

  func map<Value>(_ transform: (Element) -> Value) -> [Value] { indices.map { transform(self[$0]) } }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    unsafe larger.moveInitialize(from: elements, count: count)
    unsafe elements.deallocate()
    unsafe elements = larger
    capacity *= 2
  }
}
