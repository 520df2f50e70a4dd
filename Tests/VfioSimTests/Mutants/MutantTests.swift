// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

/// A broken driver says what it is said to say, and nothing else, as long as it differs from the posted one in just
/// that.
///
/// Each file of this folder holds a driver whose functions are the posted ones but for the lines that its documentation
/// shows. `ACCEPT_MUTANTS=1 swift test --filter MutantTests` writes those lines anew.
@Suite("A broken driver differs from the posted one in the lines that it names")
struct MutantTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".swift") && $0 != "MutantTests.swift" }.sorted()

  @Test("and in no other", arguments: names)
  func differs(name: String) throws {
    let file = Self.folder.appending(path: name)
    let text = try String(contentsOf: file, encoding: .utf8)
    let posted = try Self.functions(in: Self.posted())
    let functions = try Self.functions(in: text)
    #expect(!functions.isEmpty)
    var lines: [String] = []
    for (signature, body) in functions.sorted(by: { $0.key < $1.key }) {
      lines += Self.difference(from: try #require(posted[signature], "no posted function \(signature)"), to: body)
    }
    #expect(!lines.isEmpty, "the posted driver under another name")
    if ProcessInfo.processInfo.environment["ACCEPT_MUTANTS"] != nil {
      try Self.naming(lines, in: text).write(to: file, atomically: true, encoding: .utf8)
    } else {
      #expect(Self.named(in: text) == lines)
    }
  }

  @Test("there are as many as the races need")
  func all() { #expect(Self.names.count >= 20) }

  private static func posted() throws -> String {
    let driver = folder.appending(path: "../../../Sources/VfioSim/Vfio").standardized
    return try ["VfioPciDmabuf.swift", "VfioPciCore.swift"].map {
      try String(contentsOf: driver.appending(path: $0), encoding: .utf8)
    }.joined()
  }

  /// The functions of a source that stand one level deep, by their signatures, each as its lines without comments.
  private static func functions(in text: String) throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    var signature: String?
    var lines: [String] = []
    var isBody = false
    for line in text.components(separatedBy: "\n") {
      let code = line.replacing(#///.*$/#, with: "").replacing(#/\s+$/#, with: "")
      if signature == nil, let start = code.firstMatch(of: #/^  (?:public )?func\s/#) {
        (signature, lines, isBody) = (String(code[start.range.upperBound...]), [], code.hasSuffix("{"))
      } else if let name = signature {
        if code == "  }" && isBody {
          found[name.filter { $0 != " " }] = lines
          signature = nil
        } else if isBody {
          let trimmed = code.trimmingCharacters(in: .whitespaces)
          if !trimmed.isEmpty { lines.append(trimmed) }
        } else {
          signature = name + code
          isBody = code.hasSuffix("{")
        }
      }
    }
    return found
  }

  /// What is removed and what is inserted, each behind the line that it comes after.
  private static func difference(from old: [String], to new: [String]) -> [String] {
    let changes = new.difference(from: old)
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for case .remove(let offset, _, _) in changes { removed.insert(offset) }
    for case .insert(let offset, _, _) in changes { inserted.insert(offset) }
    var lines: [String] = []
    var (before, after) = (0, 0)
    var place: String?
    while before < old.count || after < new.count {
      if removed.contains(before) || inserted.contains(after) {
        if let place { lines.append("  \(place)") }
        place = nil
        let isRemoved = removed.contains(before)
        lines.append(isRemoved ? "- \(old[before])" : "+ \(new[after])")
        if isRemoved { before += 1 } else { after += 1 }
      } else {
        place = old[before]
        (before, after) = (before + 1, after + 1)
      }
    }
    return lines
  }

  /// The lines that the documentation of a driver shows.
  private static func named(in text: String) -> [String] {
    guard let block = text.firstMatch(of: #//// ```diff\n((?:/// .*\n)*?)/// ```/#) else { return [] }
    return block.1.split(separator: "\n").map { String($0.dropFirst(4)) }
  }

  private static func naming(_ lines: [String], in text: String) -> String {
    text.replacing(#//// ```diff\n(?:/// .*\n)*?/// ```/#) { _ in
      "/// ```diff\n" + lines.map { "/// \($0)\n" }.joined() + "/// ```"
    }
  }
}
