// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@Suite("The catalogues tell what is true")
struct CatalogueTests {
  @Test("their code is that of tests, which compile and run")
  func code() throws {
    let tests = try Citations.files(in: "Tests", named: ".swift").map {
      Self.withoutIndentation(try String(contentsOf: $0, encoding: .utf8))
    }
    var count = 0
    for article in Citations.files(in: "Sources", named: ".md") {
      let text = try String(contentsOf: article, encoding: .utf8)
      for block in text.matches(of: /```swift\n((?:.|\n)*?)\n```/) {
        count += 1
        let code = Self.withoutIndentation(String(block.output.1))
        #expect(tests.contains { $0.contains(code) }, "\(article.lastPathComponent): \(code.prefix(100))")
      }
    }
    #expect(count >= 9)
  }

  @Test("their tables of names have every name of the sources", arguments: KernelNames.tables)
  func names(module: String, article: String) throws {
    let rows = try KernelNames.rows(of: module)
    #expect(rows.count >= 60)
    let file = ReadmeTests.file("Sources/\(module)/\(module).docc/\(article)")
    var text = try String(contentsOf: file, encoding: .utf8)
    let start = try #require(text.firstRange(of: "|---|---|\n")).upperBound
    let table = rows.map { $0 + "\n" }.joined()
    if ProcessInfo.processInfo.environment["ACCEPT_KERNEL_NAMES"] == "1" {
      text.replaceSubrange(start..., with: table)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let found = Set(text[start...].split(separator: "\n").map(String.init))
    for row in rows where !found.contains(row) { Issue.record("not in \(article): \(row)") }
    for row in found.subtracting(rows).sorted() { Issue.record("in \(article) and not in the sources: \(row)") }
    #expect(text[start...] == table, "ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests writes the tables anew")
  }

  @Test("their C names are answered by the compiler where functions have them", arguments: ["DmabufModel", "VfioSim"])
  func twins(module: String) throws {
    let files = try KernelNameTwins.files(of: module)
    #expect(files.count >= 2)
    for (path, text) in files {
      let file = ReadmeTests.file(path)
      if ProcessInfo.processInfo.environment["ACCEPT_KERNEL_NAMES"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      let found = try? String(contentsOf: file, encoding: .utf8)
      #expect(found == text, "ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests writes \(path) anew")
    }
    let names = Citations.files(in: "Sources/\(module)", named: "+KernelNames.swift").map(\.lastPathComponent)
    let expected = files.compactMap { $0.path.split(separator: "/").last.map(String.init) }
    #expect(Set(names).subtracting(["Errno+KernelNames.swift"]) == Set(expected))
  }

  private static func withoutIndentation(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }.joined(separator: "\n")
  }
}
