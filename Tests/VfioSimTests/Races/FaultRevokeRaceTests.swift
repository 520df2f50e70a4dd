// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S1: a fault stops in the gap between its two looks, a revoke runs, the fault goes on.
@Suite("A fault in its gap against a permanent revoke (S1)")
struct FaultRevokeRaceTests {
  @Test("no page is mapped once the revoke has returned", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["the fault came first", "the revoke came first", "fault: revoked in the gap"],
      name: "\(isReversed)", FaultRevokeRaceTests.race(PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 5))
  }

  @Test("a fault that does not look again under memory_lock is caught")
  func withoutSecondLook() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FaultRevokeRaceTests.race(WithoutSecondLook()))
    }
    #expect(failure.finding.kind == .outlivesRevoke)
    #expect(failure.finding.thread == "fault")
    #expect(failure.description.contains("vmf_insert_pfn"))
    #expect(failure.description.contains("PERM_REVOKED"))
  }

  static func race(_ revision: any VfioDmaBufDriver, isReversed: Bool = false) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let address = try await lending.map()
      kernel.start(
        reversed: isReversed,
        {
          kernel.thread("fault") {
            let access = try await lending.driver.load(address)
            kernel.sometimes("the fault came first", access == .value(0))
            kernel.sometimes("the revoke came first", access == .sigbus)
          }
        },
        {
          kernel.thread("revoke") {
            let errno = try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
            try kernel.check(errno == nil, "REVOKE failed with \(String(describing: errno))")
          }
        })
      try await kernel.join()
      let touch = try await lending.driver.load(address)
      try kernel.check(touch == .sigbus, "the buffer can be touched after REVOKE: \(touch)")
      let again = try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
      try kernel.check(again == .badFileDescriptorState, "a second REVOKE answers \(String(describing: again))")
      let references = try await lending.device.registration.read()
      try kernel.check(references == 3, "the fault kept a registration: \(references)")
    }
  }
}
