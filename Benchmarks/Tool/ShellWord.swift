// SPDX-License-Identifier: GPL-2.0-only

/// Command lines for a user to paste into a shell.
enum ShellWord {
  /// The command that runs this tool with some arguments.
  static func command(_ arguments: [String]) -> String {
    (["swift", "run", "-c", "release", "Benchmarks"] + arguments.map(quoted)).joined(separator: " ")
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "-_./=:,".utf8.contains(byte)
    }
    return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}
