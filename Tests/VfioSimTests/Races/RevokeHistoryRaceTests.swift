// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S4: revoke, memory off and close after one another, with an importer that maps and unmaps meanwhile.
@Suite("Histories of revokes against an importer (S4)")
struct RevokeHistoryRaceTests {
  @Test("every history ends, with each count where it belongs", arguments: History.allCases)
  func postedCodeHolds(history: History) async throws {
    let seen = history == .revokeBornRevoked ? ["refused"] : ["mapped", "refused"]
    let report = try await explore(
      .exhaustive, seeing: seen, name: "\(history)", RevokeHistoryRaceTests.race(history, PostedV1()))
    #expect(report.verdict == .exhaustive(executions: history.executions))
  }

  @Test("a cleanup that drains a drained buffer is caught", arguments: [History.offThenClose, .revokeThenClose])
  func cleanupDrainsTwice(history: History) async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, name: "\(history)", RevokeHistoryRaceTests.race(history, DrainsTwiceInCleanup()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("underflow"))
  }

  @Test("a revoke that drains a drained buffer is caught")
  func revokeDrainsTwice() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, RevokeHistoryRaceTests.race(.offThenRevoke, DrainsTwiceInRevoke()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("underflow"))
  }

  @Test("neither is noticed where the buffer was exported with memory off, because its count is still one")
  func bornRevokedHidesIt() async throws {
    try await explore(
      .exhaustive, seeing: ["refused"], RevokeHistoryRaceTests.race(.revokeBornRevoked, DrainsTwiceInRevoke()))
  }

  @Test("after the warning the second drain waits for ever, with memory_lock held")
  func underflowHangs() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.serial) { kernel in
        kernel.expectWarning("underflow")
        try await RevokeHistoryRaceTests.race(.offThenClose, DrainsTwiceInCleanup())(kernel)
      }
    }
    #expect(failure.finding.kind == .deadlock)
    #expect(failure.finding.details.contains { $0.contains("wait_for_completion") && $0.contains("memory_lock") })
  }

  /// What happens to the buffer, one thing after the other.
  enum History: CaseIterable, Sendable {
    case offThenClose
    case revokeThenClose
    case offThenRevoke
    case revokeBornRevoked
    case offRevokeOn

    /// The number of executions that prove the posted code.
    var executions: Int {
      switch self {
      case .offThenClose, .revokeThenClose: 6
      case .offThenRevoke, .offRevokeOn: 10
      case .revokeBornRevoked: 3
      }
    }
  }

  static func race(_ history: History, _ revision: any VfioDmaBufDriver) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision, memoryOn: history != .revokeBornRevoked)
      let importing = history == .revokeBornRevoked ? nil : try await Import.attach(lending.dmabuf)
      kernel.thread("driver") {
        let (driver, device, dmabuf) = (lending.driver, lending.deviceFd, lending.dmabufFd)
        if [.offThenClose, .offThenRevoke, .offRevokeOn].contains(history) {
          try await driver.writeCommand(device, [])
        }
        if [.revokeThenClose, .offThenRevoke, .revokeBornRevoked, .offRevokeOn].contains(history) {
          let errno = try await driver.revokeDmaBuf(dmabuf, on: device)
          try kernel.check(errno == nil, "REVOKE failed with \(String(describing: errno))")
        }
        if history == .offRevokeOn { try await driver.writeCommand(device, .memory) }
        try await driver.close(device)
      }
      kernel.thread("importer") {
        guard let importing else {
          let refused = try await lending.dmabuf.attach(PeerDevice(kernel)).failure
          kernel.sometimes("refused", refused == .noSuchDevice)
          return
        }
        let errno = try await importing.map()
        kernel.sometimes("mapped", errno == nil)
        kernel.sometimes("refused", errno == .noSuchDevice)
        try await importing.unmap()
      }
      try await kernel.join()
      let status = try await lending.buffer.status.load()
      try kernel.check(status == .permanentlyRevoked, "the buffer of a closed device is \(status)")
      let references = try await lending.device.registration.read()
      try kernel.check(references == 1, "the registration is at \(references)")
      if let importing { try await importing.end() }
    }
  }
}
