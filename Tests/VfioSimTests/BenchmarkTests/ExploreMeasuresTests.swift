// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

@testable import DmabufBenchmarks

@Suite("The measures and the flags of Benchmarks explore")
struct ExploreMeasuresTests {
  @Test("the measures of a race, as a table and as rows")
  func measures() throws {
    let captured = Captured.run([
      "explore", "--race", "F R", "--jobs", "2", "--schedules", "300", "--json", "-", "--strategy", "exhaustive",
    ])
    #expect(captured.exitCode == 0)
    let rows = try captured.out.split(separator: "\n").map {
      try JSONDecoder().decode(ExploreRow.self, from: Data($0.utf8))
    }
    #expect(rows.map(\.strategy) == ["exhaustive", "exhaustive", "random", "random"])
    #expect(rows.map(\.jobs) == [1, 2, 1, 2])
    for row in rows.prefix(2) {
      #expect(row.exact == ExploreRow.Exact(count: 3, runs: 3, blocked: 0, steps: 58))
      #expect(row.verdict == "exhaustive (3 executions)")
      #expect(row.measures["proof_ms"] != nil)
    }
    #expect(rows[0].measures["estimate"] == 3)
    #expect(rows[1].measures["speed_up"] != nil)
    #expect(rows[2].exact.runs == 300)
    #expect((rows[2].measures["ratio_to_floor"] ?? 0) > 0)
    #expect(captured.err.contains("FR exhaustive"))
    #expect(captured.err.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test("every strategy can be asked for", arguments: ExploreOptions.Kind.allCases)
  func strategies(kind: ExploreOptions.Kind) {
    let captured = Captured.run([
      "explore", "--race", "FRM", "--strategy", kind.rawValue, "--schedules", "300", "--jobs", "2", "--once",
    ])
    #expect(captured.exitCode == 0, "\(captured.err)")
    #expect(captured.out.contains("FRM \(kind.rawValue)"))
  }

  @Test("merge says what is wrong with its files")
  func merge() {
    #expect(Captured.run(["merge", "/nowhere/shard"]).exitCode == 66)
    #expect(Captured.run(["merge"]).exitCode == 64)
    #expect(Captured.run(["merge", "--all"]).exitCode == 64)
  }

  static let mistakes: [(arguments: [String], message: String)] = [
    (
      ["--race", "FXR"], "--race: bad value 'FXR'; expected a word of F, R and M, with at most one R and 12 letters"
    ),
    (["--race", "FRR"], "--race: bad value 'FRR'; expected a word of F, R and M, with at most one R and 12 letters"),
    (
      ["--strategy", "luck"],
      "--strategy: bad value 'luck'; expected one of exhaustive, caching, random, pct, pos, urw"
    ),
    (["--shard", "3/2"], "--shard: bad value '3/2'; expected a part such as 2/8, the first of which is 1/8"),
    (["--shard", "0/2"], "--shard: bad value '0/2'; expected a part such as 2/8, the first of which is 1/8"),
    (["--shard", "1/2"], "--shard: expected --race WORD with it"),
    (["--replay", "x"], "--replay: expected --race WORD with it"),
    (
      ["--race", "FR", "--replay", "x", "--shard", "1/2"],
      "--replay: found --shard with it; expected one of the two"
    ),
    (["--race", "FR", "--replay", "x", "--json", "-"], "--replay: found --json with it; expected one of the two"),
    (
      ["--race", "FR", "--replay", "x", "--checkpoint", "/tmp"],
      "--replay: found --checkpoint with it; expected one of the two"
    ),
    (
      ["--race", "FR", "--shard", "1/2", "--checkpoint", "/tmp"],
      "--checkpoint: found a shard with it; expected one of the two"
    ),
    (["--bug", "other"], "--bug: bad value 'other'; expected recheck"),
    (["--jobs", "0"], "--jobs: bad value '0'; expected a whole number from 1 to 256"),
  ]

  @Test("a mistake is one line that names the flag", arguments: mistakes)
  func mistake(_ mistake: (arguments: [String], message: String)) {
    let captured = Captured.run(["explore"] + mistake.arguments)
    #expect(captured.exitCode == 64)
    #expect(captured.err == "Benchmarks: \(mistake.message)\n\(ExploreCommand.usage)\n")
  }

  @Test("--help says everything")
  func help() {
    let captured = Captured.run(["explore", "--help"])
    for flag in ExploreOptions.flags { #expect(captured.out.contains(flag)) }
    #expect(captured.out.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test("a scheduler's variables name the part where one race is asked for")
  func schedulers() throws {
    let variables = ["SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"]
    let options = try ExploreOptions(["--race", "FR"], environment: { variables[$0] })
    #expect(options.shard?.description == "2/4")
    #expect(try ExploreOptions([], environment: { variables[$0] }).shard == nil)
  }

  @Test("a scheduler's variables that say half end the run where one race is asked for")
  func halfOfAScheduler() {
    func run(_ words: String...) -> Captured {
      Captured.run(["explore", "--once", "--jobs", "1"] + words, environment: ["JOB_COMPLETION_INDEX": "3"])
    }
    let half = run("--race", "FR")
    #expect(half.exitCode == 64)
    #expect(
      half.err == """
        Benchmarks: JOB_COMPLETIONS is not set; expected how many shards there are, as JOB_COMPLETION_INDEX is set; \
        or --shard I/N, which is 1/1 for all
        \(ExploreCommand.usage)

        """)
    #expect(run("--race", "FR", "--shard", "1/1").exitCode == 0)
    #expect(run().exitCode == 0)
  }

  @Test("DMABUF_JOBS is as many jobs as --jobs does not say otherwise")
  func jobs() throws {
    #expect(try ExploreOptions([]) { $0 == "DMABUF_JOBS" ? "3" : nil }.jobs == 3)
    #expect(try ExploreOptions(["--jobs", "2"]) { $0 == "DMABUF_JOBS" ? "3" : nil }.jobs == 2)
  }

  @Test("a replay string that is none is bad usage, in one line")
  func badReplay() {
    let run = Captured.run(["explore", "--race", "FR", "--replay", "x"])
    #expect(run.exitCode == 64)
    #expect(run.err == "Benchmarks: replay string 'x', character 1: expected the version '1:'\n")
  }

  @Test("a folder that cannot take checkpoints ends the run before it begins")
  func badCheckpoint() {
    let run = Captured.run(["explore", "--race", "FR", "--jobs", "1", "--once", "--checkpoint", "/nonexistent"])
    #expect(run.exitCode == 73)
    #expect(run.err.hasPrefix("Benchmarks: a checkpoint cannot be written: /nonexistent: "))
    #expect(run.err.split(separator: "\n").count == 1)
  }
}
