// SPDX-License-Identifier: GPL-2.0-only

/// A line of text in a picture, and the room that it takes.
///
/// The document brings no font, so the room is that of the widest face that a renderer is likely to take.
struct PictureText {
  enum Anchor: String { case start, end }

  var x: Int
  var y: Int
  var text: String
  var color: String
  var size = 11
  var anchor = Anchor.start
  var isBold = false

  /// The element.
  var element: String {
    "<text x=\"\(x)\" y=\"\(y)\" fill=\"\(color)\"" + (size == 11 ? "" : " font-size=\"\(size)\"")
      + (anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\"") + (isBold ? " font-weight=\"bold\"" : "")
      + ">\(Self.escaped(text))</text>"
  }

  /// The room that a text needs.
  static func width(of text: String, size: Int = 11) -> Int {
    // Of what is not ASCII a good part is twice as wide as a letter.
    let cells = text.unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 2) }
    return Int((Double(cells * size) * 0.66).rounded(.up))
  }

  /// The text in lines that fit so much room; a word that is longer than a line is broken.
  static func lines(of text: String, in room: Int, size: Int = 11) -> [String] {
    wrapped(text, at: max(8, room * 100 / (size * 66)))
  }

  /// The text in lines of at most that many characters, whatever its words are.
  static func wrapped(_ text: String, at width: Int) -> [String] {
    text.wrapped(at: width).flatMap { line -> [String] in
      var rest = Substring(line)
      var parts: [String] = []
      while rest.count > width {
        parts.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
      return parts + [String(rest)]
    }
  }

  /// The element that viewers show beside the pointer.
  static func tooltip(_ text: String) -> String { "<title>\(escaped(text))</title>" }

  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n": escaped += "\n"
      // XML has no way to write control characters.
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
