// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// The ids of rules, hazards and interleavings that sources cite, and those that the catalogues define.
enum Citations {
  /// Rules of the kernel, hazards of the driver, and interleavings.
  private static let prefixes: Set<Substring> = [
    "CO", "DB", "DF", "DR", "IM", "LD", "MM", "PD", "RC", "RW", "VF", "WW",
    "A", "B", "C", "D", "E", "F", "I", "M", "S", "T",
  ]

  /// A definition: a heading of level 3 that is an id and nothing else.
  struct Definition {
    var id: String
    /// The article's file name.
    var article: String
    var text: String
  }

  /// The ids that a text cites, with what lies between the ends of a range such as "MM15 to MM18".
  static func ids(in text: String) -> [String] {
    var found: [String] = []
    var words: [Substring] = []
    for match in text.matches(of: /[§A-Za-z0-9_.+\-]+/) {
      var word = match.output
      while word.last == "." { word.removeLast() }
      if isId(word, after: words.last, text[..<match.range.lowerBound], text[word.endIndex...]) {
        if words.last == "to", let first = words.dropLast().last {
          found += range(from: first, to: word)
        } else {
          found.append(String(word))
        }
      }
      words.append(word)
    }
    return found
  }

  /// The ids that comments and strings of sources, tests and benchmarks cite, with the first place of each.
  static let cited: [String: String] = {
    var places: [String: String] = [:]
    for file in ["Sources", "Tests", "Benchmarks"].flatMap({ files(in: $0, named: ".swift") }) {
      for text in texts(in: (try? String(contentsOf: file, encoding: .utf8)) ?? "") where mayCite(text) {
        for id in ids(in: text) where places[id] == nil { places[id] = "\(file.lastPathComponent): \(text.prefix(80))" }
      }
    }
    return places
  }()

  /// The comments of a file, each as one line, and the lines with a string in them.
  private static func texts(in file: String) -> [String] {
    var texts: [String] = []
    var comment = ""
    for line in file.split(separator: "\n") {
      let code = line.drop { $0 == " " }
      if code.utf8.starts(with: "//".utf8) {
        comment += " " + code.drop { $0 == "/" || $0 == " " }
        continue
      }
      texts.append(comment)
      comment = ""
      if line.utf8.contains(UInt8(ascii: "\"")) || line.utf8.contains(UInt8(ascii: "/")) { texts.append(String(line)) }
    }
    return texts + [comment]
  }

  /// Whether there is a digit behind a capital letter or behind the last byte of a paragraph sign.
  private static func mayCite(_ text: String) -> Bool {
    var isAfterLetter = false
    for byte in text.utf8 {
      if isAfterLetter && (0x30...0x39).contains(byte) { return true }
      isAfterLetter = (0x41...0x5a).contains(byte) || byte == 0xa7
    }
    return false
  }

  /// All definitions of the catalogues.
  static func definitions() throws -> [Definition] {
    try files(in: "Sources", named: ".md").filter { $0.path.contains(".docc/") }.flatMap { file in
      try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n### ").dropFirst().compactMap { part in
        let lines = part.split(separator: "\n", maxSplits: 1)
        guard let heading = lines.first, heading.wholeMatch(of: /[A-Z]{1,2}[0-9]{1,2}|§[0-9]+(\.[0-9]+)?/) != nil else {
          return nil
        }
        let text = lines.dropFirst().first?.components(separatedBy: "\n## ").first ?? ""
        return Definition(id: String(heading), article: file.lastPathComponent, text: text)
      }
    }
  }

  /// The files under a folder of the package, in order.
  static func files(in folder: String, named suffix: String) -> [URL] {
    let all = FileManager.default.enumerator(at: ReadmeTests.file(folder), includingPropertiesForKeys: nil)
    return (all?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.lastPathComponent.hasSuffix(suffix) }
      .sorted { $0.path < $1.path }
  }

  private static func isId(_ word: Substring, after last: Substring?, _ before: Substring, _ after: Substring) -> Bool {
    if word.first == "§" { return word.wholeMatch(of: /§[0-9]+(\.[0-9]+)?/) != nil }
    guard let parts = word.wholeMatch(of: /([A-Z]{1,2})([0-9]{1,2})/) else { return false }
    // A letter and a number may be the number of a posting.
    if parts.output.1 == "V" { return last?.lowercased() == "semantics" }
    if !prefixes.contains(parts.output.1) { return false }
    // The power states have names like hazards. A hazard stands in front of a colon or in parentheses.
    guard parts.output.1 == "D", (Int(parts.output.2) ?? 0) <= 3 else { return true }
    return [":", ")", ","].contains { after.hasPrefix($0) } && ["\"", "(", ", "].contains { before.hasSuffix($0) }
  }

  private static func range(from first: Substring, to last: Substring) -> [String] {
    let prefix = last.prefix { !$0.isNumber }
    guard first.prefix(while: { !$0.isNumber }) == prefix, let from = Int(first.dropFirst(prefix.count)),
      let to = Int(last.dropFirst(prefix.count)), from < to
    else { return [String(last)] }
    return (from + 1...to).map { "\(prefix)\($0)" }
  }
}
