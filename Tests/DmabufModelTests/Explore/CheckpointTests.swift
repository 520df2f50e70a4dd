// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// A search that is interrupted and goes on must come to what one that is not comes to.
struct CheckpointTests {
  private final class Folder {
    let path: String

    init() throws {
      path = FileManager.default.temporaryDirectory.appending(path: "checkpoints-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
  }

  private func search(_ word: String, in folder: Folder, upTo limit: Int, jobs: Int = 1) throws -> ExplorationReport {
    var limits = Limits()
    limits.executions = limit
    return try explore(
      .exhaustive, limits: limits, jobs: jobs, checkpoint: folder.path, name: word, Race.scenario(word))
  }

  /// What a search that nothing stops comes to; it is larger than the first unit of work.
  private static let whole = try? explore(
    .exhaustive, name: "FFFRM", function: "search", Race.scenario("FFFRM"))

  /// Stopped by a limit again and again, by one machine or by several.
  @Test(arguments: [1, 2])
  func interruptedSearchCountsTheSame(jobs: Int) throws {
    let whole = try #require(Self.whole)
    #expect(whole.verdict == .exhaustive(executions: 2_718))
    let folder = try Folder()
    for limit in [300, 1_200] {
      #expect(throws: SearchStopped.self) { try search("FFFRM", in: folder, upTo: limit, jobs: jobs) }
      #expect(folder.files == ["CheckpointTests.search.FFFRM.checkpoint"])
    }
    #expect(try search("FFFRM", in: folder, upTo: 10_000, jobs: jobs) == whole)
    #expect(folder.files.isEmpty)
  }

  @Test func samplerGoesOnWhereItWas() throws {
    let folder = try Folder()
    let scenario: Scenario = { kernel in
      try await Race.scenario("FRM")(kernel)
      kernel.outcome("steps", kernel.stepCount % 3)
    }
    func sample(_ limit: Int, _ folder: Folder?) throws -> ExplorationReport {
      var limits = Limits()
      limits.executions = limit
      limits.executionsPerCheckpoint = 256
      var options = ReportOptions()
      options.coversPairs = true
      return try explore(
        .random(seed: 5, schedules: 2_000), limits: limits, reporting: options,
        checkpoint: folder?.path, name: "random", scenario)
    }
    let whole = try sample(2_000, nil)
    #expect(whole.outcomes.count > 1 && !whole.pairs.isEmpty)
    #expect(try sample(1_024, folder).verdict == .stoppedAtLimit(executions: 1_024))
    #expect(folder.files.count == 1)
    #expect(try sample(2_000, folder) == whole)
    #expect(folder.files.isEmpty)
  }

  @Test func aCheckpointOfAnotherScenarioIsRefused() throws {
    let folder = try Folder()
    var limits = Limits()
    limits.executions = 100
    func run(_ scenario: @escaping Scenario) throws {
      try explore(.exhaustive, limits: limits, checkpoint: folder.path, name: "one", scenario)
    }
    #expect(throws: SearchStopped.self) { try run(Race.scenario("FFRM")) }
    let refused = #expect(throws: CheckpointError.self) { try run(Race.scenario("FFRMM")) }
    #expect(refused?.description.contains("checkpoint of another search or version") == true)
    #expect(refused?.description.contains("\n") == false)
    let path = "\(folder.path)/\(try #require(folder.files.first))"
    try "dmabuf-checkpoint-0 x y\n1 2 3\n".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: CheckpointError.self) { try run(Race.scenario("FFRM")) }
    try "nonsense".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: CheckpointError.unreadable(path)) { try run(Race.scenario("FFRM")) }
  }

  /// A file that was cut off, wherever, is refused and does not crash.
  @Test func aDamagedCheckpointIsRefused() throws {
    let folder = try Folder()
    #expect(throws: SearchStopped.self) { try search("FFRM", in: folder, upTo: 100) }
    let path = "\(folder.path)/\(try #require(folder.files.first))"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for length in stride(from: 3, to: text.count - 4, by: max(1, text.count / 15)) {
      try String(text.prefix(length)).write(toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: CheckpointError.self) { try search("FFRM", in: folder, upTo: 100) }
    }
  }

  /// A proof rests on the tree that is in the file: another digit anywhere would be another tree.
  @Test func anEditedCheckpointIsRefused() throws {
    let folder = try Folder()
    #expect(throws: SearchStopped.self) { try search("FFRM", in: folder, upTo: 100) }
    let path = "\(folder.path)/\(try #require(folder.files.first))"
    let text = try Data(contentsOf: URL(filePath: path))
    let digits = text.indices.filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[$0] }
    for place in digits.suffix(17)
      + stride(from: 0, to: digits.count, by: max(1, digits.count / 60)).map({ digits[$0] })
    {
      var edited = text
      edited[place] = text[place] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
      try edited.write(to: URL(filePath: path))
      #expect(throws: CheckpointError.self, "byte \(place)") { try search("FFRM", in: folder, upTo: 10_000) }
    }
    try (text + Data("1".utf8)).write(to: URL(filePath: path))
    #expect(throws: CheckpointError.unreadable(path)) { try search("FFRM", in: folder, upTo: 10_000) }
    try text.write(to: URL(filePath: path))
    #expect(try search("FFRM", in: folder, upTo: 10_000).verdict == .exhaustive(executions: 202))
  }

  @Test func aFolderThatCannotTakeCheckpointsIsRefusedAtTheStart() throws {
    let folder = try Folder()
    let file = "\(folder.path)/file"
    try "".write(toFile: file, atomically: true, encoding: .utf8)
    for (path, reason) in [("/nonexistent", "No such file or directory"), (file, "Not a directory")] {
      for jobs in [1, 2] {
        let error = #expect(throws: CheckpointError.self) {
          try explore(.exhaustive, jobs: jobs, checkpoint: path, name: "x") { _ in Issue.record("the search has begun")
          }
        }
        #expect(
          error?.description
            == "a checkpoint cannot be written: \(path): \(reason); expected a folder that is there and can be written to"
        )
      }
    }
  }

  /// What is in the checkpoint's place and cannot be read is not taken for no checkpoint.
  @Test func aCheckpointThatCannotBeReadIsRefused() throws {
    let folder = try Folder()
    let path = "\(folder.path)/CheckpointTests.search.FR.checkpoint"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    #expect(throws: CheckpointError.unreadable(path)) { try search("FR", in: folder, upTo: 100) }
  }

  @Test func aCheckpointThatCannotBeWrittenAnyMoreIsMentionedOnce() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let path = try Folder().path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      var limits = Limits()
      limits.executionsPerCheckpoint = 1
      let report = try explore(
        .random(seed: 1, schedules: 2_000), limits: limits, checkpoint: path, name: "lost"
      ) { kernel in
        try? FileManager.default.removeItem(atPath: path)
        try await Race.scenario("FR")(kernel)
      }
      precondition(report.verdict == .sampled(schedules: 2_000))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { $0.contains("checkpoint") }
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("a checkpoint cannot be written: ") == true)
    #expect(lines.first?.hasSuffix("; the search goes on without") == true)
  }

  /// In a process of its own, whose standard error is a pipe.
  @Test func noProgressIsWrittenIntoAPipe() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let progress = MergeProgress(ReportOptions(), RandomStrategy.random(schedules: 10))
      OperatingSystemThreads.sleep(microseconds: 300_000)
      progress.note(5)
      progress.finish()
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(!text.contains("executions"), "\(text)")
  }

  /// Of one that lasts longer there is a line now and then, with the name of the search.
  @Test func aLongSearchWritesLinesIntoAPipe() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      var progress = Progress(ReportOptions(), name: "A.b", rhythm: (.milliseconds(200), .milliseconds(400)))
      for executions in 1...13 {
        OperatingSystemThreads.sleep(microseconds: 100_000)
        progress.draw(executions, nil)
      }
      progress.finish()
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("A.b: ") && $0.hasSuffix(" a second") }
    #expect((2...4).contains(lines.count), "\(text)")
    #expect(!text.contains("\r"))
  }

  @Test func aSearchThatIsStoppedSaysHowToGoOn() async throws {
    let folder = try Folder()
    let file = "\(folder.path)/CheckpointTests.search.FFRM.checkpoint"
    let stopped = try #require(throws: SearchStopped.self) { try search("FFRM", in: folder, upTo: 100) }
    #expect(stopped.checkpoint == file)
    let kept = try #require(stopped.description.split(separator: "\n").last)
    #expect(kept.wholeMatch(of: /(\d+) executions are kept in (.*); to go on: (.*)/)?.2 ?? "" == file)
    #expect(kept.hasSuffix("to go on: DMABUF_MAX_SCHEDULES=1000 swift test --filter search"))
    let alone = #expect(throws: SearchStopped.self) {
      var limits = Limits()
      limits.executions = 100
      return try explore(.exhaustive, limits: limits, name: "none", Race.scenario("FFRM"))
    }
    #expect(alone?.description.contains("\n") == false)
    #expect(alone?.checkpoint == nil)
  }

  @Test func aSearchThatGoesOnSaysFromWhere() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let folder = try Folder()
      _ = unsafe setenv("DMABUF_CHECKPOINT_DIR", folder.path, 1)
      func sample(_ limit: Int) throws -> ExplorationReport {
        var limits = Limits()
        limits.executions = limit
        return try explore(
          .random(seed: 1, schedules: 1_000), limits: limits, name: "on", function: "f", file: "File.swift",
          Race.scenario("FR"))
      }
      let (part, whole) = (try sample(512), try sample(1_000))
      precondition(part.verdict == .stoppedAtLimit(executions: 512))
      precondition(whole.verdict == .sampled(schedules: 1_000))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { $0.contains("File.f.on") }
    #expect(lines.first == "File.f.on: stopped at the limit of 512 executions: not a proof")
    #expect(lines.dropFirst().first?.hasPrefix("512 executions are kept in ") == true)
    #expect(lines.dropFirst().first?.contains("; to go on: DMABUF_CHECKPOINT_DIR='") == true)
    #expect(lines.dropFirst().first?.hasSuffix("' DMABUF_MAX_SCHEDULES=5120 swift test --filter f") == true)
    #expect(lines.last?.hasPrefix("File.f.on goes on from ") == true)
    #expect(lines.last?.hasSuffix("/File.f.on.checkpoint, with 512 executions done") == true)
  }

  @Test func aRequestEndsEverySearchAndKeepsWhatIsDone() async throws {
    await #expect(processExitsWith: .success) {
      let folder = try Folder()
      SearchInterruption.request()
      for jobs in [1, 2] {
        do {
          try explore(.exhaustive, jobs: jobs, checkpoint: folder.path, name: "x", Race.scenario("FFRM"))
          preconditionFailure("not stopped")
        } catch let stopped as SearchStopped {
          precondition(stopped.report.verdict == .interrupted(executions: 0))
          precondition(stopped.description.contains("was interrupted after 0 executions: not a proof\n"))
        }
        precondition(folder.files.count == 1)
      }
      let report = try explore(.random(schedules: 10), name: "y", Race.scenario("FR"))
      precondition(report.verdict == .interrupted(executions: 0))
    }
  }

  @Test func eachSearchHasItsOwnFile() throws {
    let folder = try Folder()
    #expect(throws: SearchStopped.self) { try search("FFRM", in: folder, upTo: 100) }
    #expect(throws: SearchStopped.self) { try search("FMRF", in: folder, upTo: 100) }
    #expect(folder.files.count == 2)
  }

  @Test func aFailureLeavesNoCheckpoint() throws {
    let folder = try Folder()
    #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive, checkpoint: folder.path, name: "bug", Race.scenario("FFRM", looksTwice: false))
    }
    #expect(folder.files.isEmpty)
  }

  @Test func aStrategyWithoutAStateIsRefused() throws {
    let folder = try Folder()
    #expect(throws: CheckpointError.unsupported) {
      try explore(PreemptionBoundedStrategy(preemptions: 1), checkpoint: folder.path, name: "x", Race.scenario("FR"))
    }
  }
}
