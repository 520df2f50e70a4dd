// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import Benchmarks

@Suite("Benchmarks explore")
struct ExploreCommandTests {
  @Test(
    "proves the race in as many executions as there are classes",
    arguments: [("FR", 3), ("FRM", 23), ("FFRM", 202)])
  func classes(race: String, classes: Int) throws {
    let run = Captured.run(["explore", "--race", race, "--strategy", "exhaustive", "--json", "-"])
    #expect(run.exitCode == 0, "\(run.err)")
    let row = try JSONDecoder().decode(ExploreRow.self, from: Data(run.out.utf8))
    #expect(row.exact.runs == classes && row.exact.count == classes)
    #expect(row.exact.blocked == 0)
    #expect(row.verdict.hasPrefix("exhaustive"))
  }

  @Test("counts the same on two runs", arguments: ["random", "pct", "pos", "urw"])
  func sameTwice(search: String) throws {
    let words = ["explore", "--race", "FRM", "--strategy", search, "--schedules", "200", "--json", "-"]
    let rows = try (0..<2).map { _ in
      try JSONDecoder().decode(ExploreRow.self, from: Data(Captured.run(words).out.utf8))
    }
    #expect(rows[0].exact == rows[1].exact)
    #expect(rows[0].exact.runs == 200)
  }

  @Test("finds the seeded bug, and the line it gives replays it")
  func bug() throws {
    let found = Captured.run(["explore", "--race", "FRM", "--bug", "recheck"])
    #expect(found.exitCode == 1)
    let line = try #require(found.err.split(separator: "\n").last { $0.contains("--replay") })
    let schedule = try #require(line.split(separator: "'").dropFirst().first)
    #expect(schedule.count <= 40)
    let again = Captured.run(["explore", "--race", "FRM", "--bug", "recheck", "--replay", String(schedule)])
    #expect(again.exitCode == 1)
    #expect(again.err.contains("a page table entry has outlived the revoke"))
    let fixed = Captured.run(["explore", "--race", "FRM", "--replay", String(schedule)])
    #expect(fixed.exitCode == 1)
    #expect(fixed.err.contains("diverged"))
  }

  @Test(
    "says in one line what is wrong with a flag",
    arguments: [
      (["--race", "FX"], "--race"), (["--race", "RR"], "--race"), (["--strategy", "luck"], "--strategy"),
      (["--bug", "other"], "--bug"), (["--schedules", "0"], "--schedules"), (["--replay", "1:~0000"], "--replay"),
      (["--device", "x"], "--device"), (["--jobs", "0"], "--jobs"),
    ])
  func badFlags(words: [String], flag: String) {
    let run = Captured.run(["explore"] + words)
    #expect(run.exitCode == 64)
    #expect(run.err.split(separator: "\n").first?.contains(flag) == true)
    #expect(run.err.contains("usage: Benchmarks explore"))
  }
}
