// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

/// The failure that a search finds, under a fixed name.
func failure(
  seed: UInt64 = 1, reporting options: ReportOptions = ReportOptions(), name: String = "",
  _ scenario: @escaping Scenario
) throws -> ScheduleFailure {
  try #require(throws: ScheduleFailure.self) {
    try explore(
      .random(seed: seed, schedules: 5_000), reporting: options, name: name, function: "race()",
      file: "Tests/Races.swift",
      line: 1, scenario)
  }
}

/// A report without the line numbers of the scenarios, which change with every edit.
func withoutLines(_ report: String) -> String {
  report.replacing(/(DmabufModelTests\/)?([A-Za-z]+(?:\.swift)?):[0-9]+/) { String($0.2) }
}

extension ReportOptions {
  /// Options that differ from the defaults in one thing.
  static func with(_ change: (inout ReportOptions) -> Void) -> ReportOptions {
    var options = ReportOptions()
    change(&options)
    return options
  }
}
