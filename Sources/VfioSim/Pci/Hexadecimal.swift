// SPDX-License-Identifier: GPL-2.0-only

extension FixedWidthInteger {
  /// Reads hexadecimal digits only: no sign, no prefix, a number of digits within `count`, no overflow.
  init?(hexDigits text: some StringProtocol, count: ClosedRange<Int> = 1...16) {
    let digits = text.utf8
    guard count.contains(digits.count), digits.allSatisfy({ hexValue(of: $0) != nil }) else { return nil }
    self.init(text, radix: 16)
  }

  /// The number in lower-case hexadecimal, filled up with zeros to a least number of digits.
  func hex(digits: Int = 1) -> String {
    let text = String(self, radix: 16)
    return String(repeating: "0", count: Swift.max(0, digits - text.utf8.count)) + text
  }
}

/// The value of one ASCII hexadecimal digit, or nothing for any other byte.
func hexValue(of byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
