// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// Where rows or a picture go: a file, standard output, or nowhere.
///
/// What is there is written to, be it a pipe, a device or a link to another file; it is never replaced.
struct JsonFile {
  /// The path; `-` for standard output.
  let path: String?
  /// The flag that the path was given with.
  var flag = "--json"

  /// Whether the rows go to standard output, where text would be between them.
  var isStandardOutput: Bool { path == "-" || descriptor?.number == Descriptor.standardOutput.number }

  private var descriptor: Descriptor? { path.flatMap { Descriptor(path: $0) } }

  /// Finds out before the work whether the file could be written after it.
  func check() throws(UnwritableFile) {
    guard let path, path != "-" else { return }
    if let descriptor {
      if let objection = descriptor.objection { throw UnwritableFile(flag: flag, file: path, reason: "\(objection)") }
      return
    }
    if PathFacts.isDirectory(path) { throw UnwritableFile(flag: flag, file: path, reason: "it is a directory") }
    if PathFacts.error(of: path, F_OK) == nil {
      if let reason = PathFacts.error(of: path, W_OK) { throw UnwritableFile(flag: flag, file: path, reason: reason) }
      return
    }
    // A link to a file that is yet to be made is looked at when it is made.
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    if let reason = PathFacts.error(of: folder, W_OK) {
      throw UnwritableFile(flag: flag, file: path, reason: "\(folder): \(reason)")
    }
  }

  /// Writes all rows, a line each.
  func write(_ rows: [some Encodable], _ console: Console) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try write(text: try rows.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined(), console)
  }

  /// Writes a text as it is.
  func write(text lines: String, _ console: Console) throws {
    guard let path else { return }
    if path == "-" { return try console.out(lines) }
    do throws(WriteError) {
      if let descriptor { return try descriptor.write(lines) }
      let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      if number < 0 { throw WriteError(code: errno) }
      let file = Descriptor(number: number)
      do throws(WriteError) { try file.write(lines) } catch {
        try? file.close()
        throw error
      }
      try file.close()
    } catch {
      throw UnwritableFile(flag: flag, file: path, reason: "\(error)")
    }
  }
}

/// A file that cannot be written.
struct UnwritableFile: ToolError {
  let flag: String
  let file: String
  let reason: String

  var description: String { "\(flag): cannot write \(file): \(reason)" }
  var exitCode: Int32 { ExitCode.cannotCreate }
}
