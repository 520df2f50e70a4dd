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
  static func writeToStandardError(_ text: String) { writeText(text, to: 2) }

  /// Writes text to whatever a descriptor stands for.
  static func writeText(_ text: String, to descriptor: Int32) { _ = writeAll(text, to: descriptor) }

  /// Writes a file, or to whatever else has that name: the target of a link, a pipe, a device.
  ///
  /// - Returns: What went wrong, if anything.
  static func writeFile(_ path: String, _ text: String) -> String? {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return unsafe "\(path): \(String(cString: strerror(errno)))" }
    let isWritten = writeAll(text, to: descriptor)
    let reason = errno
    // Some file systems say only at the end that there was no room.
    let isClosed = close(descriptor) == 0
    if isWritten && isClosed { return nil }
    return unsafe "\(path): \(String(cString: strerror(isWritten ? errno : reason)))"
  }

  /// Writes a file in the place of another one, which is there until the new one is complete.
  ///
  /// - Returns: What went wrong, if anything.
  static func replaceFile(_ path: String, _ text: String) -> String? {
    let new = "\(path).\(getpid()).new"
    if let reason = writeFile(new, text) { return reason }
    return unsafe rename(new, path) == 0 ? nil : unsafe "\(path): \(String(cString: strerror(errno)))"
  }

  /// The contents of a file; none if it cannot be read.
  static func readFile(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe part.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
      bytes += part[..<count]
    }
  }

  /// Whether there is something of that name.
  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Why no files can be made in a folder, if so.
  static func reasonAgainst(folder: String) -> String? {
    unsafe access("\(folder)/.", W_OK | X_OK) == 0 ? nil : "\(folder): \(String(cString: strerror(errno)))"
  }

  /// Makes a folder and those that it is in, where they are not there.
  ///
  /// - Returns: Why no files can be made in it, if so.
  static func makeFolder(_ path: String) -> String? {
    var part = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      part += (part.isEmpty || part == "/" ? "" : "/") + name
      if exists(part) { continue }
      // Another process may be at it as well.
      let isMade = unsafe mkdir(part, 0o777) == 0 || errno == EEXIST
      if !isMade { return unsafe "\(part): \(String(cString: strerror(errno)))" }
    }
    return reasonAgainst(folder: path)
  }

  /// Takes a file away, if it is there.
  static func removeFile(_ path: String) { _ = unsafe unlink(path) }

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
