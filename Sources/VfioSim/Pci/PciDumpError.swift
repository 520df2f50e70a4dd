// SPDX-License-Identifier: GPL-2.0-only

/// The reason why a text, or one function of it, does not describe a device that the model can use.
///
/// Each case carries the number of the line that shows the fault, counted from 1, and its description is one line
/// that says what was found there and what was expected.
public enum PciDumpError: Error, Equatable {
  /// The text has nothing but space in it.
  case emptyText

  /// The text has lines, but none that begins with a slot; the first line is shown.
  case noFunction(line: Int, found: String)

  /// The slot that was asked for is not written as a slot.
  case badSlot(String)

  /// The slot that was asked for is not in the text.
  case slotNotFound(PciSlot, available: [PciSlot])

  /// The function has no row of its configuration space.
  case noHex(line: Int, slot: PciSlot)

  /// The rows end at a size in bytes that no configuration space has.
  case truncatedHex(line: Int, count: Int)

  /// A row does not follow the one before it; both numbers are offsets in bytes.
  case hexHole(line: Int, found: Int, expected: Int)

  /// A row has more than 16 bytes, or fewer and is not the last one.
  case badHexRow(line: Int, found: Int)

  /// Something else stands where a hexadecimal digit belongs; the column is counted in bytes from 1.
  case badHexDigit(line: Int, column: Int, found: String)

  /// The configuration space reads as all ones: the function is gone, or too fast asleep to answer.
  case absent(line: Int, slot: PciSlot)

  /// The header is not of type 0, so that the function is a bridge and no endpoint.
  case notEndpoint(line: Int, slot: PciSlot, headerType: UInt8)

  /// A line about a BAR does not have the form that `lspci` gives it.
  case badRegion(line: Int, found: String, expected: String)

  /// The size of a BAR is not one that a BAR can have.
  case badSize(line: Int, found: String, expected: String)

  /// The address of a BAR, or its end, is not one that a BAR of this size can have.
  case badAddress(line: Int, found: String, expected: String)

  /// The human-readable line and the register of a BAR contradict each other.
  case disagreement(line: Int, text: String, hexLine: Int, hex: String)

  /// The function has no memory BAR that could be lent out; every BAR that it does have is listed with the reason.
  case noMemoryBar(line: Int, slot: PciSlot, bars: [UnusableBar])

  /// None of several functions can be used: the error of the first one, and how many others there were.
  indirect case noUsableFunction(first: PciDumpError, others: Int)
}

extension PciDumpError {
  /// The number of the line that shows the fault, counted from 1; nothing if the text as a whole is at fault.
  public var line: Int? {
    switch self {
    case .emptyText, .badSlot, .slotNotFound: nil
    case .noFunction(let line, _), .noHex(let line, _), .truncatedHex(let line, _), .hexHole(let line, _, _),
      .badHexRow(let line, _), .badHexDigit(let line, _, _), .absent(let line, _), .notEndpoint(let line, _, _),
      .badRegion(let line, _, _), .badSize(let line, _, _), .badAddress(let line, _, _),
      .disagreement(let line, _, _, _), .noMemoryBar(let line, _, _):
      line
    case .noUsableFunction(let first, _): first.line
    }
  }
}

extension PciDumpError: CustomStringConvertible {
  /// The error in one line: the line number of the text, what was found, what was expected.
  public var description: String {
    guard let line else { return fault }
    if case .noUsableFunction = self { return fault }
    return "line \(line): \(fault)"
  }

  private var fault: String {
    switch self {
    case .emptyText:
      "the text is empty; expected what `lspci -vv -xxxx` prints"
    case .noFunction(_, let found):
      "no PCI function; found \(found.quoted), expected a line such as `00:1f.0 Ethernet controller: …`"
    case .badSlot(let found):
      "\(found.quoted) is not a slot; expected one such as `00:1f.0` or `0000:00:1f.0`"
    case .slotNotFound(let slot, let available):
      "no function \(slot); the text has \(available.map(\.description).joined(separator: ", "))"
    case .noHex(_, let slot):
      "\(slot) has no rows of its configuration space; expected them after its description, as `-xxxx` prints them"
    case .truncatedHex(_, let count):
      "the configuration space ends after \(count) bytes; expected 64, 256 or 4096"
    case .hexHole(_, let found, let expected):
      "found the row at \(found.hex(digits: 2)), expected the one at \(expected.hex(digits: 2))"
    case .badHexRow(_, let found):
      "found \(found) bytes in a row, expected 16"
    case .badHexDigit(_, let column, let found):
      found.isEmpty
        ? "found the end of the line at column \(column), expected a hexadecimal digit"
        : "found \(found.quoted) at column \(column), expected bytes of two hexadecimal digits"
    case .absent(_, let slot):
      "\(slot) reads as all ones; expected a function that answers"
    case .notEndpoint(_, let slot, let headerType):
      "\(slot) has a header of type \(headerType.hex()), a bridge; expected type 0, an endpoint"
    case .badRegion(_, let found, let expected), .badSize(_, let found, let expected),
      .badAddress(_, let found, let expected):
      "found \(found.quoted), expected \(expected)"
    case .disagreement(_, let text, let hexLine, let hex):
      "the text says \(text), but the register at line \(hexLine) says \(hex)"
    case .noMemoryBar(_, let slot, let bars):
      "\(slot) has no usable memory BAR: "
        + (bars.isEmpty ? "it has no BAR at all" : bars.map(\.description).joined(separator: "; "))
    case .noUsableFunction(let first, let others):
      "\(first) (and \(others) other function\(others == 1 ? "" : "s"), none usable)"
    }
  }
}

extension String {
  /// The text in backquotes, on one line and cut to a length that a message can bear.
  fileprivate var quoted: String {
    let limit = 80
    let line = String(map { $0.isNewline ? " " : $0 })
    return line.count > limit ? "`\(line.prefix(limit))…`" : "`\(line)`"
  }
}
