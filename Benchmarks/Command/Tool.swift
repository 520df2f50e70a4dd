// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// The executable: finds the command, runs it, and says by its exit code how that went.
enum Tool {
  /// Its name, which replay strings begin with.
  static let name = "Benchmarks"
  /// The commands; the first one runs when no name is given.
  static let commands = [
    CommandEntry(MeasureCommand.self), CommandEntry(ExploreCommand.self), CommandEntry(MergeCommand.self),
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

/// One of the tool's commands.
protocol Command: SendableMetatype {
  /// The word that selects it.
  static var name: String { get }
  /// One line that names its flags.
  static var usage: String { get }
  /// Everything that it has to say about itself.
  static var help: String { get }

  /// Reads its flags, and what the environment says where they do not.
  init(_ arguments: [String], _ environment: (String) -> String?) throws(UsageError)

  /// Does what it is for.
  func run(_ console: Console) throws
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
