// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// Where the rows go: a file, standard output, or nowhere.
struct JsonFile {
  /// The path; `-` for standard output.
  let path: String?

  /// Whether the rows go to standard output.
  var isStandardOutput: Bool { path == "-" }

  /// Finds out before the work whether the file could be written after it.
  func check() throws(UnwritableFile) {
    guard let path, !isStandardOutput else { return }
    if PathFacts.isDirectory(path) { throw UnwritableFile(file: path, reason: "it is a directory") }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    if let reason = PathFacts.error(of: folder, W_OK) {
      throw UnwritableFile(file: path, reason: "\(folder): \(reason)")
    }
  }

  /// Writes all rows, a line each; a file has all of them or is left as it was.
  func write(_ rows: [some Encodable], _ console: Console) throws {
    guard let path else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lines = try rows.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
    if isStandardOutput {
      console.out(lines)
      return
    }
    do {
      try Data(lines.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw UnwritableFile(file: path, reason: error.localizedDescription)
    }
  }
}

/// A file that cannot be written.
struct UnwritableFile: ToolError {
  let file: String
  let reason: String

  var description: String { "--json: cannot write \(file): \(reason)" }
  var exitCode: Int32 { ExitCode.cannotCreate }
}
