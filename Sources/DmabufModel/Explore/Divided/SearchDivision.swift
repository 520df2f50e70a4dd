// SPDX-License-Identifier: GPL-2.0-only

/// How a search can be divided over several machines.
public struct SearchDivision: Sendable {
  enum Kind: Sendable {
    case exhaustive
    case samples(Int, @Sendable (Range<Int>) -> any Strategy)
  }

  let kind: Kind
  /// What tells searches with different results apart: the strategy's name and what it was made from.
  let name: String

  /// Everything, by ``ExhaustiveStrategy``.
  static var exhaustive: SearchDivision { SearchDivision(kind: .exhaustive, name: "exhaustive") }

  /// Executions that do not depend on each other.
  ///
  /// Those of one block (256, from a multiple of that) may depend on each other.
  ///
  /// - Parameters:
  ///   - name: The strategy, with all that its decisions depend on: `random 1` for a seed of 1.
  ///   - count: How many there are.
  ///   - part: Makes a strategy that runs those with the given numbers, from 0, as the whole search would.
  public static func samples(
    _ name: String, _ count: Int, part: @escaping @Sendable (Range<Int>) -> any Strategy
  ) -> SearchDivision {
    SearchDivision(kind: .samples(count, part), name: "\(name), \(count) executions")
  }
}

/// The executions of a sampler, in blocks.
struct SampleBlocks: WorkSource {
  /// How many executions a block has; the last one may have fewer.
  static let size = 256

  private(set) var sum = SearchPart.empty
  private let end: Int
  private var begun: Int
  /// The first execution whose result has not been merged.
  private(set) var merged: Int

  init(_ executions: Range<Int>) {
    begun = executions.lowerBound
    merged = begun
    end = executions.upperBound
  }

  mutating func next() -> Range<Int>? {
    if begun >= end { return nil }
    let block = begun..<min((begun / Self.size + 1) * Self.size, end)
    begun = block.upperBound
    return block
  }

  static func parts(of result: SearchPart) -> [SearchPart] { [result] }

  mutating func merge(_ result: SearchPart) -> Bool {
    sum.add(result)
    merged = min((merged / Self.size + 1) * Self.size, end)
    return sum.failure == nil && sum.error == nil
  }

  /// Goes on where another process has left off.
  mutating func resume(at next: Int, _ sum: SearchPart) {
    (begun, merged) = (next, next)
    self.sum = sum
  }
}
