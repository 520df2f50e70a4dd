// SPDX-License-Identifier: GPL-2.0-only

/// A hash that is the same in every process: FNV-1a, by words.
///
/// The standard library's `Hasher` has another seed in each process, so that it cannot be in a replay string, a
/// checkpoint or a digest.
package struct StableHash {
  /// The hash of what has been added.
  package private(set) var bits: UInt64

  /// Begins with nothing added, or goes on from the hash of something.
  package init(_ bits: UInt64 = Self.empty) { self.bits = bits }

  /// The hash of nothing.
  package static var empty: UInt64 { 0xCBF2_9CE4_8422_2325 }

  /// Adds a byte.
  package mutating func add(byte: UInt8) { multiply(UInt64(byte)) }

  /// Adds a word, so that its upper bits reach the lower ones.
  package mutating func add(_ word: UInt64) {
    multiply(word)
    bits ^= bits >> 29
  }

  private mutating func multiply(_ word: UInt64) { bits = (bits ^ word) &* 0x100_0000_01B3 }
}
