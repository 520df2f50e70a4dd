// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

@Suite("A variable with a value that it cannot have ends every search with one line")
struct EnvironmentTests {
  static let replayForm = "expected File.function[.name]/schedule, as the last line of a report has it"
  static let mistakes: [(name: String, value: String, message: String)] = [
    ("DMABUF_JOBS", "abc", "DMABUF_JOBS is 'abc'; expected a number from 1 to 256"),
    ("DMABUF_JOBS", "0", "DMABUF_JOBS is '0'; expected a number from 1 to 256"),
    ("DMABUF_JOBS", "-2", "DMABUF_JOBS is '-2'; expected a number from 1 to 256"),
    ("DMABUF_JOBS", "257", "DMABUF_JOBS is '257'; expected a number from 1 to 256"),
    ("DMABUF_JOBS", " 2", "DMABUF_JOBS is ' 2'; expected a number from 1 to 256"),
    ("DMABUF_MAX_SCHEDULES", "0", "DMABUF_MAX_SCHEDULES is '0'; expected a number from 1 to 1000000000000"),
    ("DMABUF_MAX_SCHEDULES", "1e6", "DMABUF_MAX_SCHEDULES is '1e6'; expected a number from 1 to 1000000000000"),
    ("DMABUF_MAX_STEPS", "-1", "DMABUF_MAX_STEPS is '-1'; expected a number from 1 to 1000000000"),
    (
      "DMABUF_MAX_STEPS", "99999999999999999999",
      "DMABUF_MAX_STEPS is '99999999999999999999'; expected a number from 1 to 1000000000"
    ),
    (
      "DMABUF_TRACE_DIR", "/dev/null",
      "DMABUF_TRACE_DIR is '/dev/null'; expected a folder that can be made and written to; /dev/null: Not a directory"
    ),
    (
      "DMABUF_TRACE_DIR", "/dev/null/a/b",
      "DMABUF_TRACE_DIR is '/dev/null/a/b'; expected a folder that can be made and written to; /dev/null/a: Not a "
        + "directory"
    ),
    ("DMABUF_COMMUTING_PAIRS", "-5", "DMABUF_COMMUTING_PAIRS is '-5'; expected a number from 0 to 1000000"),
    ("DMABUF_REPLAY", "1:~0000", "DMABUF_REPLAY is '1:~0000'; \(replayForm)"),
    ("DMABUF_REPLAY", "/1:~0000", "DMABUF_REPLAY is '/1:~0000'; \(replayForm)"),
    ("DMABUF_REPLAY", "a b/1:~0000", "DMABUF_REPLAY is 'a b/1:~0000'; \(replayForm)"),
    (
      "DMABUF_REPLAY", "A.b/1:zz",
      "DMABUF_REPLAY is 'A.b/1:zz'; \(replayForm), and so a step at character 9"
    ),
    ("DMABUF_REPLAY", "A.b/", "DMABUF_REPLAY is 'A.b/'; \(replayForm), and so the version '1:' at character 5"),
  ]

  @Test("the line says which one, what was found and what was expected", arguments: mistakes)
  func mistake(_ mistake: (name: String, value: String, message: String)) {
    let error = #expect(throws: ScenarioError.self) { try Environment { $0 == mistake.name ? mistake.value : nil } }
    #expect(error?.description == mistake.message)
  }

  static let all = KnownVariables.names.joined(separator: ", ")
  static let meaningless: [(name: String, expected: String)] = [
    ("DMABUF_JOB", "DMABUF_JOBS, which is near it, or another one of \(all)"),
    ("DMABUF_TRACEDIR", "DMABUF_TRACE_DIR, which is near it, or another one of \(all)"),
    ("DMABUF_STEPS", "DMABUF_MAX_STEPS, which is near it, or another one of \(all)"),
    ("DMABUF_SEED", "one of \(all)"),
    ("DMABUF_COLOUR", "one of \(all)"),
    ("DMABUF_", "one of \(all)"),
  ]

  @Test("so does one that means nothing; the line says which there are and which is near it", arguments: meaningless)
  func unknown(_ row: (name: String, expected: String)) throws {
    let error = #expect(throws: ScenarioError.self) {
      try Environment({ $0 == row.name ? "1" : nil }, names: ["PATH", "DMABUF_JOBS", row.name])
    }
    #expect(error?.description == "\(row.name) is '1'; expected \(row.expected)")
    _ = try Environment({ _ in "" }, names: [row.name])
    _ = try Environment({ _ in nil }, names: ["OTHER_\(row.name)"])
  }

  @Test("every variable that is read is known, and the README has a row for it")
  func known() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| `DMABUF_") }.joined()
    for name in KnownVariables.names {
      #expect(rows.contains("`\(name)"), "\(name)")
    }
    for folder in ["Sources", "Tests", "Benchmarks"] {
      for file in FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.allObjects ?? [] {
        guard let path = file as? String, path.hasSuffix(".swift") else { continue }
        let text = try String(contentsOf: root.appending(path: "\(folder)/\(path)"), encoding: .utf8)
        for match in text.matches(of: /(?:number|value|environment)\(?\[?"(DMABUF_[A-Z_]+)"/) {
          #expect(KnownVariables.names.contains(String(match.1)), "\(path)")
        }
      }
    }
  }

  @Test("an empty variable is not set, and a good one counts")
  func values() throws {
    let nothing = try Environment { _ in "" }
    #expect(try nothing.jobs(asked: nil) == 1)
    #expect(try Limits().overridden(by: nothing) == Limits())
    #expect(nothing.replay == nil)
    let values = [
      "DMABUF_JOBS": "3", "DMABUF_MAX_SCHEDULES": "7", "DMABUF_MAX_STEPS": "8", "DMABUF_COMMUTING_PAIRS": "0",
      "DMABUF_REPLAY": "A.b.c_1/1:~0000",
    ]
    let environment = try Environment { values[$0] }
    #expect(try environment.jobs(asked: nil) == 3)
    #expect(try environment.jobs(asked: 2) == 2)
    let limits = try Limits().overridden(by: environment)
    #expect(limits.executions == 7 && limits.stepsPerExecution == 8 && limits.commutingPairs == 0)
    #expect(environment.replay?.search == "A.b.c_1")
  }

  @Test("so does a limit or a number of jobs that the caller gives, on one machine and on several", arguments: [1, 2])
  func limits(jobs: Int) {
    func message(jobs: Int, _ change: (inout Limits) -> Void = { _ in }) -> String? {
      var limits = Limits()
      change(&limits)
      let error = #expect(throws: ScenarioError.self) {
        try explore(.random(schedules: 10), limits: limits, jobs: jobs, name: "limits", Race.scenario("FR"))
      }
      return error?.description
    }
    #expect(message(jobs: jobs) { $0.executions = -5 } == "limits.executions is '-5'; expected a number from 1")
    #expect(
      message(jobs: jobs) { $0.stepsPerExecution = 0 } == "limits.stepsPerExecution is '0'; expected a number from 1")
    #expect(message(jobs: jobs) { $0.commutingPairs = -1 } == "limits.commutingPairs is '-1'; expected a number from 0")
    #expect(message(jobs: jobs - 3) == "jobs is '\(jobs - 3)'; expected a number from 1 to 256")
    #expect(message(jobs: jobs + 256) == "jobs is '\(jobs + 256)'; expected a number from 1 to 256")
  }

  /// In a process of its own, whose variables are nobody else's.
  @Test("no search passes it over, whatever it needs")
  func everySearch() async {
    await #expect(processExitsWith: .success) {
      for (name, value) in [
        ("DMABUF_JOBS", "many"), ("DMABUF_COMMUTING_PAIRS", "-5"), ("DMABUF_REPLAY", "typo"),
        ("DMABUF_TRACE_DIR", "/dev/null"), ("DMABUF_JOB", "2"),
      ] {
        _ = unsafe setenv(name, value, 1)
        let searches: [() throws -> Void] = [
          { try explore(.exhaustive, name: "x", Race.scenario("FR")) },
          { try explore(.exhaustive, jobs: 2, name: "x", Race.scenario("FR")) },
          { try explore(.serial, name: "x", Race.scenario("FR")) },
          { _ = try survey(.exhaustive, Race.scenario("FR")) },
          { try replay("1:~0000", name: "x", Race.scenario("FR")) },
          { _ = try estimateClasses(Race.scenario("FR")) },
          { try checkCommutation(Race.scenario("FR")) },
          {
            let shard = try #require(Shard(1, of: 2))
            _ = try explore(.exhaustive, shard: shard, name: "x", identity: "", Race.scenario("FR"))
          },
        ]
        for (index, search) in searches.enumerated() {
          do {
            try search()
            preconditionFailure("\(name), search \(index): passed over")
          } catch ScenarioError.badOption(let found, _, _) {
            precondition(found == name)
          } catch {
            preconditionFailure("\(name), search \(index): \(error)")
          }
        }
        let silent = Console(out: { _ in }, err: { _ in }, isTerminal: false)
        precondition(Tool.run(["explore", "--race", "FR", "--once"], silent) { _ in nil } == 64)
        _ = unsafe unsetenv(name)
      }
    }
  }

  @Test("a replay string of another search is mentioned once, and the search runs as always")
  func otherSearch() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      _ = unsafe setenv("DMABUF_REPLAY", "Other.search/1:~0000", 1)
      for name in ["one", "two"] {
        let report = try explore(.exhaustive, name: name, function: "f", file: "File.swift", Race.scenario("FR"))
        precondition(report.executions == 3)
      }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { $0.contains("DMABUF_REPLAY") }
    #expect(lines == ["DMABUF_REPLAY is for 'Other.search'; 'File.f.one' and others run as always"])
  }

  @Test("a replay string of this search is all that it runs")
  func thisSearch() async throws {
    await #expect(processExitsWith: .success) {
      func run() throws {
        let race = Race.scenario("FR", looksTwice: false)
        try explore(.exhaustive, name: "one", function: "f", file: "File.swift", race)
      }
      do {
        try run()
        preconditionFailure("nothing found")
      } catch let failure as ScheduleFailure {
        _ = unsafe setenv("DMABUF_REPLAY", "File.f.one/\(failure.schedule)", 1)
      }
      do {
        try run()
        preconditionFailure("nothing found")
      } catch let failure as ScheduleFailure {
        precondition(failure.executions == 1)
      }
    }
  }
}
