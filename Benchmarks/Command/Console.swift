// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// Where the tool writes.
struct Console {
  /// Takes results.
  var out: (String) -> Void
  /// Takes messages and progress.
  var err: (String) -> Void
  /// Whether somebody sees the messages while they come.
  var isTerminal: Bool

  /// Standard output and standard error.
  static var standard: Console {
    Console(
      out: { FileHandle.standardOutput.write(Data($0.utf8)) }, err: { FileHandle.standardError.write(Data($0.utf8)) },
      isTerminal: isatty(STDERR_FILENO) == 1)
  }
}
