// SPDX-License-Identifier: GPL-2.0-only

/// The flags of `Benchmarks explore`.
struct ExploreOptions: Equatable {
  /// The searches that can be asked for.
  enum Search: String, CaseIterable {
    case exhaustive, random, pct, pos, urw, caching
  }

  /// The races, a letter a thread: F a fault, R the revoke, M an importer.
  var races = ["FR", "FRM", "FFRM"]
  /// One search; without it the proof and the random rate.
  var search: Search?
  var seed: UInt64 = 1
  /// How many schedules a sampler runs.
  var schedules = 200_000
  /// On how many machines side by side.
  var jobs = 1
  /// Whether a fault looks at the status a second time.
  var looksTwice = true
  /// A schedule to run instead of a search.
  var replay: String?
  var json: String?

  static let flags = [
    "--race", "--strategy", "--seed", "--schedules", "--jobs", "--bug", "--replay", "--json", "--help",
  ]

  init() {}

  init(_ arguments: [String]) throws(UsageError) {
    var reader = FlagReader(arguments, flags: Self.flags)
    while let flag = try reader.next() {
      switch flag {
      case "--race": races = [try Self.race(try reader.text(Self.raceForm))]
      case "--strategy": search = try Self.search(try reader.text(Self.searchForm))
      case "--seed": seed = try reader.number(0...UInt64.max)
      case "--schedules": schedules = try reader.number(1...100_000_000)
      case "--jobs": jobs = try reader.number(1...256)
      case "--bug": looksTwice = try !Self.isRecheck(try reader.text(Self.bugForm))
      case "--replay": replay = try reader.text("a schedule, as a report gives it")
      case "--json": json = try reader.text("a file, or - for standard output")
      default: break
      }
    }
    if replay != nil && races.count != 1 { throw .lonelyFlag("--replay", needs: "--race WORD") }
  }

  private static let raceForm = "a word of F, R and M with at most one R, such as FFRM"
  private static let searchForm = "one of \(Search.allCases.map(\.rawValue).joined(separator: ", "))"
  private static let bugForm = "recheck"

  private static func race(_ word: String) throws(UsageError) -> String {
    let word = word.uppercased()
    let isRace = word.allSatisfy { "FRM".contains($0) } && word.filter { $0 == "R" }.count <= 1 && word.count <= 12
    guard isRace else { throw .badValue(flag: "--race", found: word, expected: raceForm) }
    return word
  }

  private static func search(_ text: String) throws(UsageError) -> Search {
    guard let search = Search(rawValue: text) else {
      throw .badValue(flag: "--strategy", found: text, expected: searchForm)
    }
    return search
  }

  private static func isRecheck(_ text: String) throws(UsageError) -> Bool {
    guard text == bugForm else { throw .badValue(flag: "--bug", found: text, expected: bugForm) }
    return true
  }
}
