// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// A close waits for fences as a revoke does.
@Suite("A close against a fence that is signalled meanwhile (D5)")
struct FenceCloseRaceTests {
  @Test("the close waits for fences of every usage", arguments: FenceUsage.allCases)
  func waitsForEveryUsage(usage: FenceUsage) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["signalled before the close began"], name: "\(usage)",
      FenceCloseRaceTests.race(PostedV1(), usage))
    #expect(report.verdict == .exhaustive(executions: 2))
  }

  @Test("a close that waits for the other usages only is caught")
  func waitsForReaders() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FenceCloseRaceTests.race(WaitsForReaders(), .bookkeep))
    }
    #expect(failure.finding.kind == .check)
    #expect(failure.finding.summary.contains("closed before"))
  }

  static func race(_ revision: any VfioDmaBufDriver, _ usage: FenceUsage) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let fence = try await lending.dmabuf.addFence(usage)
      kernel.thread("signaller") { try await fence.signal() }
      kernel.thread("close") {
        kernel.sometimes("signalled before the close began", try await fence.checkSignalled())
        try await lending.driver.close(lending.deviceFd)
        try kernel.check(try await fence.checkSignalled(), "closed before the fence was signalled")
      }
      try await kernel.join()
    }
  }
}
