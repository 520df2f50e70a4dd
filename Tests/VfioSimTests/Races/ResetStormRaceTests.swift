// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S9: two permanent revokes, resets, and somebody who touches the buffer.
@Suite("A permanent revoke against a storm of resets (S9)")
struct ResetStormRaceTests {
  /// Four threads that take `memory_lock` again and again have too many classes of interleavings for a proof.
  @Test("sampled: one revoke wins, and nothing brings the buffer back")
  func postedCodeHolds() async throws {
    try await explore(
      .random(seed: 9, schedules: 2_000),
      seeing: ["revoke won", "revoke2 won", "touched", "touch refused"], ResetStormRaceTests.race(PostedV1()))
  }

  @Test("a reset that may undo a permanent revoke is caught")
  func resurrects() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, ResetStormRaceTests.race(ForgetsPermanent()))
    }
    #expect(failure.finding.kind == .check)
    #expect(failure.finding.summary.contains("after its REVOKE"))
  }

  @Test("a revoke ioctl that only reads under memory_lock is caught")
  func readLock() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, ResetStormRaceTests.race(RevokesAsReader()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary.contains("vdev->memory_lock for writing"))
  }

  @Test("without that assertion it is caught where the status is written")
  func readLockWithoutAssertion() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, ResetStormRaceTests.race(RevokesAsReaderUnasserted(), resets: 0))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.description.contains("PERM_REVOKED") || failure.finding.summary.contains("memory_lock"))
  }

  static func race(_ revision: any VfioDmaBufDriver, resets: Int = 2) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let address = try await lending.map()
      let answers = Shared(kernel, "answers", [Errno?]())
      for name in ["revoke", "revoke2"] {
        kernel.thread(name) {
          let errno = try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
          if errno == nil {
            if name == "revoke" { kernel.sometimes("revoke won") } else { kernel.sometimes("revoke2 won") }
            let touch = try await lending.driver.load(address)
            try kernel.check(touch == .sigbus, "the buffer can be touched after its REVOKE: \(touch)")
          }
          try await answers.store(try await answers.load() + [errno])
        }
      }
      kernel.thread("reset") { for _ in 0..<resets { try await lending.driver.reset(lending.deviceFd) } }
      kernel.thread("touch") {
        let access = try await lending.driver.load(address)
        kernel.sometimes("touched", access == .value(0))
        kernel.sometimes("touch refused", access == .sigbus)
      }
      try await kernel.join()
      let status = try await lending.buffer.status.load()
      try kernel.check(status == .permanentlyRevoked, "after its REVOKE the buffer is \(status)")
    }
  }
}
