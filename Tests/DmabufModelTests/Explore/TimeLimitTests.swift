// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

@Suite("A limit of time ends a search where it is, and is no pass")
struct TimeLimitTests {
  private static func limits(_ seconds: Double) -> Limits {
    var limits = Limits()
    limits.seconds = seconds
    return limits
  }

  @Test("an exhaustive search throws", arguments: [1, 2])
  func exhaustive(jobs: Int) throws {
    let stopped = try #require(throws: SearchStopped.self) {
      try explore(.exhaustive, limits: Self.limits(0.1), jobs: jobs, name: "time", Race.scenario("FFFFRMM"))
    }
    let executions = stopped.report.executions
    #expect(executions > 0)
    #expect(stopped.report.verdict == .stoppedAtTimeLimit(seconds: 0.1, executions: executions))
    #expect(
      stopped.description.hasPrefix(
        "the search was to be exhaustive and stopped at the limit of 0.1 seconds, after \(executions) executions: not a "
          + "proof; raise DMABUF_SECONDS, "))
  }

  @Test("so does a survey, and one that goes by states")
  func others() throws {
    #expect(throws: SearchStopped.self) {
      _ = try survey(.exhaustive, limits: Self.limits(0.05), Race.scenario("FFFFRMM"))
    }
    #expect(throws: SearchStopped.self) {
      try explore(.stateCaching, limits: Self.limits(0.01), name: "time", Race.scenario("FFFFRMM"))
    }
  }

  @Test("a sampler says so in its verdict and on standard error", arguments: [1, 2])
  func sampler(jobs: Int) async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) { [jobs] in
      let report = try explore(
        .random(seed: 1, schedules: 100_000_000), limits: Self.limits(0.1), jobs: jobs, name: "time", function: "f",
        file: "File.swift", Race.scenario("FRM"))
      precondition(report.executions > 0 && report.executions < 100_000_000)
      precondition(report.verdict == .stoppedAtTimeLimit(seconds: 0.1, executions: report.executions))
      precondition(report.verdict.isStopped)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter {
      $0.hasPrefix("File.f.time: stopped at the limit of 0.1 seconds, ")
    }
    #expect(lines.count == 1)
  }

  @Test("it decides nothing but where a search ends", arguments: [1, 2])
  func sameSearch(jobs: Int) throws {
    func run(_ limits: Limits) throws -> ExplorationReport {
      try explore(.exhaustive, limits: limits, jobs: jobs, name: "same", Race.scenario("FFRM"))
    }
    #expect(try run(Self.limits(600)) == run(Limits()))
  }

  /// However short each of them is, and whatever was under way when its time was over.
  @Test("one that goes on from a checkpoint comes to what one that was never stopped does", arguments: [2])
  func goesOn(jobs: Int) async throws {
    // In a process of its own, whose messages are of no interest.
    await #expect(processExitsWith: .success) { [jobs] in try Self.goOnUntilTheEnd(jobs: jobs) }
  }

  private static func goOnUntilTheEnd(jobs: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "time-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func run(_ seconds: Double) throws -> ExplorationReport {
      try explore(
        .exhaustive, limits: Self.limits(seconds), jobs: jobs, checkpoint: folder, name: "on", Race.scenario("FFFRM"))
    }
    let whole = try run(600)
    var stops = 0
    while true {
      do {
        let report = try run(0.001)
        precondition(report == whole)
        break
      } catch is SearchStopped {
        stops += 1
        precondition(stops < 1_000)
      }
    }
    precondition(stops > 1)
  }

  @Test("a time that is none is refused")
  func refused() throws {
    for text in ["0", "-1", "1e3", "1.", ".5", "inf", "1.5.2", "a", "0.0"] {
      let error = #expect(throws: ScenarioError.self) { try Environment { $0 == "DMABUF_SECONDS" ? text : nil } }
      #expect(error?.description == "DMABUF_SECONDS is '\(text)'; expected a number of seconds such as 60 or 0.5")
    }
    for seconds in [0, -1, .nan] as [Double] {
      let error = #expect(throws: ScenarioError.self) {
        try explore(.serial, limits: Self.limits(seconds), Race.scenario("FR"))
      }
      #expect(
        error?.description == "limits.seconds is '\(seconds)'; expected a number of seconds such as 60 or 0.5")
    }
    let environment = try Environment { $0 == "DMABUF_SECONDS" ? "0.25" : nil }
    #expect(try Limits().overridden(by: environment).seconds == 0.25)
    _ = try explore(.serial, limits: Self.limits(.infinity), Race.scenario("FR"))
  }
}
