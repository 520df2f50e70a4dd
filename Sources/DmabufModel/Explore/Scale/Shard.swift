// SPDX-License-Identifier: GPL-2.0-only

/// One of several parts of a search that are run apart, without a word between them.
///
/// A batch scheduler runs one process for each shard; each writes its result (``ShardReport``), and
/// ``ShardReport/merged(_:)`` makes one verdict of it.
///
/// Executions of a sampler are divided by their numbers. An exhaustive search is divided by how executions begin
/// (`FrontierStrategy`): each class of equivalent executions belongs to one beginning, and each beginning to one shard.
/// What a shard finds while it explores a beginning may belong to another one, since the optimal search knows nothing
/// of that; such executions are run and not counted. The report tells their number: a third of all with few
/// shards, more with many. It is the price for not talking. Machines that can talk do without it; see `DividedSearch`.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
  /// Which one it is, from 1.
  public let number: Int
  /// The number of shards.
  public let count: Int

  /// The most shards that there can be.
  static let counts = 1...100_000

  /// Names a shard; nothing if there is no such one.
  public init?(_ number: Int, of count: Int) {
    guard Self.counts.contains(count), number >= 1, number <= count else { return nil }
    self.number = number
    self.count = count
  }

  /// Reads `2/8`: the second of eight.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]) else { return nil }
    self.init(number, of: count)
  }

  /// The form that ``init(_:)`` reads.
  public var description: String { "\(number)/\(count)" }

  /// The part of a sampler's executions; whole blocks, since some samplers learn within one.
  func executions(of total: Int) -> Range<Int> {
    let blocks = (total + SearchDivision.blockSize - 1) / SearchDivision.blockSize
    let first = blocks * (number - 1) / count * SearchDivision.blockSize
    let end = blocks * number / count * SearchDivision.blockSize
    return min(first, total)..<min(end, total)
  }
}
