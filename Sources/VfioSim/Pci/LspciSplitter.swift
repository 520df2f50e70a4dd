// SPDX-License-Identifier: GPL-2.0-only

/// The one pass over the bytes of a text that sorts its lines into functions.
///
/// It works on bytes and not on characters: a dump of 4096 bytes has 256 rows, and a carriage return before the line
/// feed would be one character with it.
struct LspciSplitter {
  private let bytes: [UInt8]
  private(set) var functions: [LspciDump.Function] = []
  /// The first line that is not blank, which the error for a text without any function shows.
  private(set) var firstSkipped: (number: Int, text: String)?
  /// The indentation in bytes of the human-readable lines that belong to the function itself.
  private var ownIndentation: Int?

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  mutating func split() {
    var start = 0
    var number = 1
    while start <= bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      take(line: number, start..<end)
      start = end + 1
      number += 1
    }
  }

  private mutating func take(line number: Int, _ untrimmed: Range<Int>) {
    var line = untrimmed
    while let last = line.last, isSpace(bytes[last]) { line = line.lowerBound..<last }
    guard let first = line.first(where: { !isSpace(bytes[$0]) }) else { return }

    if first > line.lowerBound {
      guard !functions.isEmpty else { return skip(number, line) }
      let indentation = first - line.lowerBound
      let own = ownIndentation ?? indentation
      ownIndentation = own
      functions[functions.count - 1].lines.append(
        LspciDump.Line(number: number, text: text(first..<line.upperBound), isNested: indentation > own))
    } else if let colon = colonOfHexRow(line) {
      guard !functions.isEmpty else { return skip(number, line) }
      takeHexRow(number, line, colon: colon)
    } else if let function = functionHeader(number, line) {
      functions.append(function)
      ownIndentation = nil
    } else {
      skip(number, line)
    }
  }

  private mutating func skip(_ number: Int, _ line: Range<Int>) {
    if firstSkipped == nil { firstSkipped = (number, text(line)) }
  }

  private func functionHeader(_ number: Int, _ line: Range<Int>) -> LspciDump.Function? {
    let end = line.first(where: { isSpace(bytes[$0]) }) ?? line.upperBound
    guard end - line.lowerBound <= 16, let slot = PciSlot(text(line.lowerBound..<end)) else { return nil }
    let title = line[end...].first(where: { !isSpace(bytes[$0]) }) ?? line.upperBound
    return LspciDump.Function(slot: slot, title: text(title..<line.upperBound), line: number)
  }

  /// The colon of a line that has the shape of a row: one to four bytes without a space, a colon, a space or the end.
  private func colonOfHexRow(_ line: Range<Int>) -> Int? {
    var index = line.lowerBound
    while index < line.upperBound, index - line.lowerBound <= 4 {
      if bytes[index] == UInt8(ascii: ":") {
        let isSeparated = index + 1 == line.upperBound || isSpace(bytes[index + 1])
        return index > line.lowerBound && isSeparated ? index : nil
      }
      if isSpace(bytes[index]) { return nil }
      index += 1
    }
    return nil
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }
}

extension LspciSplitter {
  private mutating func takeHexRow(_ number: Int, _ line: Range<Int>, colon: Int) {
    let current = functions.count - 1
    guard functions[current].hexError == nil else { return }
    do throws(PciDumpError) {
      try checkOrder(number, line, colon: colon, after: functions[current])
      functions[current].hexBytes += try hexRow(number, colon + 1..<line.upperBound, start: line.lowerBound)
      functions[current].hexLines.append(number)
    } catch {
      functions[current].hexError = error
    }
  }

  /// Checks that the row before is whole and that this one follows it.
  private func checkOrder(
    _ number: Int, _ line: Range<Int>, colon: Int, after function: LspciDump.Function
  ) throws(PciDumpError) {
    var offset = 0
    for index in line.lowerBound..<colon {
      guard let digit = hexValue(of: bytes[index]) else { throw badDigit(at: index, number, line) }
      offset = offset << 4 | Int(digit)
    }
    let expected = function.hexLines.count * 16
    if let last = function.hexLines.last, function.hexBytes.count < expected {
      throw .badHexRow(line: last, found: 16 - (expected - function.hexBytes.count))
    }
    guard offset == expected else { throw .hexHole(line: number, found: offset, expected: expected) }
  }

  /// The bytes of a row, which stand after its colon.
  private func hexRow(_ number: Int, _ range: Range<Int>, start: Int) throws(PciDumpError) -> [UInt8] {
    let line = start..<range.upperBound
    var row: [UInt8] = []
    row.reserveCapacity(16)
    var index = range.lowerBound
    while index < range.upperBound {
      if isSpace(bytes[index]) {
        index += 1
        continue
      }
      guard let high = hexValue(of: bytes[index]) else { throw badDigit(at: index, number, line) }
      guard index + 1 < range.upperBound, let low = hexValue(of: bytes[index + 1]) else {
        throw badDigit(at: index + 1, number, line)
      }
      guard index + 2 == range.upperBound || isSpace(bytes[index + 2]) else {
        throw badDigit(at: index + 2, number, line)
      }
      row.append(high << 4 | low)
      index += 2
    }
    guard (1...16).contains(row.count) else { throw .badHexRow(line: number, found: row.count) }
    return row
  }

  private func badDigit(at index: Int, _ number: Int, _ line: Range<Int>) -> PciDumpError {
    .badHexDigit(
      line: number, column: index - line.lowerBound + 1,
      found: index < line.upperBound ? text(index..<line.upperBound).first.map { "\($0)" } ?? "" : "")
  }
}
