// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What reports do to the world: text on a terminal, files in a folder.
enum Output {
  /// Writes text to the standard error.
  static func writeToStandardError(_ text: String) { _ = writeAll(text, to: 2) }

  /// Writes a file; an older one of that name is replaced.
  ///
  /// - Returns: What went wrong, if anything.
  static func writeFile(_ path: String, _ text: String) -> String? {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return unsafe "\(path): \(String(cString: strerror(errno)))" }
    defer { close(descriptor) }
    return writeAll(text, to: descriptor) ? nil : unsafe "\(path): \(String(cString: strerror(errno)))"
  }

  private static func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      if written <= 0 { return false }
      bytes = bytes.dropFirst(written)
    }
    return true
  }
}
