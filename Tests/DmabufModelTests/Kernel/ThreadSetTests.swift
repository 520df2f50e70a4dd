// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A set of threads")
struct ThreadSetTests {
  @Test("does what a set of numbers does")
  func operations() {
    var numbers = SplitMix64(seed: 1)
    for _ in 0..<200 {
      let (one, other) = (Self.random(&numbers), Self.random(&numbers))
      let (left, right) = (Set(one), Set(other))
      #expect(Set(one.union(other)) == left.union(right))
      #expect(Set(one.intersection(other)) == left.intersection(right))
      #expect(Set(one.subtracting(other)) == left.subtracting(right))
      #expect(one.count == left.count && one.first == left.min())
      let thread = numbers.below(Kernel.maximumThreads)
      #expect(one.contains(thread) == left.contains(thread))
      #expect(Set(one.with(thread)) == left.union([thread]))
      #expect(Set(one.without(thread)) == left.subtracting([thread]))
      var rest = one
      rest.removeFirst()
      #expect(Array(rest) == Array(Array(one).dropFirst()))
      #expect(rest.isEmpty == one.hasNoSecond)
    }
  }

  @Test("goes through its threads in ascending order, the last one included")
  func order() {
    #expect(Array([127, 0, 64, 7, 63] as ThreadSet) == [0, 7, 63, 64, 127])
    #expect(Array(ThreadSet()) == [] && ThreadSet().first == 128)
    #expect(ThreadSet.all.count == Kernel.maximumThreads)
    for thread in [0, 1, 63, 64, 65, 127] { #expect(Array(ThreadSet(below: thread)) == Array(0..<thread)) }
  }

  private static func random(_ numbers: inout SplitMix64) -> ThreadSet {
    ThreadSet(low: numbers.next(), high: numbers.next() & numbers.next() & numbers.next())
  }
}
