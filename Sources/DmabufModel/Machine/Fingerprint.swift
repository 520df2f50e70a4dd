// SPDX-License-Identifier: GPL-2.0-only

/// A number that stands for a part of the machine's state: equal states have equal numbers.
///
/// Different states have different ones but for chance, 1 in 2^64 for a pair. It is the same on every run and every
/// machine: nothing in it comes from an address or from the standard library's seeded hashing, and objects count by
/// names that no schedule changes.
public struct Fingerprint: Sendable {
  @usableFromInline var bits: UInt64
  private(set) var isComplete = true
  private let kernel: Kernel
  /// Whether objects count by the machine's numbers, which are of use within one execution only.
  private let isOfOneExecution: Bool

  init(_ kernel: Kernel, seed: UInt64, ofOneExecution isOfOneExecution: Bool = false) {
    self.kernel = kernel
    self.isOfOneExecution = isOfOneExecution
    bits = seed
  }

  /// Adds a number.
  @inlinable
  public mutating func add(_ number: UInt64) { bits = Fingerprint.mix(bits, number) }

  /// Adds a value.
  @inlinable
  public mutating func add(_ value: some Fingerprinted) { value.add(to: &self) }

  /// Adds an object: which one it is, not what is in it.
  public mutating func add(_ object: ObjectID) {
    add(isOfOneExecution ? UInt64(object.rawValue) : kernel.stableName(of: object))
  }

  /// Adds a value of a type that may or may not be able to say what it is; if not, the whole is ``giveUp()``.
  public mutating func add(any value: some Any) {
    if let value = value as? any Fingerprinted { value.add(to: &self) } else { giveUp() }
  }

  /// Notes that the state cannot be described; the machine then goes by what has happened to the object.
  public mutating func giveUp() { isComplete = false }

  /// Adds a number to a fingerprint so that every bit depends on all that was added, and on the order.
  @inlinable @inline(__always)
  static func mix(_ bits: UInt64, _ number: UInt64) -> UInt64 {
    let product = (bits ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: number ^ 0xD1B5_4A32_D192_ED03)
    var mixed = product.high ^ product.low ^ (bits << 1 | bits >> 63) &+ number
    mixed = (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9
    return mixed ^ (mixed >> 32)
  }
}

/// A value that can be a part of a state's ``Fingerprint``.
///
/// Raw-valued enumerations and option sets need no code of their own: `extension Status: Fingerprinted {}`. A structure
/// adds its parts. A class of the model is which one it is: it adds the ``ObjectID`` of one of its actors.
public protocol Fingerprinted {
  /// Adds the value.
  func add(to fingerprint: inout Fingerprint)
}

extension Fingerprinted where Self: RawRepresentable, RawValue: Fingerprinted {
  /// Adds the raw value.
  @inlinable
  public func add(to fingerprint: inout Fingerprint) { rawValue.add(to: &fingerprint) }
}

extension Fingerprinted where Self: FixedWidthInteger {
  /// Adds the number.
  @inlinable
  public func add(to fingerprint: inout Fingerprint) { fingerprint.add(UInt64(truncatingIfNeeded: self)) }
}

extension Int: Fingerprinted {}
extension Int32: Fingerprinted {}
extension Int64: Fingerprinted {}
extension UInt: Fingerprinted {}
extension UInt8: Fingerprinted {}
extension UInt16: Fingerprinted {}
extension UInt32: Fingerprinted {}
extension UInt64: Fingerprinted {}
extension Errno: Fingerprinted {}

extension Bool: Fingerprinted {
  /// Adds one or zero.
  @inlinable
  public func add(to fingerprint: inout Fingerprint) { fingerprint.add(self ? 1 : 0 as UInt64) }
}

extension ObjectID: Fingerprinted {
  /// Adds the object's name that no schedule changes.
  public func add(to fingerprint: inout Fingerprint) { fingerprint.add(self) }
}

extension String: Fingerprinted {
  /// Adds the text.
  public func add(to fingerprint: inout Fingerprint) {
    fingerprint.add(UInt64(truncatingIfNeeded: utf8.count))
    for byte in utf8 { fingerprint.add(UInt64(byte)) }
  }
}

extension Optional: Fingerprinted where Wrapped: Fingerprinted {
  /// Adds whether there is a value, and the value.
  @inlinable
  public func add(to fingerprint: inout Fingerprint) {
    fingerprint.add(self != nil)
    if let self { self.add(to: &fingerprint) }
  }
}

extension Array: Fingerprinted where Element: Fingerprinted {
  /// Adds the number of elements and each of them.
  public func add(to fingerprint: inout Fingerprint) {
    fingerprint.add(count)
    for element in self { element.add(to: &fingerprint) }
  }
}
