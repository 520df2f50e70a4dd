// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// What the executable knows of how it was built.
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
    let linked = ["static": "linked statically", "dynamic": "linked dynamically"][stdlib] ?? "linked in an unknown way"
    let facts = "\(configuration), standard library \(linked)"
    if configuration == "debug" { return facts + "; the figures are not those of a release build" }
    return stdlib == "dynamic" ? facts + "; -Xswiftc -static-stdlib makes switches about a third cheaper" : facts
  }
}
