// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// Shards that do not talk must make the whole together.
struct ShardTests {
  private func shards(_ count: Int, _ word: String) throws -> [ShardReport] {
    try (1...count).map { number in
      let shard = try #require(Shard(number, of: count))
      return try explore(.exhaustive, shard: shard, name: word, identity: "exhaustive", Race.scenario(word))
    }
  }

  @Test(arguments: ["FRM", "FFRM"], [1, 2, 5])
  func shardsMakeTheWhole(word: String, count: Int) throws {
    let alone = try explore(.exhaustive, name: "alone", Race.scenario(word))
    let whole = try ShardReport.merged(shards(count, word).reversed())
    #expect(whole.executions == alone.executions)
    #expect(whole.steps == alone.steps)
    #expect(whole.blocked == 0)
    #expect(whole.verdict == alone.verdict.description)
    if count == 1 { #expect(whole.repeated == 0) }
  }

  /// Programs that nobody has chosen, with beginnings of any length.
  @Test func beginningsDivideTheClassesOfRandomPrograms() throws {
    var compared = 0
    var seed: UInt64 = 1 << 40
    while compared < 32 {
      seed += 1
      let program = RandomProgram(seed: seed)
      let ledger = Ledger()
      var limits = Limits()
      limits.executions = 300
      guard let all = try? survey(.exhaustive, limits: limits, program.scenario(ledger)) else { continue }
      // A failing schedule ends a shard.
      if all.report.executions < 6 || !all.findings.isEmpty { continue }
      compared += 1
      let count = Int(seed % 4) + 2
      let whole = try ShardReport.merged(
        (1...count).map {
          try explore(
            .exhaustive, shard: try #require(Shard($0, of: count)), name: "random", identity: "",
            program.scenario(ledger))
        })
      #expect(whole.executions == all.report.executions, "seed \(seed), \(count) shards: \(program)")
      #expect(whole.steps == all.report.steps, "seed \(seed)")
    }
  }

  /// What another shard counts has been run here all the same.
  @Test func theLimitCountsWhatIsRepeated() throws {
    var repeated = 0
    for number in 1...3 {
      let shard = try #require(Shard(number, of: 3))
      func explored(atMost limit: Int) throws -> ShardReport {
        var limits = Limits()
        limits.executions = limit
        return try explore(.exhaustive, shard: shard, limits: limits, name: "race", identity: "", Race.scenario("FRM"))
      }
      let all = try explored(atMost: 10_000)
      repeated += all.repeated
      #expect(try explored(atMost: all.executions + all.repeated).isComplete)
      #expect(try !explored(atMost: all.executions + all.repeated - 1).isComplete)
    }
    #expect(repeated > 0)
  }

  @Test func samplesAreDividedByTheirNumbers() throws {
    let alone = try explore(.random(seed: 3, schedules: 1_000), name: "samples", Race.scenario("FRM"))
    let whole = try ShardReport.merged(
      (1...3).map {
        try explore(
          .random(seed: 3, schedules: 1_000), shard: try #require(Shard($0, of: 3)), name: "samples",
          identity: "random",
          Race.scenario("FRM"))
      })
    #expect(whole.executions == 1_000)
    #expect(whole.steps == alone.steps)
    #expect(whole.switches == alone.switches)
    #expect(whole.verdict == "sampled (1000 schedules)")
  }

  @Test func aFailureOfOneIsTheVerdictOfAll() throws {
    let reports = try (1...3).map {
      try explore(
        .exhaustive, shard: try #require(Shard($0, of: 3)), name: "FR", identity: "",
        Race.scenario("FR", looksTwice: false))
    }
    let whole = try ShardReport.merged(reports)
    let failure = try #require(whole.failure)
    #expect(whole.verdict.hasPrefix("failed: check failed"))
    #expect(throws: ScheduleFailure.self) {
      try replay(failure.schedule, name: "FR", Race.scenario("FR", looksTwice: false))
    }
  }

  @Test func refusesWhatIsNoWhole() throws {
    let reports = try shards(3, "FR")
    let other = try shards(3, "FM")
    func error(_ reports: [ShardReport]) -> String? {
      do {
        _ = try ShardReport.merged(reports)
        return nil
      } catch { return "\(error)" }
    }
    #expect(error(reports) == nil)
    #expect(error([]) == "no shards to merge")
    #expect(error([reports[0], reports[2]]) == "missing of 3 shards: 2")
    #expect(error(reports + [reports[1]]) == "shard 2 is there twice")
    #expect(error([reports[0], other[1], reports[2]]) == "shard 2 is of another search: search 'FM', expected 'FR'")
  }

  @Test func readsWhatTheSchedulersSay() throws {
    func shard(_ variables: [String: String]) throws -> String? { try Shard { variables[$0] }?.description }
    #expect(
      try shard(["SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "10"]) == "3/4")
    #expect(
      try shard(["SLURM_ARRAY_TASK_ID": "6", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_STEP": "2"]) == "4/4")
    #expect(try shard(["JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "8"]) == "1/8")
    #expect(try shard(["PARALLEL_SEQ": "8", "PARALLEL_TOTAL": "8"]) == "8/8")
    // GNU parallel within a whole array: it is the array that divides.
    #expect(
      try shard(["PARALLEL_SEQ": "8", "SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "4"]) == "1/4")
    #expect(try shard(["JOB_COMPLETION_INDEX": "", "JOB_COMPLETIONS": ""]) == nil)
    #expect(try shard([:]) == nil)
    for text in ["0/3", "4/3", "1", "1/", "/3", "1/0", "a/b", "1/2/3", "-1/3"] {
      #expect(Shard(text) == nil, "\(text)")
    }
    #expect(Shard("3/3")?.number == 3)
  }

  static let halves: [(variables: [String: String], message: String)] = [
    (
      ["JOB_COMPLETION_INDEX": "0"],
      "JOB_COMPLETIONS is not set; expected how many shards there are, as JOB_COMPLETION_INDEX is set"
    ),
    (
      ["PARALLEL_SEQ": "1"], "PARALLEL_TOTAL is not set; expected how many shards there are, as PARALLEL_SEQ is set"
    ),
    (["PARALLEL_TOTAL": "4"], "PARALLEL_SEQ is not set; expected which shard this is, as PARALLEL_TOTAL is set"),
    (["PARALLEL_SEQ": "5", "PARALLEL_TOTAL": "4"], "PARALLEL_SEQ is '5'; expected a number from 1 to 4"),
    (["PARALLEL_SEQ": "1", "PARALLEL_TOTAL": "0"], "PARALLEL_TOTAL is '0'; expected a number from 1 to 100000"),
    (
      ["JOB_COMPLETION_INDEX": "8", "JOB_COMPLETIONS": "8"],
      "JOB_COMPLETION_INDEX is '8'; expected a number from 0 to 7"
    ),
    (
      ["SLURM_ARRAY_TASK_ID": "abc", "SLURM_ARRAY_TASK_COUNT": "4"],
      "SLURM_ARRAY_TASK_ID is 'abc'; expected a number from 0 to 3"
    ),
    (
      ["SLURM_ARRAY_TASK_ID": "abc"],
      "SLURM_ARRAY_TASK_COUNT is not set; expected how many shards there are, as SLURM_ARRAY_TASK_ID is set"
    ),
    (
      ["SLURM_ARRAY_TASK_ID": "9223372036854775807", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "-1"],
      "SLURM_ARRAY_TASK_MIN is '-1'; expected a number from 0 to 1000000000"
    ),
    (
      ["SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_STEP": "2"],
      "SLURM_ARRAY_TASK_ID is '3'; expected 0 and a multiple of 2"
    ),
  ]

  /// Each of many processes would do the whole search.
  @Test(arguments: halves)
  func refusesWhatTheSchedulersSayByHalf(_ half: (variables: [String: String], message: String)) {
    let error = #expect(throws: ScenarioError.self) { try Shard { half.variables[$0] } }
    #expect(error?.description == half.message)
  }
}
