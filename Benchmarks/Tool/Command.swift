// SPDX-License-Identifier: GPL-2.0-only

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

/// The names that replay strings begin with, and the sizes that go with them.
enum ToolName {
  /// The executable's.
  static let tool = "Benchmarks"
  /// The command that measures.
  static let measure = "measure"
  /// The number of schedules of a default run.
  static let defaultSchedules = 100_000
}
