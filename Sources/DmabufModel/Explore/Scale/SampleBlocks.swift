// SPDX-License-Identifier: GPL-2.0-only

/// The executions of a sampler, in blocks.
struct SampleBlocks: WorkSource {
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
    let block = begun..<min((begun / SearchDivision.blockSize + 1) * SearchDivision.blockSize, end)
    begun = block.upperBound
    return block
  }

  static func parts(of result: SearchPart) -> [SearchPart] { [result] }

  mutating func merge(_ result: SearchPart) -> Bool {
    sum.add(result)
    merged = min((merged / SearchDivision.blockSize + 1) * SearchDivision.blockSize, end)
    return sum.failure == nil && sum.error == nil
  }

  /// Goes on where another process has left off.
  mutating func resume(at next: Int, _ sum: SearchPart) {
    (begun, merged) = (next, next)
    self.sum = sum
  }
}
