// SPDX-License-Identifier: GPL-2.0-only

/// Reads flags with their values, written `--flag value` or `--flag=value`.
///
/// A value that begins with two hyphens needs the second form. Of a flag that is given twice, the caller sees both.
struct FlagReader {
  /// The names of all flags that the command has.
  let flags: [String]
  private var words: ArraySlice<String>
  private var attached: String?
  private var current = ""

  /// Starts to read.
  init(_ arguments: [String], flags: [String]) {
    words = arguments[...]
    self.flags = flags
  }

  /// The next flag, or nothing at the end.
  mutating func next() throws(UsageError) -> String? {
    if let attached { throw .needlessValue(flag: current, found: attached) }
    guard let word = words.popFirst() else { return nil }
    guard word.hasPrefix("-"), word != "-" else { throw .unexpectedWord(word, expected: flags) }
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    current = String(parts[0])
    attached = parts.count == 2 ? String(parts[1]) : nil
    guard flags.contains(current) else { throw .unknownFlag(current, expected: flags) }
    return current
  }

  /// The value of the flag just read, as text that is not empty.
  mutating func text(_ expected: String) throws(UsageError) -> String {
    let value = attached ?? (words.first?.hasPrefix("--") == false ? words.popFirst() : nil)
    attached = nil
    guard let value, !value.isEmpty else { throw .missingValue(flag: current, expected: expected) }
    return value
  }

  /// The value of the flag just read, as a number in decimal digits.
  mutating func number<Number: FixedWidthInteger>(_ range: ClosedRange<Number>) throws(UsageError) -> Number {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    let value = try text(expected)
    guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Number(value), range.contains(number)
    else { throw .badValue(flag: current, found: value, expected: expected) }
    return number
  }
}
