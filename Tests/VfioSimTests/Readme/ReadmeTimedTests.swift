// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks

@Suite("The README tells what the clock shows")
struct ReadmeTimedTests {
  static let command = "swift run -c release Benchmarks timed --cpus 1,8,32"

  @Test("its table of faults against revokes is what the command prints, digit for digit")
  func table() throws {
    let file = ReadmeTests.file("README.md")
    var readme = try String(contentsOf: file, encoding: .utf8)
    #expect(readme.contains(Self.command))
    let words = Self.command.components(separatedBy: "Benchmarks ")[1].components(separatedBy: " ")
    let captured = Captured.run(words)
    #expect(captured.exitCode == 0)
    let text = captured.out.trimmingCharacters(in: .newlines)
    // A change that moves the figures is taken over with ACCEPT_README=1.
    if ProcessInfo.processInfo.environment["ACCEPT_README"] != nil {
      readme = readme.replacing(/```text\nrevoke, posted, on(?:.|\n)*?\n```/) { _ in "```text\n\(text)\n```" }
      try readme.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(readme.contains("```text\n\(text)\n```"))
  }

  @Test("its picture of the designs is what the command draws")
  func picture() throws {
    let file = ReadmeTests.file("Documentation/Designs.svg")
    let drawn = FileManager.default.temporaryDirectory.appending(path: "designs-\(UUID().uuidString).svg")
    defer { try? FileManager.default.removeItem(at: drawn) }
    let words = ["--design", "posted,onelock,zapfirst,mmaplock", "--seconds", "0.001", "--svg", drawn.path]
    #expect(Captured.run(["timed"] + words).exitCode == 0)
    let text = try String(contentsOf: drawn, encoding: .utf8)
    if ProcessInfo.processInfo.environment["ACCEPT_README"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
