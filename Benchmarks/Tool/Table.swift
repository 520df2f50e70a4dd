// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// A table in plain text: the first column to the left, all others to the right.
///
/// No line ends in spaces.
struct Table {
  private var lines: [[String]]

  /// Makes a table with a line of headings.
  init(_ headings: String...) { lines = [headings] }

  /// Adds a line with as many cells as there are headings.
  mutating func add(_ cells: String...) {
    precondition(cells.count == lines[0].count, "a line of \(cells.count) cells in a table of \(lines[0].count)")
    lines.append(cells)
  }

  /// The table, each line with its end.
  var text: String {
    let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { line in
      let cells = line.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      let text = "  " + cells.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}

extension Int {
  /// The number with a space between thousands.
  var grouped: String {
    let digits = String(magnitude)
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0 && (digits.count - place) % 3 == 0 { text += " " }
      text.append(digit)
    }
    return self < 0 ? "-" + text : text
  }
}

extension Double {
  /// The number without a fraction, with a space between thousands.
  var whole: String { Int(rounded()).grouped }

  /// The number with that number of digits after the point.
  func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
