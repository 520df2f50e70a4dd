// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@Suite("The list of what can be read")
struct AccessListTests {
  /// A method of a public actor that answers something has read it, and stands in the list with what it declares.
  @Test("has every public method of an actor that answers something")
  func isComplete() throws {
    let list = try String(contentsOf: Self.root.appending(path: "Documentation/Accesses.md"), encoding: .utf8)
    var found = 0
    for text in try Self.sources() {
      for actor in text.matches(of: /(?m)^public actor ([A-Za-z]+)/) {
        let body = text[actor.range.upperBound...]
        let end = body.firstRange(of: "\n}\n")?.lowerBound ?? body.endIndex
        for method in body[..<end].matches(of: /\n  public (?:nonisolated )?func ([a-zA-Z]+)\(([^{]*)\{/) {
          let signature = method.output.2
          guard signature.contains("async"), signature.contains("->") else { continue }
          found += 1
          let name = "\(actor.output.1).\(method.output.1)("
          #expect(list.contains("`\(name)"), "\(name)) is not in Documentation/Accesses.md")
        }
      }
    }
    #expect(found > 20)
  }

  @Test("a public actor lets no state be read without a step")
  func noProperties() throws {
    for text in try Self.sources() {
      for actor in text.matches(of: /(?m)^public actor ([A-Za-z]+)/) {
        let body = text[actor.range.upperBound...]
        let end = body.firstRange(of: "\n}\n")?.lowerBound ?? body.endIndex
        for property in body[..<end].matches(of: /\n  public (?:private\(set\) |internal\(set\) )?var ([a-zA-Z]+)/) {
          Issue.record("\(actor.output.1).\(property.output.1) can be read without a step")
        }
      }
    }
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

  private static func sources() throws -> [String] {
    let files = FileManager.default.enumerator(at: root.appending(path: "Sources"), includingPropertiesForKeys: nil)
    return try (files?.allObjects ?? []).compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
      .sorted { $0.path < $1.path }.map { try String(contentsOf: $0, encoding: .utf8) }
  }
}
