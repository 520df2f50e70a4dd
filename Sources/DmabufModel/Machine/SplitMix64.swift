// SPDX-License-Identifier: GPL-2.0-only

/// The package's only source of random numbers: 64 bits of state, the same numbers everywhere for the same seed.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the sequence of a seed.
  public init(seed: UInt64) { state = seed }

  /// Starts the sequence of one execution of a search, independent of how many came before it.
  init(seed: UInt64, execution: Int) {
    state = seed ^ (UInt64(truncatingIfNeeded: execution) &* 0xD1B5_4A32_D192_ED03)
    _ = next()
  }

  /// The next number.
  @inline(__always)
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number below a bound, by one multiplication; the bias of at most bound/2^64 does not matter here.
  @inline(__always)
  mutating func below(_ bound: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
  }
}
