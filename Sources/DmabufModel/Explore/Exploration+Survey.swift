// SPDX-License-Identifier: GPL-2.0-only

/// Runs a scenario under all schedules of a strategy and counts what goes wrong, instead of stopping at the first.
///
/// An execution ends where something is found. Deadlocks and leaks are found at the end anyway, so that counting them
/// is exact under an exhaustive strategy; behind a check that fails half-way there may be more than is counted.
///
/// - Parameters:
///   - strategy: Who decides at each step.
///   - limits: When to stop.
///   - options: What the report is to contain.
///   - jobs: On how many machines side by side; `DMABUF_JOBS` or one if it is not said.
///   - scenario: Sets up, starts threads, joins them and checks. Runs once for each schedule, on fresh objects.
/// - Returns: What was done, and each finding with the number of executions that have it.
/// - Throws: ``ScenarioError`` for a mistake in the use of this package; ``SearchStopped`` when an exhaustive strategy comes
///   to a limit.
public func survey(
  _ strategy: some Strategy, limits: Limits = Limits(), reporting options: ReportOptions = ReportOptions(),
  jobs: Int? = nil, _ scenario: @escaping Scenario
) throws -> Survey {
  try Search(name: .survey, limits: limits, options: options, jobs: jobs).survey(strategy, scenario)
}
