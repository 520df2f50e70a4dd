// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

/// The failure that a search finds, under a fixed name.
func failure(
  seed: UInt64 = 1, reporting options: ReportOptions = ReportOptions(), name: String = "",
  _ scenario: @escaping Scenario
) throws -> ScheduleFailure {
  // Whatever terminal the tests are run at.
  var fixed = options.with(columns: options.columns ?? 120)
  // What is shown here is small after few executions; where it is not, how long the search for less goes on is no
  // matter.
  fixed.shrinkingExecutions = min(2_000, options.shrinkingExecutions)
  return try #require(throws: ScheduleFailure.self) {
    try explore(
      .random(seed: seed, schedules: 5_000), reporting: fixed, name: name, function: "race()",
      file: "Tests/Races.swift",
      line: 1, scenario)
  }
}

/// A report without the line numbers of the scenarios, which change with every edit.
func withoutLines(_ report: String) -> String {
  report.replacing(/(DmabufModelTests\/)?([A-Za-z]+(?:\.swift)?):[0-9]+/) { String($0.2) }
}

extension ReportOptions {
  /// These options with another width.
  func with(columns: Int) -> ReportOptions {
    var options = self
    options.columns = columns
    return options
  }

  /// Options that differ from the defaults in one thing.
  static func with(_ change: (inout ReportOptions) -> Void) -> ReportOptions {
    var options = ReportOptions()
    change(&options)
    return options
  }
}
