// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// The two exhaustive engines on the races of the driver: they must come to the same conclusion.
struct StateCachingRaceTests {
  @Test func agreesOnTheFaultAgainstARevoke() async throws {
    try await compare(FaultRevokeRaceTests.race(PostedV1()))
    try await compare(FaultRevokeRaceTests.race(WithoutSecondLook()))
  }

  @Test func agreesOnAnImporterAgainstARevoke() async throws {
    try await compare(ImporterRevokeRaceTests.race(PostedV1(), .unmapsAtOnce))
  }

  @Test func agreesOnAFaultAgainstTheEnd() async throws {
    try await compare(FaultCloseUnbindRaceTests.race(PostedV1()))
  }

  private func compare(_ scenario: @escaping Scenario) async throws {
    let reduced = try await survey(.exhaustive, scenario)
    let cached = try await survey(.stateCaching, scenario)
    func summaries(_ survey: Survey) -> Set<String> { Set(survey.findings.map { $0.finding.description }) }
    #expect(summaries(reduced) == summaries(cached))
    #expect(reduced.report.conditions.map { $0.executions > 0 } == cached.report.conditions.map { $0.executions > 0 })
  }
}
