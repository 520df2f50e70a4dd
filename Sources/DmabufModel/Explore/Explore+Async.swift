// SPDX-License-Identifier: GPL-2.0-only

// A call with `await` means these functions; one in a function or closure that is not asynchronous means the others.

/// Runs a scenario under many schedules and throws the first failure, while the calling task is suspended.
///
/// For asynchronous tests. It is the same search with the same verdict, counts and report as without `await`, on a thread
/// of its own and not on one of the task pool, which others can use meanwhile. As many such searches run at once as there
/// are processors; the others are suspended until it is their turn, first come first served.
///
/// ```swift
/// @Test func twoGets() async throws {
///   try await explore { kernel in
///     let references = Kref(kernel)
///     kernel.thread("a") { try await references.get() }
///     kernel.thread("b") { try await references.get() }
///     try await kernel.join()
///   }
/// }
/// ```
///
/// When the task is cancelled, the search ends before its next execution, as at ``SearchInterruption/request()``: an
/// exhaustive one throws ``SearchStopped``, a sample returns what it has, and the verdict is ``Verdict/interrupted(executions:)``.
/// A failure that it has found is still made smaller and thrown. A search that waits keeps its turn, and then ends.
///
/// - Parameters:
///   - strategy: Who decides at each step; it goes to another thread, so that the caller cannot use it any more.
///   - limits: When to stop. Time begins with the turn of the search.
///   - conditions: Names of conditions that must have been seen.
///   - options: What the report is to contain.
///   - jobs: On how many machines side by side. A search has one turn, however many it has.
///   - checkpoint: A folder where a long search writes down how far it is.
///   - name: What tells this search from others of the same function.
///   - function: The function by which the search is found again.
///   - file: The file of that function.
///   - line: Where the search is called.
///   - scenario: Sets up, starts threads, joins them and checks.
/// - Returns: What was done and seen.
/// - Throws: What the function of this name without `await` throws.
/// - Context: A task outside of the machine. A scenario must not call it.
@discardableResult
public func explore(
  _ strategy: sending some Strategy = ExhaustiveStrategy.exhaustive, limits: Limits = Limits(),
  seeing conditions: [String] = [],
  reporting options: ReportOptions = ReportOptions(), jobs: Int? = nil, checkpoint: String? = nil, name: String = "",
  function: String = #function, file: String = #fileID, line: UInt = #line, _ scenario: @escaping Scenario
) async throws -> ExplorationReport {
  let search = Search(
    name: SearchName(file: file, line: line, function: function, name: name), limits: limits, options: options,
    jobs: jobs, conditions: conditions, checkpoint: checkpoint)
  return try await SearchDesk().run { try search.explore(strategy, scenario, $0) }
}

/// Runs a scenario under the one schedule that a replay string names, while the calling task is suspended.
///
/// The same as without `await`, on a thread of its own and when it is its turn among all searches that are awaited.
///
/// - Parameters:
///   - text: The schedule's short name, as a report gives it.
///   - limits: When to stop.
///   - options: What the report is to contain.
///   - name: The name of the search.
///   - function: The function by which the search is found again.
///   - file: The file of that function.
///   - line: Where the search is called.
///   - scenario: The scenario of that search.
/// - Returns: A report, when the schedule passes.
/// - Throws: What the function of this name without `await` throws.
/// - Context: A task outside of the machine. A scenario must not call it.
@discardableResult
public func replay(
  _ text: String, limits: Limits = Limits(), reporting options: ReportOptions = ReportOptions(), name: String = "",
  function: String = #function, file: String = #fileID, line: UInt = #line, _ scenario: @escaping Scenario
) async throws -> ExplorationReport {
  let search = Search(
    name: SearchName(file: file, line: line, function: function, name: name), limits: limits, options: options)
  return try await SearchDesk().run { _ in try search.replay(text, scenario) }
}

/// Runs a scenario under all schedules of a strategy and counts what goes wrong, while the calling task is suspended.
///
/// The same as without `await`, on a thread of its own and when it is its turn among all searches that are awaited. When
/// the task is cancelled, it ends before its next execution, with the verdict ``Verdict/interrupted(executions:)``.
///
/// - Parameters:
///   - strategy: Who decides at each step; it goes to another thread, so that the caller cannot use it any more.
///   - limits: When to stop. Time begins with the turn of the search.
///   - options: What the report is to contain.
///   - jobs: On how many machines side by side. A search has one turn, however many it has.
///   - scenario: Sets up, starts threads, joins them and checks.
/// - Returns: What was done, and each finding with the number of executions that have it.
/// - Throws: What the function of this name without `await` throws.
/// - Context: A task outside of the machine. A scenario must not call it.
public func survey(
  _ strategy: sending some Strategy, limits: Limits = Limits(), reporting options: ReportOptions = ReportOptions(),
  jobs: Int? = nil, _ scenario: @escaping Scenario
) async throws -> Survey {
  let search = Search(name: .survey, limits: limits, options: options, jobs: jobs)
  return try await SearchDesk().run { try search.survey(strategy, scenario, $0) }
}
