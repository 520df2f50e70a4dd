// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// The two exhaustive engines on the races of the driver: they must come to the same conclusion.
struct StateCachingRaceTests {
  @Test func agreesOnTheFaultAgainstARevoke() throws {
    try compare(FaultRevokeRaceTests.race(PostedV1()))
    try compare(FaultRevokeRaceTests.race(WithoutSecondLook()))
  }

  @Test func agreesOnAnImporterAgainstARevoke() throws {
    try compare(ImporterRevokeRaceTests.race(PostedV1(), .unmapsAtOnce))
  }

  @Test func agreesOnAFaultAgainstTheEnd() throws { try compare(FaultCloseUnbindRaceTests.race(PostedV1())) }

  private func compare(_ scenario: @escaping Scenario) throws {
    let reduced = try survey(.exhaustive, scenario)
    let cached = try survey(.stateCaching, scenario)
    func summaries(_ survey: Survey) -> Set<String> { Set(survey.findings.map { $0.finding.description }) }
    #expect(summaries(reduced) == summaries(cached))
    #expect(reduced.report.conditions.map { $0.executions > 0 } == cached.report.conditions.map { $0.executions > 0 })
  }
}
