// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// Where the tool writes.
struct Console {
  /// Takes results; throws ``UnwritableOutput``.
  var out: (String) throws -> Void
  /// Takes messages and progress; those that cannot be written are lost.
  var err: (String) -> Void
  /// Whether the messages are seen while they come.
  var isTerminal: Bool

  /// Standard output and standard error.
  static var standard: Console {
    Console(
      out: { text in
        do throws(WriteError) { try Descriptor.standardOutput.write(text) } catch {
          throw UnwritableOutput(reason: error)
        }
      },
      err: { try? Descriptor.standardError.write($0) },
      isTerminal: isatty(STDERR_FILENO) == 1)
  }
}
