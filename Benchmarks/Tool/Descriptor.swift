// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// An open file of this process, by its number.
struct Descriptor {
  static let standardOutput = Descriptor(number: STDOUT_FILENO)
  static let standardError = Descriptor(number: STDERR_FILENO)

  /// The number.
  let number: Int32

  /// Names a descriptor.
  init(number: Int32) { self.number = number }

  /// The descriptor that a path stands for, such as `/dev/stdout` or `/dev/fd/3`.
  ///
  /// Opening such a path again would begin at the front of a file that others are writing to.
  init?(path: String) {
    switch path {
    case "/dev/stdout": self = .standardOutput
    case "/dev/stderr": self = .standardError
    default:
      let folders = ["/dev/fd/", "/proc/self/fd/"]
      guard let folder = folders.first(where: path.hasPrefix), let number = Int32(path.dropFirst(folder.count)),
        number >= 0
      else { return nil }
      self.number = number
    }
  }

  /// Why nothing can be written, if that can be told before.
  var objection: WriteError? {
    let flags = fcntl(number, F_GETFL)
    if flags < 0 { return WriteError(code: errno) }
    return flags & O_ACCMODE == O_RDONLY ? WriteError(code: EBADF) : nil
  }

  /// Writes all of a text.
  ///
  /// The standard library's and Foundation's ways of writing end the process where it fails.
  func write(_ text: String) throws(WriteError) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = unsafe bytes.withUnsafeBytes { unsafe Foundation.write(number, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      if written < 0 { throw WriteError(code: errno) }
      bytes = bytes.dropFirst(written)
    }
  }

  /// Closes the file, which may tell that what was written has not arrived.
  func close() throws(WriteError) {
    if Foundation.close(number) != 0 { throw WriteError(code: errno) }
  }

  /// Makes a broken pipe an error that is seen, and keeps the numbers of the standard streams from other files.
  ///
  /// The first file that is opened while the standard output is closed would otherwise be the standard output.
  static func prepareProcess() {
    _ = signal(SIGPIPE, SIG_IGN)
    for (number, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(number, F_GETFD) < 0 {
      // The lowest number that is free is the one that is opened. Nothing can be written to what is open for reading.
      _ = unsafe open("/dev/null", mode)
    }
  }
}

/// Why something could not be written.
struct WriteError: Error, Equatable, CustomStringConvertible {
  /// The number that the system has given.
  let code: Int32

  var description: String { unsafe String(cString: strerror(code)) }
}

/// Results that could not be written to standard output.
struct UnwritableOutput: ToolError {
  /// Why.
  let reason: WriteError

  var description: String { "cannot write to standard output: \(reason)" }
  var exitCode: Int32 { isBrokenPipe ? ExitCode.brokenPipe : ExitCode.output }
  /// Whether the reader has gone away, which it may.
  var isBrokenPipe: Bool { reason.code == EPIPE }
}
