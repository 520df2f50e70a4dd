// SPDX-License-Identifier: GPL-2.0-only

/// A strategy whose search several machines can do together.
package protocol DivisibleStrategy: Strategy {
  /// How the search is divided; nothing where this one cannot be. Asked before it begins.
  var division: SearchDivision? { get }
}

extension Strategy {
  /// How the search is divided, if it can be.
  var divided: SearchDivision? { (self as? any DivisibleStrategy)?.division }
}

/// How a search can be divided over several machines.
package struct SearchDivision: Sendable {
  enum Kind: Sendable {
    case exhaustive
    case samples(Int, @Sendable (Range<Int>) -> any Strategy)
  }

  /// The number of executions in a block of a sampler; the last one may have fewer.
  static let blockSize = 256

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
  ///   - count: The number of executions.
  ///   - part: Makes a strategy that runs those with the given numbers, from 0, as the whole search would.
  package static func samples(
    _ name: String, _ count: Int, part: @escaping @Sendable (Range<Int>) -> any Strategy
  ) -> SearchDivision {
    SearchDivision(kind: .samples(count, part), name: "\(name), \(count) executions")
  }
}
