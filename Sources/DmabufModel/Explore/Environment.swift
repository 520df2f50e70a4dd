// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The environment variables that override options of a search.
enum Environment {
  /// A replay string: the search whose failure it names runs that one schedule.
  static var replay: String? { value("DMABUF_REPLAY") }
  static var stepsPerExecution: Int? { value("DMABUF_MAX_STEPS").flatMap { Int($0) } }
  static var executions: Int? { value("DMABUF_MAX_SCHEDULES").flatMap { Int($0) } }
  static var commutingPairs: Int? { value("DMABUF_COMMUTING_PAIRS").flatMap { Int($0) } }

  /// On how many machines a search runs side by side.
  static var jobs: Int? { value("DMABUF_JOBS").flatMap { Int($0) } }

  /// A folder where searches write down how far they are.
  static var checkpointDirectory: String? { value("DMABUF_CHECKPOINT_DIR").flatMap { $0.isEmpty ? nil : $0 } }

  /// A folder for the pictures of failures.
  static var traceDirectory: String? { value("DMABUF_TRACE_DIR").flatMap { $0.isEmpty ? nil : $0 } }
  /// Whether somebody has asked for text without colours; see no-color.org.
  static var wantsNoColor: Bool { value("NO_COLOR").map { !$0.isEmpty } ?? false }

  /// Whether a file descriptor is a terminal that can show more than lines of text.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 && value("TERM") != "dumb" }

  /// Whether the environment is that of a terminal which can show more than lines of text.
  static var isCapableTerminal: Bool { value("TERM").map { !$0.isEmpty && $0 != "dumb" } ?? false }

  static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe String(cString: text)
  }
}
