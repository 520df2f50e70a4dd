// SPDX-License-Identifier: GPL-2.0-only

/// The result of one shard of a search, or of all of them together; made to be written as a line of JSON.
public struct ShardReport: Sendable, Hashable, Codable {
  /// A schedule under which something was found.
  public struct Failure: Sendable, Hashable, Codable {
    /// What was found, in one line.
    public let finding: String
    /// The replay string.
    public let schedule: String
    /// The command that replays it, if the search has named one.
    public let command: String?
    /// The whole report, in several lines.
    public let report: String

    init(_ failure: ScheduleFailure) {
      finding = "\(failure.finding)"
      schedule = failure.schedule
      command = failure.replayCommandLine
      report = failure.description
    }
  }

  /// The version of the keys.
  package private(set) var schema = 1
  /// What was searched: reports of different searches cannot be merged.
  public let search: String
  /// How it was searched, with all that the result depends on.
  package let strategy: String
  /// A digest of the scenario's first execution, which tells different versions of it apart.
  package let scenario: String
  /// Which shard this is, from 1; 0 for all of them.
  public let shard: Int
  /// The number of shards.
  public let shards: Int
  /// The number of executions that count for the search: classes, for an exhaustive one.
  public let executions: Int
  /// The number of executions that were run besides, and belong to other shards.
  package let repeated: Int
  /// The number of executions that were given up half-way.
  package let blocked: Int
  /// The number of steps that the counted executions took.
  package let steps: Int
  /// How often they went from one thread to another.
  package let switches: Int
  /// In how many executions each named condition was seen.
  package let conditions: [String: Int]
  /// The number of executions with each result that the scenario names.
  package let outcomes: [String: Int]
  /// Whether the search is a proof if nothing was found.
  public let isExhaustive: Bool
  /// Whether no limit has ended the search before its end.
  public let isComplete: Bool
  /// The first failure, if there was one; the search ended there.
  public let failure: Failure?

  /// The verdict in a few words.
  public var verdict: String {
    if let failure { return "failed: \(failure.finding)" }
    let part = shard == 0 ? "" : ", shard \(shard) of \(shards)"
    if !isComplete {
      let others = repeated == 0 ? "" : " and \(repeated) of other shards"
      return "stopped at the limit after \(executions) executions\(others): not a proof\(part)"
    }
    return "\(isExhaustive ? Verdict.exhaustive(executions: executions) : .sampled(schedules: executions))\(part)"
  }

  /// Makes one report of the reports of all shards.
  ///
  /// - Throws: ``ShardError`` if they are not those of one search, each of them once, or have numbers that cannot be.
  public static func merged(_ reports: [ShardReport]) throws(ShardError) -> ShardReport {
    guard let first = reports.first else { throw .none }
    var seen: Set<Int> = []
    for report in reports {
      try report.validate()
      for (what, one, other) in [
        ("schema", "\(report.schema)", "\(first.schema)"), ("search", report.search, first.search),
        ("strategy", report.strategy, first.strategy), ("scenario", report.scenario, first.scenario),
        ("number of shards", "\(report.shards)", "\(first.shards)"),
        ("isExhaustive", "\(report.isExhaustive)", "\(first.isExhaustive)"),
      ] where one != other {
        throw .foreign(shard: report.shard, what: what, found: one, expected: other)
      }
      if !seen.insert(report.shard).inserted { throw .double(report.shard) }
    }
    let missing = (1...first.shards).filter { !seen.contains($0) }
    if !missing.isEmpty { throw .missing(missing, of: first.shards) }
    let sorted = reports.sorted { $0.shard < $1.shard }
    func sum(_ part: (ShardReport) -> Int) -> Int { sorted.reduce(0) { $0 + part($1) } }
    func sums(_ part: (ShardReport) -> [String: Int]) -> [String: Int] {
      sorted.reduce(into: [:]) { $0.merge(part($1), uniquingKeysWith: +) }
    }
    // A result that no shard has named is not a result.
    let outcomes = sums(\.outcomes)
    return ShardReport(
      search: first.search, strategy: first.strategy, scenario: first.scenario, shard: 0, shards: first.shards,
      executions: sum(\.executions), repeated: sum(\.repeated), blocked: sum(\.blocked), steps: sum(\.steps),
      switches: sum(\.switches), conditions: sums(\.conditions),
      outcomes: Array(outcomes.keys) == [Outcomes.unnamed] ? [:] : outcomes,
      isExhaustive: first.isExhaustive, isComplete: sorted.allSatisfy(\.isComplete),
      failure: sorted.lazy.compactMap(\.failure).first)
  }

  init(
    search: String, strategy: String, scenario: String, shard: Int, shards: Int, executions: Int, repeated: Int,
    blocked: Int, steps: Int, switches: Int, conditions: [String: Int], outcomes: [String: Int], isExhaustive: Bool,
    isComplete: Bool, failure: Failure?
  ) {
    (self.search, self.strategy, self.scenario) = (search, strategy, scenario)
    (self.shard, self.shards) = (shard, shards)
    (self.executions, self.repeated, self.blocked) = (executions, repeated, blocked)
    (self.steps, self.switches) = (steps, switches)
    (self.conditions, self.outcomes) = (conditions, outcomes)
    (self.isExhaustive, self.isComplete, self.failure) = (isExhaustive, isComplete, failure)
  }

  /// Looks whether a shard can have written this: a report comes from a file, and anything may be in one.
  ///
  /// - Throws: ``ShardError`` for a number that cannot be; none is so large that the sum of all shards overflows.
  public func validate() throws(ShardError) {
    func require(_ what: String, _ found: Int, _ range: ClosedRange<Int>) throws(ShardError) {
      if !range.contains(found) { throw .badNumber(shard: shard, what: what, found: found, expected: range) }
    }
    try require("schema", schema, 1...1)
    try require("shards", shards, Shard.counts)
    guard shard >= 1, shard <= shards else { throw .notAShard(shard, of: shards) }
    let any = 0...(Int.max / shards)
    try require("executions", executions, any)
    try require("repeated", repeated, any)
    try require("steps", steps, any)
    try require("switches", switches, any)
    try require("blocked", blocked, 0...executions)
    for counts in [conditions, outcomes] {
      for (name, count) in counts.sorted(by: { $0.key < $1.key }) { try require("'\(name)'", count, 0...executions) }
    }
  }
}

/// Why reports of shards do not make a whole.
public enum ShardError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There are none.
  case none
  /// Some have not been given.
  case missing([Int], of: Int)
  /// One has been given twice.
  case double(Int)
  /// One belongs to another search.
  case foreign(shard: Int, what: String, found: String, expected: String)
  /// A report has a number that a shard does not write.
  case badNumber(shard: Int, what: String, found: Int, expected: ClosedRange<Int>)
  /// A report is not that of a shard.
  case notAShard(Int, of: Int)
  /// The strategy cannot be divided.
  case indivisible

  /// One line: what is wrong.
  public var description: String {
    switch self {
    case .none: "no shards to merge"
    case .missing(let shards, let count):
      "missing of \(count) shards: \(shards.prefix(20).map { "\($0)" }.joined(separator: ", "))"
        + (shards.count > 20 ? " and \(shards.count - 20) more" : "")
    case .double(let shard): "shard \(shard) is there twice"
    case .foreign(let shard, let what, let found, let expected):
      "shard \(shard) is of another search: \(what) '\(found)', expected '\(expected)'"
    case .badNumber(let shard, let what, let found, let expected):
      "shard \(shard) has \(found) for \(what); expected a number from \(expected.lowerBound) to \(expected.upperBound)"
    case .notAShard(let number, let count): "shard \(number) is none of \(count)"
    case .indivisible: "this strategy cannot be divided into shards"
    }
  }
}
