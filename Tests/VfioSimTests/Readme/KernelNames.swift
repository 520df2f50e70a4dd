// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// The names that documentation comments give as "The corresponding C function is …", each with what it is in Swift.
enum KernelNames {
  /// A module and its article with the table.
  static let tables = [("DmabufModel", "KernelNames.md"), ("VfioSim", "VfioNames.md")]

  /// A C name and the declaration whose comment gives it.
  struct Entry {
    var c: String
    var swift: String
    /// The names of the types around it.
    var type: String
    /// Its first lines, joined.
    var code: String
  }

  /// The lines of a module's table, by C name.
  static func rows(of module: String) throws -> [String] {
    var rows: Set<String> = []
    for file in Citations.files(in: "Sources/\(module)", named: ".swift") {
      let entries = entries(in: try String(contentsOf: file, encoding: .utf8))
      rows.formUnion(entries.map { "| `\($0.c)` | `\($0.swift)` |" })
    }
    return rows.sorted { key($0) < key($1) }
  }

  private static func key(_ row: String) -> (String, String) { (row.lowercased(), row) }

  /// The names in a file, in its order.
  static func entries(in text: String) -> [Entry] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var entries: [Entry] = []
    var types: [(indentation: Int, name: String)] = []
    var comment: [Substring] = []
    for (place, line) in lines.enumerated() {
      let indentation = line.prefix { $0 == " " }.count
      let code = line.dropFirst(indentation)
      if code.utf8.starts(with: "///".utf8) {
        comment.append(code.dropFirst(3))
        continue
      }
      if code.first == "@" && withoutAttributes(code).isEmpty { continue }
      types.removeAll { !code.isEmpty && code != "}" && $0.indentation >= indentation }
      // Types without a comment count, too: the names of their members begin with theirs.
      if comment.isEmpty && code.last != "{" { continue }
      if let name = declaredName(lines[place...]) {
        let type = types.last?.name ?? ""
        let swift = (type.isEmpty ? "" : type + ".") + name.text
        let names = corresponding(comment)
        let code = names.isEmpty ? "" : lines[place...].prefix(9).map { $0.drop { $0 == " " } }.joined(separator: " ")
        entries += names.map { Entry(c: $0, swift: swift, type: type, code: code) }
        if name.isType { types.append((indentation, swift)) }
      }
      comment.removeAll()
    }
    return entries
  }

  /// The names in the sentence of a comment that gives them.
  private static func corresponding(_ comment: [Substring]) -> [String] {
    let text = comment.joined(separator: "").replacing("  ", with: " ")
    guard text.contains("The corresponding") else { return [] }
    return text.matches(of: /The corresponding (?:C|system) [a-z]+ (?:is|are)(?: of)? (.*?)(?:\. |; |\.$|$)/).flatMap {
      match in
      // What stands behind these words tells more about the name before them.
      let sentence = match.output.1.split(separator: #/ of `| with /#, maxSplits: 1).first ?? ""
      return sentence.matches(of: /`([^`]+)`/).map { String($0.output.1) }
    }
  }

  /// What the declaration at the beginning of some lines declares, if it is one.
  private static func declaredName(_ lines: ArraySlice<Substring>) -> (text: String, isType: Bool)? {
    guard let first = lines.first, mayDeclare(first) else { return nil }
    let modifier =
      #/(?:public|package|private|fileprivate|final|static|mutating|nonisolated|convenience|indirect|unowned)(?:\(\w+\))? /#
    var rest = withoutAttributes(first)
    while let found = rest.prefixMatch(of: modifier) { rest = rest[found.range.upperBound...] }
    if let type = rest.firstMatch(of: /^(?:actor|class|struct|enum|protocol|extension|typealias) ([A-Za-z.]+)/) {
      return (String(type.output.1), true)
    }
    if let property = rest.firstMatch(of: /^(?:var|let|case) `?([A-Za-z0-9_]+)/) {
      return (String(property.output.1), false)
    }
    guard let function = rest.firstMatch(of: /^(?:func ([A-Za-z0-9_]+)|(init)\??)/) else { return nil }
    let name = String(function.output.1 ?? function.output.2 ?? "")
    let text = rest.dropFirst(function.output.0.count) + " " + lines.dropFirst().prefix(8).joined(separator: " ")
    return ("\(name)(\(labels(text)))", false)
  }

  private static let keywords: Set<Substring> = [
    "actor", "class", "struct", "enum", "protocol", "extension", "typealias", "var", "let", "case", "func",
  ]

  private static func mayDeclare(_ line: Substring) -> Bool {
    line.split(separator: " ").prefix(6).contains { keywords.contains($0) || $0.hasPrefix("init") }
  }

  private static func withoutAttributes(_ line: Substring) -> Substring {
    let line = line.drop { $0 == " " }
    // A regular expression is slow in a build without optimisation, and most lines have no attribute.
    guard line.first == "@" else { return line }
    return line.replacing(#/^(?:@[a-zA-Z]+(?:\([^)]*\))? ?)*/#, with: "", maxReplacements: 1)
  }

  /// The labels of a function's parameters, without those that stand for the place of the call.
  private static func labels(_ text: Substring) -> String {
    var depth = 0
    var label: String? = ""
    var previous: Character = " "
    var all: [String] = []
    for character in text.drop(while: { $0 != "(" }) {
      switch character {
      case "(", "[", "<", "{": depth += 1
      case ">" where previous == "-": break
      case ")", "]", ">", "}": depth -= 1
      case "," where depth == 1: label = ""
      case ":" where depth == 1:
        if let word = label?.split(separator: " ").first, word != "file", word != "line" { all.append("\(word):") }
        label = nil
      default: if depth == 1 { label?.append(character) }
      }
      if depth == 0 { break }
      previous = character
    }
    return all.joined()
  }
}
