// SPDX-License-Identifier: GPL-2.0-only

/// How much a search does for its report.
///
/// None of it changes what the search finds; all but ``coversPairs`` costs nothing until something was found.
public struct ReportOptions: Sendable {
  /// The number of executions that may go into making a failing schedule smaller; zero leaves it as it was found, and
  /// looks for no pair of steps that decides.
  public var shrinkingExecutions = 20_000
  /// The number of steps that these executions may take in all, so that long ones do not take for ever.
  public var shrinkingSteps = 4_000_000
  /// A command that takes a schedule as its last argument and replays it, for a search that an executable runs.
  public var replayCommand: String?
  /// Whether to count which pairs of dependent steps were seen in both orders; makes every execution slower.
  public var coversPairs = false
  /// A folder for the pictures of a failure, made where it is not there; `DMABUF_TRACE_DIR` gives one where this does
  /// not.
  public var traceDirectory: String?
  /// Whether a search that passes writes one of its executions down, as ``ExplorationReport/trace``: the first one.
  public var tracing: Bool
  /// Whether tables have a row for every step, and nothing is folded; `DMABUF_FULL_TRACE` asks for it, too.
  public var showsEveryStep = false
  /// The number of characters in a line of a table, at least 80; where it is not said, as `COLUMNS` or the terminal
  /// has, else 120.
  public var columns: Int?
  /// A command that goes on with a search from its checkpoint, for a search that an executable runs.
  public var resumeCommand: String?
  /// Whether a search shows how far it is: by a line on a terminal, in a pipe by one every ten seconds, after the first
  /// five.
  public var showsProgress = true

  /// The defaults.
  ///
  /// - Parameter tracing: Whether a search that passes writes one of its executions down.
  public init(tracing: Bool = false) { self.tracing = tracing }

  /// The options with what the environment says.
  ///
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for a folder that cannot be had, before the work.
  func overridden(by environment: Environment) throws(ScenarioError) -> ReportOptions {
    if let traceDirectory { try Environment.make(traceDirectory, named: "reporting.traceDirectory") }
    var options = self
    if environment.showsEveryStep { options.showsEveryStep = true }
    return options
  }

  /// The width of tables, wherever it comes from.
  var width: Int { columns.map { max(80, $0) } ?? ReportWidth.current() }

  /// The folder for pictures, wherever it was named.
  var traceFolder: String? { traceDirectory ?? Environment.traceDirectory }
}
