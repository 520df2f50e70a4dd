// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// Tests write descriptors as numbers; a user's program gets them from calls.
extension FileDescriptor: ExpressibleByIntegerLiteral {
  /// Takes the number.
  public init(integerLiteral value: Int32) { self.init(rawValue: value) }

  static let max = FileDescriptor(rawValue: .max)
  static let min = FileDescriptor(rawValue: .min)
}
