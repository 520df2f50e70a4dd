// SPDX-License-Identifier: GPL-2.0-only

/// How a report is written: plain, or with the colours of a terminal.
public enum ReportStyle: Sendable, Hashable {
  /// Text and nothing else.
  case plain
  /// Text with escape sequences for colours: one for each thread, red for the failure.
  case colored

  /// What fits the standard error: colours on a terminal, unless `NO_COLOR` is set; plain text in a pipe.
  public static var forStandardError: ReportStyle { of(descriptor: 2) }

  private static func of(descriptor: Int32) -> ReportStyle {
    Environment.isTerminal(descriptor) && !Environment.wantsNoColor ? .colored : .plain
  }

  /// What a piece of text is, which decides its colour.
  enum Role {
    case thread(Int)
    case failure
    case heading
    case aside
  }

  func paint(_ text: String, _ role: Role) -> String {
    guard self == .colored, !text.isEmpty else { return text }
    let code =
      switch role {
      case .thread(let place): ["36", "33", "35", "32", "34", "96", "93", "95"][place % 8]
      case .failure: "1;31"
      case .heading: "1"
      case .aside: "2"
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}

extension String {
  func padded(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }

  func leftPadded(to width: Int) -> String {
    count >= width ? self : String(repeating: " ", count: width - count) + self
  }

  /// The text, or its beginning with an ellipsis where it is too long.
  func clipped(to width: Int) -> String { count <= width ? self : prefix(max(0, width - 1)) + "…" }

  /// The text in lines of at most that many characters, where its words allow it.
  func wrapped(at width: Int) -> [String] {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.count + word.count < width {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  /// The text in pieces of at most that number of characters, with nothing left out.
  ///
  /// It is broken behind a parenthesis, a comma or an arrow, else between the words of a C name, else anywhere.
  ///
  /// - Parameters:
  ///   - width: How long the first piece may be.
  ///   - rest: How long the others may be.
  func broken(at width: Int, then rest: Int? = nil) -> [String] {
    let width = max(1, width)
    guard count > width else { return [self] }
    let start = prefix(width)
    let end = ["(,> ", "_"].lazy.compactMap { start.lastIndex(where: $0.contains) }.first
    let place = end.map { start.index(after: $0) } ?? start.endIndex
    return [String(self[..<place])] + String(self[place...]).broken(at: rest ?? width)
  }

  var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
