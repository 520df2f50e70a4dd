// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// What the user has asked of `Benchmarks explore`.
struct ExploreOptions: Equatable {
  /// The strategies, by the names that the user gives them.
  enum Kind: String, CaseIterable {
    case exhaustive, caching, random, pct, pos, urw

    /// Whether it ends by itself, with a proof.
    var isProof: Bool { self == .exhaustive || self == .caching }
  }

  /// The races, a letter a thread.
  var races = ["FR", "FRM", "FFRM"]
  /// Who decides.
  var strategy = Kind.exhaustive
  /// What random decisions are made from.
  var seed: UInt64 = 1
  /// The number of schedules that a sampler tries.
  var schedules = 200_000
  /// On how many machines side by side.
  var jobs = min(ProcessInfo.processInfo.activeProcessorCount, Self.jobsRange.upperBound)
  /// The part to be run, if not all.
  var shard: Shard?
  /// The folder for checkpoints.
  var checkpoint: String?
  /// Whether a fault looks at the status a second time; without it the race has its bug.
  var looksTwice = true
  /// The schedule to be replayed.
  var replay: String?
  /// The file for the rows in JSON; `-` for standard output.
  var json: String?
  /// Whether to run each search once and to leave all else out, for a profiler.
  var once = false
  /// Whether to count the instructions of a schedule as well.
  var countsInstructions = false

  /// The flags, in the order of the help.
  static let flags = [
    "--race", "--strategy", "--seed", "--schedules", "--jobs", "--shard", "--checkpoint", "--bug", "--replay", "--json",
    "--instructions", "--once", "--help",
  ]

  private static let jobsRange = 1...256

  /// Asks for nothing in particular.
  init() {}

  /// Reads the command line; of a flag that is given twice the last one counts.
  ///
  /// - Parameters:
  ///   - arguments: The words behind the command's name.
  ///   - value: The value of an environment variable.
  init(_ arguments: [String], environment value: (String) -> String?) throws(UsageError) {
    var reader = FlagReader(arguments, flags: Self.flags)
    var hasRace = false
    // One that is out of range is refused by the searches, as everywhere.
    if let asked = value("DMABUF_JOBS").flatMap({ Int($0) }), Self.jobsRange.contains(asked) { jobs = asked }
    while let flag = try reader.next() {
      switch flag {
      case "--race":
        races = [try Self.race(try reader.text(Self.raceForm))]
        hasRace = true
      case "--strategy": strategy = try Self.kind(try reader.text(Self.kindForm))
      case "--seed": seed = try reader.number(0...UInt64.max)
      case "--schedules": schedules = try reader.number(1...100_000_000)
      case "--jobs": jobs = try reader.number(Self.jobsRange)
      case "--shard": shard = try Self.shard(try reader.text(Self.shardForm))
      case "--checkpoint": checkpoint = try reader.text("an existing folder")
      case "--bug":
        let bug = try reader.text("recheck")
        guard bug == "recheck" else { throw .badValue(flag: "--bug", found: bug, expected: "recheck") }
        looksTwice = false
      case "--replay": replay = try reader.text("a replay string, as a report gives it")
      case "--json": json = try reader.text("a file, or - for standard output")
      case "--instructions": countsInstructions = true
      case "--once": once = true
      default: break
      }
    }
    if shard != nil && !hasRace { throw .lonelyFlag("--shard", needs: "--race WORD") }
    if replay != nil && !hasRace { throw .lonelyFlag("--replay", needs: "--race WORD") }
    if replay != nil {
      if shard != nil { throw .conflict("--replay", with: "--shard") }
      if json != nil { throw .conflict("--replay", with: "--json") }
      if checkpoint != nil { throw .conflict("--replay", with: "--checkpoint") }
    }
    // A scheduler's variables say which part only where one race is asked for: they are there for all that a job runs.
    if shard == nil && hasRace && replay == nil {
      do { shard = try Shard(environment: value) } catch { throw .badScheduler(error.description) }
    }
    if shard != nil && checkpoint != nil { throw .conflict("--checkpoint", with: "a shard") }
    if shard != nil && strategy == .caching {
      throw .badValue(flag: "--strategy", found: "caching", expected: "one that can be divided into shards")
    }
  }

  private static let raceForm = "a word of F, R and M, with at most one R and 12 letters"
  private static let kindForm = "one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))"
  private static let shardForm = "a part such as 2/8, the first of which is 1/8"

  private static func race(_ text: String) throws(UsageError) -> String {
    let word = text.replacing(" ", with: "").uppercased()
    guard !word.isEmpty, word.count <= 12, word.allSatisfy({ "FRM".contains($0) }),
      word.count(where: { $0 == "R" }) <= 1
    else { throw .badValue(flag: "--race", found: text, expected: raceForm) }
    return word
  }

  private static func kind(_ text: String) throws(UsageError) -> Kind {
    guard let kind = Kind(rawValue: text) else {
      throw .badValue(flag: "--strategy", found: text, expected: kindForm)
    }
    return kind
  }

  private static func shard(_ text: String) throws(UsageError) -> Shard {
    guard let shard = Shard(text) else { throw .badValue(flag: "--shard", found: text, expected: shardForm) }
    return shard
  }
}
