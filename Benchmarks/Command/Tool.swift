// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// The executable: finds the command, runs it, and says by its exit code how that went.
enum Tool {
  /// Its name, which replay strings begin with.
  static let name = ToolName.tool
  /// The commands; the first one runs when no name is given.
  static let commands = [
    CommandEntry(MeasureCommand.self), CommandEntry(ExploreCommand.self), CommandEntry(TimedCommand.self),
    CommandEntry(MergeCommand.self),
  ]

  /// Runs the tool.
  ///
  /// - Parameters:
  ///   - arguments: The words behind the name of the executable.
  ///   - console: Where it writes.
  ///   - environment: The value of a variable by which a batch scheduler says what this process is to do.
  /// - Returns: The exit code.
  static func run(_ arguments: [String], _ console: Console, environment: (String) -> String?) -> Int32 {
    var command = commands[0]
    do {
      var words = arguments[...]
      if let word = words.first, !word.hasPrefix("-") {
        guard let named = commands.first(where: { $0.name == word }) else {
          throw UsageError.unknownCommand(word, expected: commands.map(\.name))
        }
        command = named
        words.removeFirst()
      }
      if words.contains("--help") || words.contains("-h") {
        try console.out(command.help)
        return ExitCode.success
      }
      try command.run(Array(words), console, environment)
      return ExitCode.success
    } catch let error as UsageError {
      console.err("Benchmarks: \(error)\n\(command.usage)\n")
      return ExitCode.usage
    } catch let error as UnwritableOutput where error.isBrokenPipe {
      return error.exitCode
    } catch let error as any ToolError {
      console.err("Benchmarks: \(error)\n")
      return error.exitCode
    } catch let error as ReplayDivergence {
      console.err("Benchmarks: \(error)\n")
      return ExitCode.failure
    } catch let error as ScenarioError {
      console.err("Benchmarks: \(error)\n")
      return error.isOfTheCommandLine ? ExitCode.usage : ExitCode.software
    } catch {
      console.err("Benchmarks: \(error)\n")
      return ExitCode.software
    }
  }
}

/// A line of the tool's list of commands.
struct CommandEntry: Sendable {
  /// The word that selects it.
  let name: String
  /// One line that names its flags.
  let usage: String
  /// Everything that it has to say about itself.
  let help: String
  /// Reads its flags and runs it.
  let run: @Sendable (_ arguments: [String], _ console: Console, _ environment: (String) -> String?) throws -> Void

  /// Enters a command.
  init<Kind: Command>(_ kind: Kind.Type) {
    name = Kind.name
    usage = Kind.usage
    help = Kind.help
    run = { arguments, console, environment in
      let command = try Kind(arguments, environment)
      try command.run(console)
    }
  }
}

extension ScenarioError {
  /// Whether it is about what the user has typed, and not about what is run.
  fileprivate var isOfTheCommandLine: Bool {
    switch self {
    case .badSchedule, .badOption: true
    default: false
    }
  }
}
