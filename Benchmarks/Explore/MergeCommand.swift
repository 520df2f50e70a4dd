// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// Makes one verdict of what the shards of a search have written.
struct MergeCommand: Command {
  static let name = "merge"
  static let usage = "usage: Benchmarks merge FILE..."
  static let help = """
    \(usage)

    Joins the JSON lines that the shards of one search have written (`Benchmarks explore --shard I/N`) into one line on
    standard output, with the verdict and the counts that one machine would have come to, and says the verdict on
    standard error, for a failure with its report and the command that replays it. Each shard has to be there once; none
    may be of another search.

    Exit codes: 0; 1 a shard has found a failure or hit a limit; 64 bad usage; 65 shards that do not make a whole; 66 a
    file cannot be read; 74 standard output cannot be written; 141 its reader has gone away.

    """

  /// The files.
  let files: [String]

  init(_ arguments: [String], _ environment: (String) -> String?) throws(UsageError) {
    if let flag = arguments.first(where: { $0.hasPrefix("-") }) { throw .unknownFlag(flag, expected: ["--help"]) }
    guard !arguments.isEmpty else { throw .missingValue(flag: "merge", expected: "the files of the shards") }
    files = arguments
  }

  func run(_ console: Console) throws {
    let reports = try files.flatMap(Self.read)
    let whole: ShardReport
    do { whole = try ShardReport.merged(reports) } catch { throw UnusableShards(description: error.description) }
    try JsonFile(path: "-").write([whole], console)
    try whole.requirePass()
    console.err("\(whole.search): \(whole.verdict)\n")
  }

  private static func read(_ path: String) throws -> [ShardReport] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UnusableShards(description: "\(path): cannot be read", exitCode: ExitCode.noInput)
    }
    let lines = data.split(separator: UInt8(ascii: "\n"))
    if lines.isEmpty { throw UnusableShards(description: "\(path): is empty; expected \(form)") }
    return try lines.enumerated().map { index, line in
      let place = "\(path), line \(index + 1)"
      guard let report = try? JSONDecoder().decode(ShardReport.self, from: Data(line)) else {
        throw UnusableShards(description: "\(place): expected \(form)")
      }
      do { try report.validate() } catch { throw UnusableShards(description: "\(place): \(error)") }
      return report
    }
  }

  private static let form = "a JSON line written by Benchmarks explore --shard"
}

/// Shards of which no verdict can be made.
struct UnusableShards: ToolError {
  let description: String
  var exitCode = ExitCode.badData
}
