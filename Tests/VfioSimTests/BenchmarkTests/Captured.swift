// SPDX-License-Identifier: GPL-2.0-only

import VfioSim

@testable import DmabufBenchmarks

/// What a run of the tool has written, and its exit code.
struct Captured {
  var out = ""
  var err = ""
  var exitCode: Int32 = -1

  /// Runs the tool as if from a command line, in no batch job but the one that is given.
  static func run(
    _ arguments: [String], isTerminal: Bool = false, environment: [String: String] = [:]
  ) -> Captured {
    let written = Written()
    var captured = Captured()
    captured.exitCode = Tool.run(arguments, written.console(isTerminal: isTerminal)) { environment[$0] }
    captured.out = written.out
    captured.err = written.err
    return captured
  }
}

/// Keeps what is written to a console.
final class Written {
  private(set) var out = ""
  private(set) var err = ""

  func console(isTerminal: Bool = false) -> Console {
    Console(out: { self.out += $0 }, err: { self.err += $0 }, isTerminal: isTerminal)
  }
}

extension Setting {
  /// A run on the built-in device that is over at once.
  static func tiny(seed: UInt64 = 1, schedules: Int = 200) throws -> Setting {
    Setting(
      window: try LentWindow(.builtIn), seed: seed, schedules: schedules, progress: ProgressLine(Written().console()))
  }
}
