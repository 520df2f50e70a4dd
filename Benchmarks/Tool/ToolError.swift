// SPDX-License-Identifier: GPL-2.0-only

/// An error that knows the exit code it leads to; its description is the message.
protocol ToolError: Error, CustomStringConvertible {
  /// The exit code.
  var exitCode: Int32 { get }
}

/// The exit codes, those above 1 with the numbers of `sysexits.h`.
enum ExitCode {
  /// All went well.
  static let success: Int32 = 0
  /// A schedule has shown a defect.
  static let failure: Int32 = 1
  /// A flag or a value is wrong.
  ///
  /// The corresponding C constant is `EX_USAGE`.
  static let usage: Int32 = 64
  /// A dump, a checkpoint or a shard cannot be used.
  ///
  /// The corresponding C constant is `EX_DATAERR`.
  static let badData: Int32 = 65
  /// A file cannot be read.
  ///
  /// The corresponding C constant is `EX_NOINPUT`.
  static let noInput: Int32 = 66
  /// A program that is needed is not there.
  ///
  /// The corresponding C constant is `EX_UNAVAILABLE`.
  static let unavailable: Int32 = 69
  /// The simulator is at fault.
  ///
  /// The corresponding C constant is `EX_SOFTWARE`.
  static let software: Int32 = 70
  /// A file cannot be written.
  ///
  /// The corresponding C constant is `EX_CANTCREAT`.
  static let cannotCreate: Int32 = 73
  /// Standard output cannot be written.
  ///
  /// The corresponding C constant is `EX_IOERR`.
  static let output: Int32 = 74
  /// The reader of standard output has gone away: the number by which a shell tells of `SIGPIPE`.
  static let brokenPipe: Int32 = 141
}
