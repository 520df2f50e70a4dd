// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@Suite("The sources are tidy")
struct TidyTests {
  /// A file of the package.
  struct Source: Sendable {
    /// The path from the package's root.
    var path: String
    var lines: [Substring]

    /// The lines that are not comments, with their numbers.
    var code: [(number: Int, text: Substring)] {
      lines.enumerated().compactMap { index, line in
        line.drop { $0 == " " }.hasPrefix("//") ? nil : (index + 1, line)
      }
    }

    /// The places of the lines for which something holds, for a report.
    func places(where holds: (Substring) -> Bool) -> [String] {
      code.filter { holds($0.text) }.map { "\(path):\($0.number): \($0.text.drop { $0 == " " })" }
    }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let everything: [Source] =
    ["Sources", "Tests", "Benchmarks"].flatMap(swiftFiles) + swiftFiles("Package.swift")

  static let sources = everything.filter { $0.path.hasPrefix("Sources/") }

  static func swiftFiles(_ name: String) -> [Source] {
    let base = root.appending(path: name)
    let inside = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return (name.hasSuffix(".swift") ? [""] : inside).filter { $0.isEmpty || $0.hasSuffix(".swift") }.sorted()
      .compactMap { path in
        let file = path.isEmpty ? base : base.appending(path: path)
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return Source(
          path: path.isEmpty ? name : "\(name)/\(path)",
          lines: text.split(separator: "\n", omittingEmptySubsequences: false))
      }
  }

  @Test("were found")
  func found() {
    #expect(Self.sources.count > 50)
    #expect(Self.everything.contains { $0.path == "Package.swift" })
    #expect(Self.everything.contains { $0.path == "Tests/DmabufModelTests/TidyTests.swift" })
    #expect(Self.sources.contains { $0.path == "Sources/DmabufModel/Machine/Kernel.swift" })
    #expect(Self.everything.allSatisfy { $0.lines.count > 2 })
  }

  @Test("each begins with its licence")
  func licence() {
    for source in Self.everything {
      let place = source.path == "Package.swift" ? 1 : 0
      #expect(source.lines[place] == "// SPDX-License-Identifier: GPL-2.0-only", "\(source.path)")
    }
  }

  @Test("none is longer than 400 lines")
  func length() {
    for source in Self.everything { #expect(source.lines.count <= 400, "\(source.path)") }
  }

  /// A word that has no place in a part of the package, and why.
  struct Ban: Sendable, CustomTestStringConvertible {
    var word: String
    var reason: String
    var folder = "Sources/"
    var exceptions: [String] = []

    var testDescription: String { "\(word) in \(folder)" }

    func holds(_ line: Substring) -> Bool { line.contains(word) }
  }

  static let bans = [
    Ban(
      word: "Task {", reason: "a task of its own runs on the global pool, beside the machine",
      exceptions: ["Sources/DmabufModel/Machine/BareSwitches.swift", "Sources/DmabufModel/Machine/Lane.swift"]),
    Ban(word: "Task.detached", reason: "a task of its own runs on the global pool, beside the machine"),
    Ban(word: "Task.immediate", reason: "a task of its own ends on the global pool, beside the machine"),
    Ban(word: "Task.sleep", reason: "the machine has no wall clock"),
    Ban(word: "Task.yield", reason: "a thread gives way in a step and nowhere else"),
    Ban(word: "withTaskGroup", reason: "a task of its own runs on the global pool, beside the machine"),
    Ban(word: "async let", reason: "a task of its own runs on the global pool, beside the machine"),
    Ban(word: "Continuation", reason: "a continuation comes back through the global pool"),
    Ban(word: "@concurrent", reason: "leaves the machine"),
    Ban(word: "Date(", reason: "the machine has no wall clock"),
    Ban(
      word: "Clock()", reason: "the machine has no wall clock",
      exceptions: ["Sources/DmabufModel/Explore/Report/Progress.swift"]),
    Ban(word: ".random(in:", reason: "numbers come from SplitMix64 and its seed"),
    Ban(word: "SystemRandomNumberGenerator", reason: "numbers come from SplitMix64 and its seed"),
    Ban(word: ".shuffled()", reason: "numbers come from SplitMix64 and its seed"),
    Ban(word: ".randomElement()", reason: "numbers come from SplitMix64 and its seed"),
    Ban(word: "hashValue", reason: "hashes are seeded anew in each process"),
    Ban(word: "Hasher()", reason: "hashes are seeded anew in each process"),
    Ban(word: "import Foundation", reason: "the standard library has what the model needs"),
    Ban(word: "import Testing", reason: "a library does not link a test framework"),
    Ban(word: "import XCTest", reason: "a library does not link a test framework"),
    Ban(word: "import VfioSim", reason: "the kernel knows no driver", folder: "Sources/DmabufModel/"),
    Ban(
      word: "@unchecked Sendable", reason: "the compiler's proof holds for everything but the executor",
      exceptions: ["Sources/DmabufModel/Machine/Kernel.swift", "Sources/DmabufModel/Machine/Lane.swift"]),
    Ban(word: "nonisolated(unsafe)", reason: "mutable state lives in actors"),
    Ban(word: "unsafeBitCast", reason: "no reason for it would do"),
    Ban(word: "fatalError(", reason: "a finding, an errno or a ScenarioError says more"),
    Ban(word: "try!", reason: "a finding, an errno or a ScenarioError says more"),
    Ban(word: " print(", reason: "a library answers and does not print"),
  ]

  @Test("do without what breaks the rules of the model", arguments: bans)
  func banned(ban: Ban) {
    let files = Self.everything.filter {
      $0.path.hasPrefix(ban.folder) && !ban.exceptions.contains($0.path) && !$0.path.hasSuffix("/TidyTests.swift")
    }
    let places = files.flatMap { $0.places(where: ban.holds) }
    #expect(places.isEmpty, "\(ban.reason): \(places.joined(separator: "; "))")
    for exception in ban.exceptions {
      let uses = Self.everything.first { $0.path == exception }?.places(where: ban.holds) ?? []
      #expect(!uses.isEmpty, "the exception for \(exception) is not needed any more")
    }
  }

  /// A hint and no proof: it knows the names of sets and dictionaries that are declared in the same file.
  @Test("iterate over no set and no dictionary, whose order differs from one process to the next")
  func hashOrder() {
    for source in Self.sources {
      let names = source.code.compactMap { Self.nameOfHashed($0.text) }
      let places = source.places { line in
        names.contains { name in [" ", ".keys", ".values"].contains { line.contains(" in \(name)\($0)") } }
      }
      #expect(places.isEmpty, "\(places.joined(separator: "; "))")
    }
  }

  static func nameOfHashed(_ line: Substring) -> String? {
    guard let colon = line.firstRange(of: ": Set<") ?? line.firstRange(of: ": [") else { return nil }
    let type = line[colon.upperBound...]
    let isDictionary = !type.hasPrefix("(") && type.prefix { $0 != "]" }.contains(": ")
    if line[colon].hasSuffix("["), !isDictionary { return nil }
    guard let declaration = line.firstRange(of: "var ") ?? line.firstRange(of: "let ") else { return nil }
    guard declaration.upperBound <= colon.lowerBound else { return nil }
    return String(line[declaration.upperBound..<colon.lowerBound])
  }

  @Test("the hint about hash order sees what it is meant to see")
  func hashOrderSees() {
    #expect(Self.nameOfHashed("  private var seen: Set<Int> = []") == "seen")
    #expect(Self.nameOfHashed("  var lives: [ObjectID: [String]] = [:]") == "lives")
    #expect(Self.nameOfHashed("  var lines: [String] = []") == nil)
    #expect(Self.nameOfHashed("  var open: [(lock: String, row: Int)] = []") == nil)
    #expect(Self.nameOfHashed("  func take(_ seen: Set<Int>)") == nil)
  }

  @Test("end each line without a blank and each file with one line feed")
  func ends() {
    for source in Self.everything {
      #expect(source.lines.allSatisfy { $0.last != " " && $0.last != "\t" && $0.last != "\r" }, "\(source.path)")
      #expect(source.lines.last == "" && source.lines.dropLast().last != "", "\(source.path)")
    }
  }
}
