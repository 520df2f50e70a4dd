// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
@unsafe @preconcurrency internal import Glibc
#elseif canImport(Musl)
@unsafe @preconcurrency internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The environment variables that mean something to the package.
///
/// Any other one of its prefix ends a search: with a typing error that is passed over it would do something else than
/// was asked.
enum KnownVariables {
  private static let prefix = "DMABUF_"

  /// Their names, in the order of the README.
  static let names = [
    "DMABUF_REPLAY", "DMABUF_TRACE_DIR", "DMABUF_FULL_TRACE", "DMABUF_MAX_STEPS", "DMABUF_MAX_SCHEDULES",
    "DMABUF_SECONDS", "DMABUF_JOBS", "DMABUF_CHECKPOINT_DIR", "DMABUF_COMMUTING_PAIRS", "DMABUF_CHECKED_EXECUTIONS",
    "DMABUF_DEEP",
  ]

  /// Throws for a variable of the prefix that means nothing.
  ///
  /// - Parameters:
  ///   - set: The names of the variables that are set.
  ///   - value: The value of one; none if it is empty.
  static func check(_ set: [String], _ value: (String) -> String?) throws(ScenarioError) {
    for name in set where name.hasPrefix(prefix) && !names.contains(name) {
      guard let text = value(name), !text.isEmpty else { continue }
      let all = names.joined(separator: ", ")
      let expected = nearest(to: name).map { "\($0), which is near it, or another one of \(all)" } ?? "one of \(all)"
      throw .badOption(name: name, found: text, expected: expected)
    }
  }

  /// The known name that may have been meant, if one is near enough.
  static func nearest(to name: String) -> String? {
    let word = name.dropFirst(prefix.count)
    let near = names.map { (name: $0, distance: distance(word, $0.dropFirst(prefix.count))) }
      .min { $0.distance < $1.distance }
    if let near, near.distance <= max(1, word.count / 3) { return near.name }
    let parts = names.filter { known in word.count > 3 && known.contains(word) }
    return parts.count == 1 ? parts[0] : nil
  }

  /// The names of all variables that are set.
  static func inProcess() -> [String] {
    #if os(Linux)
    var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe environ
    var names: [String] = []
    while let place = unsafe next, let entry = unsafe place.pointee {
      // Most variables belong to other programs, and are not worth a string.
      if unsafe strncmp(entry, prefix, prefix.utf8.count) == 0 {
        names.append(String(unsafe String(cString: entry).prefix { $0 != "=" }))
      }
      unsafe next = place + 1
    }
    return names.sorted()
    #else
    return []
    #endif
  }

  /// The number of letters to be put in, left out or replaced to make one word of another.
  private static func distance(_ left: some StringProtocol, _ right: some StringProtocol) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (place, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for index in right.indices {
        let replaced = diagonal + (letter == right[index] ? 0 : 1)
        diagonal = row[index + 1]
        row[index + 1] = min(replaced, min(row[index], row[index + 1]) + 1)
      }
    }
    return row[right.count]
  }
}
