// SPDX-License-Identifier: GPL-2.0-only

/// What one human-readable line says about a BAR or about the expansion ROM.
struct RegionLine: Equatable {
  enum Kind: Equatable {
    case io, memory32, memory64, reserved
  }

  enum Place: Equatable {
    case at(UInt64)
    case unassigned, ignored, noUpperHalf
  }

  let line: Int
  let text: String
  let index: Int
  var kind = Kind.memory32
  var place = Place.unassigned
  var isPrefetchable = false
  var isDisabled = false
  /// The kernel tells where the window is: the register is empty or does not count.
  var isVirtual = false
  /// The size in bytes.
  var size: UInt64?

  /// Reads a line that begins with `Region` or `Expansion ROM`; nothing for any other line.
  ///
  /// - Throws: ``PciDumpError/badRegion(line:found:expected:)`` or ``PciDumpError/badSize(line:found:expected:)``.
  init?(_ line: LspciDump.Line) throws(PciDumpError) {
    var reader = WordReader(line.text)
    let isMarkedVirtual = reader.skip("[virtual] ") || reader.skip("[enhanced] ")
    if !isMarkedVirtual, reader.skip("Region ") {
      guard let digit = reader.take(while: { $0 != ":" }), let number = Int(hexDigits: digit, count: 1...1), number < 6,
        reader.skip(": ")
      else { throw .badRegion(line: line.number, found: line.text, expected: "`Region N:` with N from 0 to 5") }
      self.init(line: line.number, text: line.text, index: number)
      isVirtual = reader.skip("[virtual] ") || reader.skip("[enhanced] ")
      try readWindow(&reader)
    } else if reader.skip("Expansion ROM at ") {
      self.init(line: line.number, text: line.text, index: PciBar.romIndex)
      isVirtual = isMarkedVirtual
      place = try readPlace(&reader)
    } else {
      return nil
    }
    try readFlags(&reader)
  }

  private init(line: Int, text: String, index: Int) {
    self.line = line
    self.text = text
    self.index = index
  }

  private mutating func readWindow(_ reader: inout WordReader) throws(PciDumpError) {
    if reader.skip("I/O ports at ") {
      kind = .io
      place = try readPlace(&reader)
      return
    }
    guard reader.skip("Memory at ") else { throw bad("`Memory at` or `I/O ports at`") }
    place = try readPlace(&reader)
    guard reader.skip(" (") else { throw bad("` (32-bit, …)` or ` (64-bit, …)` after the address") }
    switch reader.take(while: { $0 != "," }) {
    case "32-bit", "low-1M": kind = .memory32
    case "64-bit": kind = .memory64
    case "type 3": kind = .reserved
    default: throw bad("the width `32-bit`, `64-bit` or `low-1M`")
    }
    if reader.skip(", prefetchable)") {
      isPrefetchable = true
    } else if !reader.skip(", non-prefetchable)") {
      throw bad("`prefetchable` or `non-prefetchable`")
    }
  }

  private func readPlace(_ reader: inout WordReader) throws(PciDumpError) -> Place {
    if reader.skip("<unassigned>") { return .unassigned }
    if reader.skip("<ignored>") { return .ignored }
    if reader.skip("<invalid-64bit-slot>") { return .noUpperHalf }
    guard let digits = reader.take(while: { $0 != " " }), let address = UInt64(hexDigits: digits) else {
      throw bad("an address of 1 to 16 hexadecimal digits, `<unassigned>` or `<ignored>`")
    }
    return .at(address)
  }

  /// Reads the remarks in brackets; an unknown one says nothing about the window and is left to newer tools.
  private mutating func readFlags(_ reader: inout WordReader) throws(PciDumpError) {
    while !reader.isAtEnd {
      guard reader.skip(" ["), let flag = reader.take(while: { $0 != "]" }), reader.skip("]") else {
        throw bad("remarks in brackets, such as ` [size=4K]`, to the end of the line")
      }
      if flag.hasPrefix("size=") {
        guard size == nil else { throw bad("one size") }
        size = try readSize(flag.dropFirst(5))
      } else if flag.hasPrefix("disabled") {
        isDisabled = true
      } else if flag == "virtual" || flag == "enhanced" {
        isVirtual = true
      }
    }
  }

  private func readSize(_ text: Substring) throws(PciDumpError) -> UInt64 {
    let shift: UInt64
    switch text.last {
    case "K": shift = 10
    case "M": shift = 20
    case "G": shift = 30
    case "T": shift = 40
    default: shift = 0
    }
    let digits = shift == 0 ? text : text.dropLast()
    let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isNumber, let count = UInt64(digits) else {
      throw badSize(text, "a number of bytes with no suffix or K, M, G or T")
    }
    let (size, overflows) = count.multipliedReportingOverflow(by: 1 << shift)
    guard !overflows, size.nonzeroBitCount == 1 else { throw badSize(text, "a power of two below 2^64") }
    guard kind == .io || isVirtual || size >= 16 else { throw badSize(text, "at least 16 bytes of memory") }
    guard kind != .memory32 || size <= 1 << 31 else { throw badSize(text, "at most 2G in a 32-bit window") }
    return size
  }

  private func bad(_ expected: String) -> PciDumpError {
    .badRegion(line: line, found: text, expected: expected)
  }

  private func badSize(_ found: Substring, _ expected: String) -> PciDumpError {
    .badSize(line: line, found: "size=\(found)", expected: expected)
  }
}

/// A place in a line that moves forward over words.
private struct WordReader {
  private var rest: Substring

  init(_ text: String) {
    rest = text[...]
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ word: String) -> Bool {
    guard rest.hasPrefix(word) else { return false }
    rest = rest.dropFirst(word.count)
    return true
  }

  /// Takes one or more characters, or nothing.
  mutating func take(while isWanted: (Character) -> Bool) -> Substring? {
    let word = rest.prefix(while: isWanted)
    rest = rest[word.endIndex...]
    return word.isEmpty ? nil : word
  }
}
