// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// Runs the executable as a user does, with what a shell can do to its descriptors.
struct Shell {
  let out: String
  let err: String
  let exitCode: Int32

  /// The executable, which is built into the folder of the tests.
  static let tool = URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    .deletingLastPathComponent().appending(path: "Benchmarks").path

  /// Runs some lines of shell, in which `$TOOL` is the executable.
  ///
  /// - Parameters:
  ///   - script: The lines; of a pipeline the first command that fails decides.
  ///   - environment: Variables beside those of this process that are not the package's.
  static func run(_ script: String, environment: [String: String] = [:]) throws -> Shell {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // The text goes to files: a pipe that is not read meanwhile would fill.
    process.arguments = [
      "timeout", "-s", "KILL", "180", "bash", "-c", "cd '\(folder.path)'; set -o pipefail; { \(script)\n} >out 2>err",
    ]
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DMABUF_") }
      .merging(["TOOL": tool]) { $1 }.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) -> String {
      (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }
    return Shell(out: text("out"), err: text("err"), exitCode: process.terminationStatus)
  }
}
