// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// The status of a buffer is written with `memory_lock` held for writing and the reservation lock.
@Suite("A status that is written with one lock missing")
struct StatusLockRaceTests {
  @Test("without memory_lock it is caught where it is written")
  func withoutMemoryLock() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FaultRevokeRaceTests.race(WritesWithoutMemoryLock()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary == "revoke must hold vdev->memory_lock for writing here")
  }

  /// No interleaving comes out wrong by itself: the drain has the reservation lock afterwards, in every order.
  @Test("without the reservation lock it is caught where it is written, although nothing else comes of it")
  func withoutReservation() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FaultRevokeRaceTests.race(WritesWithoutReservation()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary == "revoke must hold dmabuf->resv here")
  }
}
