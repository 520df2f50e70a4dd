// SPDX-License-Identifier: GPL-2.0-only

/// How a search can be divided over several machines.
public struct SearchDivision: Sendable {
  enum Kind: Sendable {
    case exhaustive
    case samples(Int, @Sendable (Range<Int>) -> any Strategy)
  }

  let kind: Kind

  /// Everything, by ``ExhaustiveStrategy``.
  static var exhaustive: SearchDivision { SearchDivision(kind: .exhaustive) }

  /// Executions that do not depend on each other.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - part: Makes a strategy that runs those with the given numbers, from 0, as the whole search would.
  public static func samples(
    _ count: Int, part: @escaping @Sendable (Range<Int>) -> any Strategy
  ) -> SearchDivision {
    SearchDivision(kind: .samples(count, part))
  }
}

/// The executions of a sampler, in blocks.
struct SampleBlocks: WorkSource {
  /// How many executions a block has; the last one may have fewer.
  static let size = 256

  private(set) var sum = SearchPart.empty
  private let end: Int
  private var begun: Int

  init(_ executions: Range<Int>) {
    begun = executions.lowerBound
    end = executions.upperBound
  }

  mutating func next() -> Range<Int>? {
    if begun >= end { return nil }
    let block = begun..<min(begun + Self.size, end)
    begun = block.upperBound
    return block
  }

  mutating func merge(_ result: SearchPart) -> Bool {
    sum.add(result)
    return sum.failure == nil && sum.error == nil
  }
}
