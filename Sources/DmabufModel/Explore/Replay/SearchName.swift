// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// The name by which a search is found again: in the line that replays it, and in the names of its pictures.
///
/// It is made of the file, the function, and the name that the search was given, if any. Several searches of one
/// function that have no names of their own are told apart by where they are called, in the order in which they are
/// first reached. A parameterised test runs one call several times, so it has to name its searches. An executable that
/// names its searches gives an empty function, and is then found by these names alone.
struct SearchName: Sendable, Hashable {
  /// The pattern by which `swift test --filter` finds the function.
  let filter: String
  /// The whole name, of characters that a shell and a file system leave alone.
  let tag: String

  init(file: String, line: UInt, function: String, name: String) {
    let function = String(function.prefix { $0 != "(" })
    filter = String(function.map { $0 == "_" || $0.isLetter || $0.isNumber ? $0 : "." })
    let stem = file.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? "search"
    let place = function.isEmpty && !name.isEmpty ? [] : [stem, function]
    let tag = (place + (name.isEmpty ? [] : [name])).map { Self.plain($0) }.joined(separator: ".")
    let number = name.isEmpty ? Self.place(of: line, in: tag) : 1
    self.tag = number == 1 ? tag : "\(tag).\(number)"
  }

  /// Whether a part of a name can have the character in it.
  static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber) || "_-=+".contains(character)
  }

  private static func plain(_ text: String) -> String { String(text.map { isPlain($0) ? $0 : "_" }) }

  /// The lines from which the searches of one name were called, in the order in which they were first reached.
  private static let calls = Mutex<[String: [UInt]]>([:])

  private static func place(of line: UInt, in tag: String) -> Int {
    calls.withLock { calls in
      if let index = calls[tag, default: []].firstIndex(of: line) { return index + 1 }
      calls[tag, default: []].append(line)
      return calls[tag, default: []].count
    }
  }
}
