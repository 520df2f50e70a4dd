// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation
internal import VfioSim

/// Runs all benchmarks on one device and reports them.
struct MeasureCommand: Command {
  static let name = ToolName.measure

  /// What was asked.
  let options: MeasureOptions
  /// The driver under test; the tests put a broken one here.
  var revision: any VfioDmaBufDriver = PostedV1()
  private let arguments: [String]

  init(_ arguments: [String], _ environment: (String) -> String? = { _ in nil }) throws(UsageError) {
    options = try MeasureOptions(arguments)
    self.arguments = arguments
  }

  func run(_ console: Console) throws {
    let window = try LentWindow(file: options.device, slot: options.slot)
    let file = JsonFile(path: options.json)
    try file.check()

    let say: (String) throws -> Void = file.isStandardOutput ? console.err : console.out
    let build = BuildFacts.current
    let progress = ProgressLine(console)
    let setting = Setting(
      window: window, revision: revision, seed: options.seed, schedules: options.schedules, progress: progress)
    try say("device  \(window)\nbuild   \(build)\nseed    \(options.seed)\n")

    var rows: [Row] = []
    for part in Suite.parts where part.isWanted(toReplay: Self.replayTag) {
      let results: [BenchmarkResult]
      do {
        results = try part.run(setting)
      } catch {
        progress.clear()
        guard let failure = error as? ScheduleFailure else { throw error }
        throw DefectFound(failure, arguments, console.isTerminal ? .forStandardError : .plain)
      }
      progress.clear()
      try say("\n\(part.render(results))")
      rows += results.map { Row($0, setting, build) }
    }
    if Self.replayTag == nil {
      let curve = try TimedCommand.curve(of: window, seed: options.seed)
      try say(
        "\nFaults against revokes in the time of a machine, the same digits everywhere; see Benchmarks timed --help\n")
      try say(curve)
    }
    try file.write(rows, console)
  }

  /// The search that a replay string in the environment is for, if it is one of this command.
  private static var replayTag: String? {
    let prefix = "\(Tool.name).\(name)."
    let replay = ProcessInfo.processInfo.environment["DMABUF_REPLAY"] ?? ""
    guard replay.hasPrefix(prefix) else { return nil }
    return String(replay.dropFirst(prefix.count).prefix { $0 != "/" })
  }
}

/// A schedule that has shown a defect; its description is the report, with the line that replays it here.
struct DefectFound: ToolError {
  let description: String

  /// Takes over the report of a failure that was found under the given command line.
  init(_ failure: ScheduleFailure, _ arguments: [String], _ style: ReportStyle) {
    let line = "DMABUF_REPLAY='\(failure.name)/\(failure.schedule)' \(ShellWord.command(arguments))"
    description =
      "a schedule of \(failure.name) has shown a defect\n"
      + failure.report(style).replacing(failure.replayLine, with: line)
  }

  var exitCode: Int32 { ExitCode.failure }
}
