// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks

@Suite("Benchmarks explore")
struct ExploreCommandTests {
  private func row(_ words: [String]) throws -> ExploreRow {
    let run = Captured.run(["explore", "--jobs", "1", "--once", "--json", "-"] + words)
    #expect(run.exitCode == 0, "\(run.err)")
    return try JSONDecoder().decode(ExploreRow.self, from: Data(run.out.utf8))
  }

  @Test(
    "proves the race in as many executions as there are classes",
    arguments: [("FR", 3), ("FRM", 23), ("FFRM", 202)])
  func classes(race: String, classes: Int) throws {
    let row = try row(["--race", race, "--strategy", "exhaustive"])
    #expect(row.exact.runs == classes && row.exact.count == classes)
    #expect(row.exact.blocked == 0)
    #expect(row.verdict.hasPrefix("exhaustive"))
  }

  @Test("counts the same on two machines as on one")
  func jobs() throws {
    let one = try row(["--race", "FFRM", "--strategy", "exhaustive"])
    let run = Captured.run(["explore", "--race", "FFRM", "--jobs", "2", "--once", "--json", "-"])
    let two = try JSONDecoder().decode(ExploreRow.self, from: Data(run.out.utf8))
    #expect(one.exact == two.exact)
    #expect(one.verdict == two.verdict)
  }

  @Test("counts the same on two runs", arguments: ["random", "pct", "pos", "urw"])
  func sameTwice(search: String) throws {
    let words = ["--race", "FRM", "--strategy", search, "--schedules", "200"]
    let first = try row(words)
    #expect(first.exact == (try row(words)).exact)
    #expect(first.exact.runs == 200)
  }

  @Test("finds the seeded bug, and the line it gives replays it")
  func bug() throws {
    let found = Captured.run(["explore", "--race", "FRM", "--bug", "recheck", "--once"])
    #expect(found.exitCode == 1)
    let line = try #require(found.err.split(separator: "\n").last { $0.contains("--replay") })
    let schedule = try #require(line.split(separator: "'").dropFirst().first)
    #expect(schedule.count <= 40)
    let again = Captured.run(["explore", "--race", "FRM", "--bug", "recheck", "--replay", String(schedule)])
    #expect(again.exitCode == 1)
    #expect(again.err.contains("a page table entry has outlived the revoke"))
    let fixed = Captured.run(["explore", "--race", "FRM", "--replay", String(schedule)])
    #expect(fixed.err.contains("diverged"))
  }

  @Test("in shards finds each class once, and the merge says what is missing, double or foreign")
  func shards() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shards-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func shard(_ name: String, _ words: [String]) -> String {
      let path = folder.appendingPathComponent(name).path
      #expect(Captured.run(["explore", "--jobs", "1", "--json", path] + words).exitCode == 0)
      return path
    }
    let one = shard("1", ["--race", "FRM", "--shard", "1/2"])
    let two = shard("2", ["--race", "FRM", "--shard", "2/2"])
    let other = shard("3", ["--race", "FR", "--shard", "2/2"])
    let merged = Captured.run(["merge", one, two])
    #expect(merged.exitCode == 0)
    #expect(merged.out.contains("\"executions\":23"))
    #expect(merged.out.contains("\"isExhaustive\":true"))
    let cut = folder.appendingPathComponent("cut").path
    try String(contentsOfFile: one, encoding: .utf8).dropLast(9).write(toFile: cut, atomically: true, encoding: .utf8)
    let empty = folder.appendingPathComponent("empty").path
    try "".write(toFile: empty, atomically: true, encoding: .utf8)
    let wrong = folder.appendingPathComponent("wrong").path
    try String(contentsOfFile: two, encoding: .utf8).replacing("\"steps\":", with: "\"steps\":-")
      .write(toFile: wrong, atomically: true, encoding: .utf8)
    let form = "a JSON line written by Benchmarks explore --shard"
    for (files, message) in [
      ([one, cut], "Benchmarks: \(cut), line 1: expected \(form)\n"),
      ([one, empty], "Benchmarks: \(empty): is empty; expected \(form)\n"),
      ([one, wrong], "Benchmarks: \(wrong), line 1: shard 2 has -"),
    ] {
      let refused = Captured.run(["merge"] + files)
      #expect(refused.exitCode == 65)
      #expect(refused.err.hasPrefix(message), "\(refused.err)")
      #expect(refused.err.split(separator: "\n").count == 1)
    }
    for (files, message) in [([one], "missing"), ([one, one], "twice"), ([one, other], "another search")] {
      let refused = Captured.run(["merge"] + files)
      #expect(refused.exitCode == 65)
      #expect(refused.err.contains(message))
    }
  }

  @Test("a shard that finds the bug fails with its report, and so does the merge, with a command that replays it")
  func failingShard() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shards-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var files: [String] = []
    var failed: [Captured] = []
    for number in 1...2 {
      let words = ["explore", "--race", "FRM", "--bug", "recheck", "--jobs", "1", "--shard", "\(number)/2"]
      let run = Captured.run(words)
      if run.exitCode != 0 { failed.append(run) }
      files.append(folder.appendingPathComponent("\(number)").path)
      try run.out.write(toFile: files[number - 1], atomically: true, encoding: .utf8)
    }
    let shard = try #require(failed.first)
    #expect(shard.exitCode == 1)
    #expect(shard.out.contains("\"failure\":"))
    let merged = Captured.run(["merge"] + files)
    #expect(merged.exitCode == 1)
    for text in [shard.err, merged.err] {
      #expect(text.hasPrefix("Benchmarks: race-FRM-recheck failed: "))
      #expect(text.contains("a page table entry has outlived the revoke"))
      let line = try #require(text.split(separator: "\n").last)
      let prefix = "replay: swift run -c release Benchmarks explore --race FRM --bug recheck --replay '"
      #expect(line.hasPrefix(prefix))
      let schedule = line.dropFirst(prefix.count).dropLast()
      let again = Captured.run(["explore", "--race", "FRM", "--bug", "recheck", "--replay", String(schedule)])
      #expect(again.exitCode == 1)
      #expect(again.err.contains("a page table entry has outlived the revoke"))
    }
  }

  @Test(
    "says in one line what is wrong with a flag",
    arguments: [
      (["--race", "FX"], "--race"), (["--race", "RR"], "--race"), (["--strategy", "luck"], "--strategy"),
      (["--bug", "other"], "--bug"), (["--schedules", "0"], "--schedules"), (["--replay", "1:~0000"], "--replay"),
      (["--device", "x"], "--device"), (["--jobs", "0"], "--jobs"), (["--shard", "3/2"], "--shard"),
    ])
  func badFlags(words: [String], flag: String) {
    let run = Captured.run(["explore"] + words)
    #expect(run.exitCode == 64)
    #expect(run.err.split(separator: "\n").first?.contains(flag) == true)
    #expect(run.err.contains("usage: Benchmarks explore"))
  }
}
