// SPDX-License-Identifier: GPL-2.0-only

/// A set of threads of one machine, by their numbers.
///
/// It is two words, as a machine has at most ``Kernel/maximumThreads`` threads; where they are few, the second one is
/// zero, and costs no more than the look. A loop over it goes in ascending order.
@frozen
public struct ThreadSet: Hashable, Sendable {
  @usableFromInline var low: UInt64
  @usableFromInline var high: UInt64

  @inlinable @inline(__always)
  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Makes a set without threads.
  @inlinable @inline(__always)
  public init() { self.init(low: 0, high: 0) }

  /// Makes a set of one thread.
  @inlinable @inline(__always)
  public init(_ thread: Int) {
    self.init()
    insert(thread)
  }

  /// Makes a set of the threads below a number.
  init(below thread: Int) {
    self.init(
      low: thread < 64 ? 1 &<< UInt64(thread) &- 1 : .max, high: thread > 64 ? 1 << UInt64(thread - 64) &- 1 : 0)
  }

  /// Every thread that a machine can have.
  @inlinable @inline(__always)
  package static var all: ThreadSet { ThreadSet(low: .max, high: .max) }

  /// Whether no thread is in it.
  @inlinable @inline(__always)
  public var isEmpty: Bool { low | high == 0 }

  /// The number of threads in it.
  @inlinable @inline(__always)
  public var count: Int { low.nonzeroBitCount + (high == 0 ? 0 : high.nonzeroBitCount) }

  /// The lowest number in it; 128 if it is empty.
  @inlinable @inline(__always)
  public var first: Int { low != 0 ? low.trailingZeroBitCount : 64 + high.trailingZeroBitCount }

  /// Whether it has no more than one thread.
  @inlinable @inline(__always)
  var hasNoSecond: Bool { high == 0 ? low & (low &- 1) == 0 : low == 0 && high & (high &- 1) == 0 }

  /// The set as one word, for hashes.
  @inlinable @inline(__always)
  package var digest: UInt64 { low ^ high &* 0x9E37_79B9_7F4A_7C15 }

  /// Whether a thread is in it.
  @inlinable @inline(__always)
  public func contains(_ thread: Int) -> Bool {
    (thread < 64 ? low : high) & (1 &<< UInt64(truncatingIfNeeded: thread)) != 0
  }

  /// Adds a thread.
  @inlinable @inline(__always)
  public mutating func insert(_ thread: Int) {
    let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: thread)
    if thread < 64 { low |= bit } else { high |= bit }
  }

  /// Removes a thread, if it is in the set.
  @inlinable @inline(__always)
  public mutating func remove(_ thread: Int) {
    let bit: UInt64 = 1 &<< UInt64(truncatingIfNeeded: thread)
    if thread < 64 { low &= ~bit } else { high &= ~bit }
  }

  /// Removes the thread with the lowest number.
  @inlinable @inline(__always)
  package mutating func removeFirst() { if low != 0 { low &= low &- 1 } else { high &= high &- 1 } }

  /// The threads that are in either set.
  @inlinable @inline(__always)
  package func union(_ other: ThreadSet) -> ThreadSet { ThreadSet(low: low | other.low, high: high | other.high) }

  /// The threads that are in both sets.
  @inlinable @inline(__always)
  package func intersection(_ other: ThreadSet) -> ThreadSet {
    ThreadSet(low: low & other.low, high: high & other.high)
  }

  /// The threads that are in this set and not in the other.
  @inlinable @inline(__always)
  package func subtracting(_ other: ThreadSet) -> ThreadSet {
    ThreadSet(low: low & ~other.low, high: high & ~other.high)
  }

  /// The threads of the set and a further one.
  @inlinable @inline(__always)
  package func with(_ thread: Int) -> ThreadSet { union(ThreadSet(thread)) }

  /// The threads of the set without one.
  @inlinable @inline(__always)
  package func without(_ thread: Int) -> ThreadSet { subtracting(ThreadSet(thread)) }
}

extension ThreadSet: ExpressibleByArrayLiteral {
  /// Makes a set of the threads that are listed.
  @inlinable
  public init(arrayLiteral threads: Int...) {
    self.init()
    for thread in threads { insert(thread) }
  }
}

extension ThreadSet: Sequence {
  /// The numbers that a loop has still before it.
  @frozen
  public struct Iterator: IteratorProtocol {
    @usableFromInline var rest: ThreadSet

    @inlinable @inline(__always)
    init(_ rest: ThreadSet) { self.rest = rest }

    /// The next number.
    @inlinable @inline(__always)
    public mutating func next() -> Int? {
      if rest.isEmpty { return nil }
      let thread = rest.first
      rest.removeFirst()
      return thread
    }
  }

  /// Begins a loop over the numbers, in ascending order.
  @inlinable @inline(__always)
  public func makeIterator() -> Iterator { Iterator(self) }
}
