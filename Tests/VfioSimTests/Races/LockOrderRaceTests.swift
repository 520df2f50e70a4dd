// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S3: a fault and a reset need the same two locks.
@Suite("A fault against a reset: the order of two locks (S3)")
struct LockOrderRaceTests {
  @Test("never deadlocks, and the buffer is usable after the reset", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["mapped", "refused during the reset"], name: "\(isReversed)",
      LockOrderRaceTests.race(PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 11))
  }

  @Test("a fault that keeps the reservation lock while it takes memory_lock is caught")
  func nestedLocks() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, LockOrderRaceTests.race(NestedLocks()))
    }
    #expect(failure.finding.kind == .lockOrder)
    let report = failure.description
    #expect(report.contains("reservation_ww_class_mutex -> vdev->memory_lock"))
    #expect(report.contains("vdev->memory_lock -> reservation_ww_class_mutex"))
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
            kernel.sometimes("mapped", access == .value(0))
            kernel.sometimes("refused during the reset", access == .sigbus)
          }
        },
        {
          kernel.thread("reset") {
            let errno = try await lending.driver.reset(lending.deviceFd)
            try kernel.check(errno == nil, "the reset failed with \(String(describing: errno))")
          }
        })
      try await kernel.join()
      let touch = try await lending.driver.load(address)
      try kernel.check(touch == .value(0), "the buffer cannot be touched after the reset: \(touch)")
    }
  }
}
