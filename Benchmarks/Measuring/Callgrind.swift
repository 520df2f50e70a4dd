// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// Counts the instructions that this executable takes for something, which do not drift from run to run as times do.
///
/// The executable is run again under valgrind's callgrind, twice, with more and with less of the same to do; what both
/// have in common, such as the start of the process, is not in the difference.
enum Callgrind {
  /// The number of times that the same is done in the shorter run and in the longer one.
  private static let counts = (few: 1_000, many: 3_000)

  /// The instructions for doing something once.
  ///
  /// - Parameter arguments: The command line of this executable that does it that number of times.
  /// - Throws: ``InstructionsNotCounted``
  static func instructions(_ arguments: (_ times: Int) -> [String]) throws -> Double {
    let few = try collect(arguments(counts.few))
    let many = try collect(arguments(counts.many))
    return Double(many - few) / Double(counts.many - counts.few)
  }

  private static func collect(_ arguments: [String]) throws -> Int {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", Self.executable] + arguments
    // What a user has set for searches is not meant for this one.
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("DMABUF_") }
    // The standard library's hashing has another seed in each process, and tables another length to walk.
    environment["SWIFT_DETERMINISTIC_HASHING"] = "1"
    process.environment = environment
    let messages = Pipe()
    process.standardError = messages
    process.standardOutput = FileHandle.nullDevice
    do { try process.run() } catch { throw InstructionsNotCounted(reason: "\(error.localizedDescription)") }
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let match = text.firstMatch(of: /Collected : (\d+)/),
      let count = Int(match.1)
    else { throw InstructionsNotCounted(reason: text.split(separator: "\n").last.map(String.init) ?? "no output") }
    return count
  }

  private static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }
}

/// Why instructions could not be counted.
struct InstructionsNotCounted: ToolError {
  /// What the system or valgrind said.
  let reason: String

  var description: String { "--instructions: expected valgrind on the PATH, which counts them: \(reason)" }
  var exitCode: Int32 { ExitCode.unavailable }
}
