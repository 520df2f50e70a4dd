// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

/// A folder is a floor: its files name types of their own floor and of those below.
///
/// Folders that name each other in a circle can only be read, tested and changed together. Documentation/Floors.md
/// shows the floors to a reader.
@Suite("The floors of a target")
struct FloorsTests {
  /// A target and its folders, the lowest first.
  struct House: Sendable, CustomTestStringConvertible {
    let root: String
    let floors: [String]
    /// The folders of which none may have more files than one can look over.
    var divided = ""

    var testDescription: String { root }
  }

  static let houses = [
    House(
      root: "Sources/DmabufModel",
      floors: [
        "Machine", "Sync", "Reservation", "Memory", "Files", "Buffer", "Time", "Explore/Output", "Explore/Replay",
        "Explore/Base", "Explore/Exhaustive", "Explore/Sampling", "Explore/States", "Explore/Shrinking",
        "Explore/Report", "Explore/Pictures", "Explore/Audit", "Explore/Scale", "Explore",
      ], divided: "Explore"),
    House(root: "Sources/VfioSim", floors: ["Pci", "Uapi", "Vfio"]),
    House(root: "Benchmarks", floors: ["Tool", "Device", "Measuring", "Suite", "Explore", "Timed", "Command", ""]),
  ]

  @Test("name no type of a floor above", arguments: houses)
  func noArrowRunsUp(house: House) throws {
    let arrows = Self.arrows(in: house)
    #expect(arrows.count > 20 || house.root != "Sources/DmabufModel", "the types were not found")
    let rank = Dictionary(uniqueKeysWithValues: house.floors.enumerated().map { ($1, $0) })
    for arrow in arrows {
      let (from, to) = (try #require(rank[arrow.from]), try #require(rank[arrow.to]))
      #expect(to < from, "\(arrow.file) in \(arrow.from) names \(arrow.type), which is above it in \(arrow.to)")
    }
  }

  @Test("are the folders that there are", arguments: houses)
  func allFolders(house: House) {
    let files = Self.files(of: house)
    #expect(Set(files.map(\.floor)) == Set(house.floors))
    for floor in house.floors where !house.divided.isEmpty && floor.hasPrefix(house.divided) {
      #expect(files.count { $0.floor == floor } <= 12, "\(floor) has too many files to be looked over")
    }
  }

  @Test("are shown as they are")
  func picture() throws {
    let text = try String(contentsOf: TidyTests.root.appending(path: "Documentation/Floors.md"), encoding: .utf8)
    for house in Self.houses {
      let shown = text.components(separatedBy: "## `\(house.root)`\n").dropFirst().first?.components(
        separatedBy: "\n## ")[0]
      let rows = try #require(shown).split(separator: "\n").filter { $0.hasPrefix("| `") }
      let names = rows.map { row in row.split(separator: "`")[1] }
      #expect(names.map(String.init) == house.floors.reversed().filter { !$0.isEmpty })
    }
  }

  @Test("would be found to be broken")
  func finds() {
    let house = House(root: "Sources/DmabufModel", floors: [])
    let arrows = Self.arrows(in: house)
    #expect(arrows.contains { $0.from == "Sync" && $0.to == "Machine" && $0.type == "KernelActor" })
    #expect(!arrows.contains { $0.from == "Machine" })
  }

  // MARK: Arrows

  struct Arrow: Hashable {
    var file: String
    var from: String
    var to: String
    var type: String
  }

  private struct FileOfHouse {
    var name: String
    var floor: String
    var words: Set<String>
    var types: [String]
  }

  private static let files = Dictionary(uniqueKeysWithValues: houses.map { ($0.root, read($0)) })

  private static func files(of house: House) -> [FileOfHouse] { files[house.root] ?? [] }

  private static let kinds: Set<String> = ["class", "struct", "enum", "actor", "protocol", "typealias"]

  private static func read(_ house: House) -> [FileOfHouse] {
    let others = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "_")).inverted
    return TidyTests.swiftFiles(house.root).map { source in
      var words: Set<String> = []
      var types: [String] = []
      for line in source.code where !line.text.isEmpty {
        // What stands in quotation marks is text; what comes behind two slashes as well.
        let parts = String(line.text).components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 0 }
        let code = parts.map(\.element).joined(separator: " ").components(separatedBy: " // ")[0]
        let names = code.components(separatedBy: others)
        words.formUnion(names)
        if line.text.first != " ", let kind = names.firstIndex(where: kinds.contains), !names.contains("private") {
          types.append(names[kind + 1])
        }
      }
      let path = source.path.dropFirst(house.root.count + 1).split(separator: "/")
      return FileOfHouse(
        name: String(path.last ?? ""), floor: path.dropLast().joined(separator: "/"), words: words, types: types)
    }
  }

  /// Each name of a type that a file has from another folder.
  private static func arrows(in house: House) -> Set<Arrow> {
    let files = files(of: house)
    var floors: [String: String] = [:]
    for file in files {
      for type in file.types { floors[type] = file.floor }
    }
    var arrows: Set<Arrow> = []
    for file in files {
      for word in file.words {
        guard let floor = floors[word], floor != file.floor else { continue }
        arrows.insert(Arrow(file: file.name, from: file.floor, to: floor, type: word))
      }
    }
    return arrows
  }
}
