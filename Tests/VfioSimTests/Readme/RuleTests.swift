// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

/// A reader who meets an id in a comment or in the name of a test finds it in a catalogue.
@Suite("The rules that are cited")
struct RuleTests {
  @Test("have one definition each")
  func areDefined() throws {
    let cited = Citations.cited
    let articles = Dictionary(grouping: try Citations.definitions(), by: \.id).mapValues { $0.map(\.article) }
    #expect(cited.count >= 200)
    for (id, place) in cited.sorted(by: { $0.key < $1.key }) {
      let found = articles[id] ?? []
      #expect(found.count == 1, "\(id) is defined in \(found), and cited in \(place)")
    }
  }

  @Test("are there for the articles that cite one another")
  func areDefinedForArticles() throws {
    let defined = Set(try Citations.definitions().map(\.id))
    for file in Citations.files(in: "Sources", named: ".md") where file.path.contains(".docc/") {
      let cited = Citations.ids(in: try String(contentsOf: file, encoding: .utf8))
      for id in Set(cited).subtracting(defined).sorted() {
        Issue.record("\(id) is defined nowhere, and cited in \(file.lastPathComponent)")
      }
    }
  }

  /// Hazards are a catalogue of their own: it may have some that no test is about.
  @Test("are all that the articles of rules define")
  func areCited() throws {
    let cited = Citations.cited
    let rules = try Citations.definitions().filter { $0.article != "Hazards.md" }
    #expect(rules.count >= 130)
    for rule in rules { #expect(cited[rule.id] != nil, "\(rule.id) of \(rule.article) is cited nowhere") }
  }

  @Test("name the C function that they follow from, and what keeps them")
  func nameBoth() throws {
    for definition in try Citations.definitions() {
      #expect(definition.text.count >= 40, "\(definition.id) of \(definition.article) is no more than a heading")
      if definition.article == "Hazards.md" { continue }
      let sources = definition.text.replacing("\n", with: " ").matches(of: /(?:^| )C: `[^`]+`.* Swift: ./)
      #expect(!sources.isEmpty, "\(definition.id) of \(definition.article) has no line with C and Swift")
    }
  }

  @Test(
    "are told apart from what looks like them",
    arguments: [
      ("is signalled once (DF1)", ["DF1"]),
      ("T15, T16: exactly one", ["T15", "T16"]),
      ("\"D2: a buffer behind", ["D2"]),
      ("hangs (D1)", ["D1"]),
      ("refuses (semantics §12.4, step 10). Semantics VF5.", ["§12.4", "VF5"]),
      ("semantics MM15 to MM18, RC1 to RC3", ["MM15", "MM16", "MM17", "MM18", "RC1", "RC2", "RC3"]),
      ("as it was posted (semantics V8)", ["V8"]),
      ("V8 and V4 are engines", []),
      ("D1 revokes nothing, D2 is not there, and D0 is", []),
      ("D3hot, BAR2, ICH7, UTF8, L1, 0xA5, PME(D0-,D1-), steps 1 to 4", []),
    ] as [(String, [String])])
  func areToldApart(text: String, ids: [String]) {
    #expect(Citations.ids(in: text) == ids)
  }
}
