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

  static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe String(cString: text)
  }
}
