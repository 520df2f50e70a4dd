// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// What a shard says must be true of it, and what comes out of a file need not be what a shard has said.
struct ShardReportTests {
  private func shards(
    _ count: Int, _ word: String, upTo limit: Int = 10_000, jobs: Int = 1
  ) throws -> [ShardReport] {
    var limits = Limits()
    limits.executions = limit
    return try (1...count).map { number in
      try explore(
        .exhaustive, shard: try #require(Shard(number, of: count)), limits: limits, jobs: jobs, name: word,
        identity: "exhaustive", Race.scenario(word))
    }
  }

  // MARK: Limits

  @Test(arguments: [1, 3], [1, 2])
  func aLimitIsNoProof(count: Int, jobs: Int) throws {
    let reports = try shards(count, "FFRM", upTo: 20, jobs: jobs)
    for report in reports {
      #expect(!report.isComplete)
      #expect(report.executions + report.repeated >= 20)
      #expect(report.executions <= 40)
      let others = report.repeated == 0 ? "" : " and \(report.repeated) of other shards"
      #expect(
        report.verdict == "stopped at the limit after \(report.executions) executions\(others): not a proof, "
          + "shard \(report.shard) of \(count)")
    }
    let whole = try ShardReport.merged(reports)
    #expect(!whole.isComplete)
    #expect(whole.verdict.hasPrefix("stopped at the limit after \(whole.executions) executions"))
    #expect(reports == (try shards(count, "FFRM", upTo: 20, jobs: 3)))
  }

  @Test func oneShardAtItsLimitSpoilsTheProof() throws {
    var reports = try shards(3, "FRM")
    #expect(try ShardReport.merged(reports).isComplete)
    reports[1] = try shards(3, "FRM", upTo: 1)[1]
    #expect(try ShardReport.merged(reports).verdict.hasPrefix("stopped at the limit"))
  }

  /// As many as there are is enough.
  @Test func theLimitItselfIsAllowed() throws {
    #expect(try shards(1, "FFRM", upTo: 202)[0].verdict == "exhaustive (202 executions), shard 1 of 1")
    #expect(try !shards(1, "FFRM", upTo: 201)[0].isComplete)
  }

  @Test func aSamplerStopsAtTheLimit() throws {
    var limits = Limits()
    limits.executions = 300
    let reports = try (1...2).map {
      try explore(
        .random(seed: 1, schedules: 1_000), shard: try #require(Shard($0, of: 2)), limits: limits, name: "samples",
        identity: "random", Race.scenario("FR"))
    }
    #expect(reports.map(\.executions) == [300, 300])
    #expect(!reports[0].isComplete)
    #expect(try ShardReport.merged(reports).verdict == "stopped at the limit after 600 executions: not a proof")
  }

  // MARK: Failures

  @Test func aFailureCarriesItsReportAndTheCommandThatReplaysIt() throws {
    var options = ReportOptions()
    options.replayCommand = "tool --race FR --replay"
    let report = try explore(
      .exhaustive, shard: try #require(Shard(1, of: 1)), reporting: options, name: "FR", identity: "",
      Race.scenario("FR", looksTwice: false))
    let failure = try #require(report.failure)
    #expect(failure.command == "tool --race FR --replay '\(failure.schedule)'")
    #expect(failure.report.hasPrefix(failure.finding))
    #expect(failure.report.hasSuffix("\nreplay: tool --race FR --replay '\(failure.schedule)'"))
    #expect(!failure.report.contains("swift test"))
    #expect(!failure.report.contains("found by schedule 0"))
  }

  // MARK: What is in files

  private func changed(_ report: ShardReport, _ key: String, to value: Any) throws -> ShardReport {
    let object = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(report))
    var values = try #require(object as? [String: Any])
    #expect(values[key] != nil)
    values[key] = value
    return try JSONDecoder().decode(ShardReport.self, from: try JSONSerialization.data(withJSONObject: values))
  }

  @Test func refusesNumbersThatCannotBe() throws {
    let reports = try shards(2, "FR")
    let most = Int.max / 2
    let mistakes: [(key: String, value: Any, message: String)] = [
      ("executions", -1, "shard 2 has -1 for executions; expected a number from 0 to \(most)"),
      ("steps", Int.max, "shard 2 has \(Int.max) for steps; expected a number from 0 to \(most)"),
      ("switches", -3, "shard 2 has -3 for switches; expected a number from 0 to \(most)"),
      ("repeated", Int.min, "shard 2 has \(Int.min) for repeated; expected a number from 0 to \(most)"),
      ("blocked", 100, "shard 2 has 100 for blocked; expected a number from 0 to 1"),
      ("conditions", ["seen": 2], "shard 2 has 2 for 'seen'; expected a number from 0 to 1"),
      ("outcomes", ["x = 1": -1], "shard 2 has -1 for 'x = 1'; expected a number from 0 to 1"),
      ("schema", 2, "shard 2 has 2 for schema; expected a number from 1 to 1"),
      ("shards", 0, "shard 2 has 0 for shards; expected a number from 1 to 100000"),
      ("shards", 1_000_000_000, "shard 2 has 1000000000 for shards; expected a number from 1 to 100000"),
      ("shards", 1, "shard 2 is none of 1"),
      ("shard", 0, "shard 0 is none of 2"),
      ("isExhaustive", false, "shard 2 is of another search: isExhaustive 'false', expected 'true'"),
    ]
    for mistake in mistakes {
      let wrong = try changed(reports[1], mistake.key, to: mistake.value)
      let error = #expect(throws: ShardError.self) { try ShardReport.merged([reports[0], wrong]) }
      #expect(error?.description == mistake.message)
    }
  }

  @Test func sumsOfTheLargestNumbersDoNotOverflow() throws {
    let most = Int.max / 2
    let reports = try shards(2, "FR").map { try changed(try changed($0, "steps", to: most), "executions", to: most) }
    #expect(try ShardReport.merged(reports).steps == 2 * most)
  }
}
