// SPDX-License-Identifier: GPL-2.0-only

/// How long something took, each time.
///
/// Buckets grow by a sixteenth, so that a percentile is at most a sixteenth too high; the longest one is exact.
public struct LatencyHistogram: Sendable, Hashable {
  /// The number of times.
  public private(set) var count = 0
  /// All of them together, in picoseconds.
  public private(set) var total = 0
  /// The longest one, in picoseconds.
  public private(set) var longest = 0
  private var buckets: [Int] = []

  /// Makes a histogram of nothing.
  public init() {}

  /// Adds one.
  mutating func add(_ time: Int) {
    let bucket = Self.bucket(of: time)
    if bucket >= buckets.count { buckets += [Int](repeating: 0, count: bucket + 1 - buckets.count) }
    buckets[bucket] += 1
    count += 1
    total += time
    longest = max(longest, time)
  }

  /// The time that a share of them did not exceed, in picoseconds, and at most a sixteenth too high.
  ///
  /// - Parameter share: Of 1,000.
  public func percentile(ofThousand share: Int) -> Int {
    let wanted = (count * share + 999) / 1_000
    var seen = 0
    for (bucket, number) in buckets.enumerated() {
      seen += number
      if seen >= wanted && number > 0 { return min(longest, Self.end(of: bucket)) }
    }
    return longest
  }

  /// The average, in picoseconds.
  public var mean: Int { count == 0 ? 0 : total / count }

  /// Sixteen buckets for each doubling.
  private static func bucket(of time: Int) -> Int {
    if time < 16 { return max(0, time) }
    let shift = Int.bitWidth - 1 - time.leadingZeroBitCount - 4
    return (shift + 1) * 16 + (time >> shift & 15)
  }

  /// The largest time of a bucket.
  private static func end(of bucket: Int) -> Int {
    if bucket < 16 { return bucket }
    let shift = bucket / 16 - 1
    return (16 + bucket % 16 + 1) << shift - 1
  }
}
