// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

/// Hazard S8: the last reference goes while a walk over the device's buffers is under way.
@Suite("The last put against move and cleanup (S8)")
struct LastPutRaceTests {
  @Test("each buffer is released once, whoever comes last", arguments: Walk.allCases, [false, true])
  func postedCodeHolds(walk: Walk, isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["the walk passed over a dying buffer", "the walk held the last reference"],
      name: "\(walk)-\(isReversed)", LastPutRaceTests.race(walk, PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 16))
  }

  @Test("a walk that takes references without a look is caught")
  func resurrection() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, LastPutRaceTests.race(.reset, Resurrects()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("get_file"))
  }

  @Test("a walk whose put releases on the spot is caught")
  func synchronousRelease() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, LastPutRaceTests.race(.reset, ReleasesOnTheSpot()))
    }
    #expect(failure.finding.kind == .recursiveLock)
    #expect(failure.finding.summary.contains("memory_lock"))
  }

  @Test("a cleanup that leaves vdev set is caught")
  func doubleUnlink() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, LastPutRaceTests.race(.close, KeepsDevice()))
    }
    #expect(failure.finding.summary.contains("list_del") || failure.finding.kind == .useAfterFree)
  }

  /// What walks over the buffers.
  enum Walk: CaseIterable, Sendable {
    case reset
    case close
  }

  static func race(_ walk: Walk, _ revision: any VfioDmaBufDriver, isReversed: Bool = false) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let second = try await lending.driver.exportDmaBuf(lending.deviceFd, bar: 2, offset: Page.size).get()
      kernel.start(
        reversed: isReversed,
        {
          kernel.thread("close fd") {
            try await lending.driver.close(lending.dmabufFd)
            let isFreed = try await kernel.isFreed(lending.dmabuf.core.allocation.object)
            kernel.sometimes("the walk held the last reference", !isFreed)
          }
        },
        {
          kernel.thread("walk") {
            switch walk {
            case .reset: try await lending.driver.reset(lending.deviceFd)
            case .close: try await lending.driver.close(lending.deviceFd)
            }
          }
        })
      try await kernel.join()
      try kernel.check(try await kernel.isFreed(lending.dmabuf.core.allocation.object), "the buffer was not released")
      let references = try await lending.device.registration.read()
      let expected: Int32 = walk == .reset ? 3 : 1
      try kernel.check(references == expected, "the registration is at \(references)")
      try await lending.driver.close(second)
    }
  }
}
