// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// How the executable was built, as far as it can tell.
struct BuildFacts: Codable, Equatable, Sendable {
  /// `debug` or `release`.
  let configuration: String
  /// How the standard library is linked: `static`, `dynamic` or `unknown`.
  let stdlib: String

  /// The facts about this executable.
  static var current: BuildFacts {
    #if DEBUG
    let configuration = "debug"
    #else
    let configuration = "release"
    #endif
    return BuildFacts(configuration: configuration, stdlib: linkage)
  }

  /// What the list of mapped files says; a statically linked library is not among them.
  private static var linkage: String {
    guard let maps = FileHandle(forReadingAtPath: "/proc/self/maps"), let data = try? maps.readToEnd() else {
      return "unknown"
    }
    return String(decoding: data, as: UTF8.self).contains("libswiftCore.so") ? "dynamic" : "static"
  }
}

extension BuildFacts: CustomStringConvertible {
  /// The facts, and what they mean for the figures.
  var description: String {
    let library = "standard library \(stdlib == "unknown" ? "linked in an unknown way" : "linked as \(stdlib)")"
    if configuration == "debug" { return "debug, \(library): the figures are not those of a release build" }
    let advice = stdlib == "dynamic" ? ": -Xswiftc -static-stdlib makes switches about a third cheaper" : ""
    return "\(configuration), \(library)\(advice)"
  }
}
