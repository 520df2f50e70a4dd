// SPDX-License-Identifier: GPL-2.0-only

/// A text as `lspci -vv -xxxx` prints it, split into the functions that it describes.
///
/// Splitting looks at the shape of lines only. A line that begins with a slot opens a function; an indented line is
/// its human-readable description; a line such as `40: 01 00 …` is a row of its configuration space. Lines of any
/// other shape, and all lines before the first function, are skipped: a shell prompt or a warning may stand between.
/// A damaged row does not hide the other functions of the text; it is kept as the ``Function/hexError`` of its own.
package struct LspciDump: Sendable {
  /// One function of the text, before its lines are understood.
  package struct Function: Sendable {
    /// The slot that the first line begins with.
    package let slot: PciSlot

    /// The rest of the first line: class, vendor and device in words.
    package let title: String

    /// The number of the first line, counted from 1.
    package let line: Int

    /// The human-readable lines, in the order of the text.
    package internal(set) var lines: [Line] = []

    /// The bytes of the rows, up to the first damaged one.
    package internal(set) var hexBytes: [UInt8] = []

    /// The line number of each row of 16 bytes.
    package internal(set) var hexLines: [Int] = []

    /// What is wrong with the first damaged row, if there is one.
    package internal(set) var hexError: PciDumpError?

    /// Returns the line number of the row that holds an offset in bytes; the last row for an offset after it.
    package func hexLine(at offset: Int) -> Int {
      offset / 16 < hexLines.count ? hexLines[max(0, offset) / 16] : hexLines.last ?? line
    }
  }

  /// One human-readable line.
  package struct Line: Sendable, Hashable {
    /// The number of the line in the text, counted from 1.
    package let number: Int

    /// The words of the line, without the space around them.
    package let text: String

    /// Whether the line stands deeper than the function's first one, and so tells about another line.
    package let isNested: Bool
  }

  /// The functions in the order of the text; at least one.
  package let functions: [Function]

  /// Splits a text.
  ///
  /// - Throws: ``PciDumpError/emptyText`` or ``PciDumpError/noFunction(line:found:)``.
  package init(_ text: String) throws(PciDumpError) {
    var splitter = LspciSplitter(text)
    splitter.split()
    guard !splitter.functions.isEmpty else {
      guard let first = splitter.firstSkipped else { throw .emptyText }
      throw .noFunction(line: first.number, found: first.text)
    }
    functions = splitter.functions
  }
}

extension LspciDump.Function {
  /// The configuration space, if the text has all of it.
  ///
  /// - Throws: ``PciDumpError/noHex(line:slot:)``, ``PciDumpError/truncatedHex(line:count:)`` or what is wrong with
  ///   a row.
  package var configImage: ConfigImage {
    get throws(PciDumpError) {
      if let hexError { throw hexError }
      guard let last = hexLines.last else { throw .noHex(line: line, slot: slot) }
      guard let image = ConfigImage(hexBytes) else { throw .truncatedHex(line: last, count: hexBytes.count) }
      return image
    }
  }
}
