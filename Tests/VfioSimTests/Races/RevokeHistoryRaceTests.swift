// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S4: revoke, memory off and close after one another, with an importer that maps and unmaps meanwhile.
@Suite("Histories of revokes against an importer (S4)")
struct RevokeHistoryRaceTests {
  @Test("every history ends, with each count where it belongs", arguments: History.allCases)
  func postedCodeHolds(history: History) throws {
    let seen = history == .revokeBornRevoked ? ["refused"] : ["mapped", "refused"]
    let report = try explore(
      .exhaustive, seeing: seen, name: "\(history)", RevokeHistoryRaceTests.race(history, PostedV1()))
    #expect(report.verdict == .exhaustive(history.executions))
  }

  @Test("a cleanup that drains a drained buffer is caught", arguments: [History.offThenClose, .revokeThenClose])
  func cleanupDrainsTwice(history: History) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, name: "\(history)", RevokeHistoryRaceTests.race(history, DrainsTwiceInCleanup()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("underflow"))
  }

  @Test("a revoke that drains a drained buffer is caught")
  func revokeDrainsTwice() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, RevokeHistoryRaceTests.race(.offThenRevoke, DrainsTwiceInRevoke()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("underflow"))
  }

  @Test("neither is noticed where the buffer was exported with memory off, because its count is still one")
  func bornRevokedHidesIt() throws {
    try explore(
      .exhaustive, seeing: ["refused"], RevokeHistoryRaceTests.race(.revokeBornRevoked, DrainsTwiceInRevoke()))
  }

  @Test("after the warning the second drain waits for ever, with memory_lock held")
  func underflowHangs() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
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

  static func race(_ history: History, _ revision: any DmaBufRevision) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision, memoryOn: history != .revokeBornRevoked)
      let importing = history == .revokeBornRevoked ? nil : try await Import.attach(lending.dmabuf)
      kernel.thread("driver") {
        let (driver, device, dmabuf) = (lending.driver, lending.deviceFd, lending.dmabufFd)
        if [.offThenClose, .offThenRevoke, .offRevokeOn].contains(history) {
          try await driver.writeCommand(device, [])
        }
        if [.revokeThenClose, .offThenRevoke, .revokeBornRevoked, .offRevokeOn].contains(history) {
          let errno = try await driver.revokeDmaBuf(device, dmabuf)
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

/// Puts the count and waits whatever the buffer has been through, as before patch 1/9.
private struct DrainsTwiceInCleanup: DmaBufRevision {
  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
    try await vdev.memoryLock.downWrite()
    for buffer in try await vdev.dmabufs.all() where try await buffer.dmabuf.getActive() {
      try await buffer.dmabuf.reservation.lock()
      try await vdev.dmabufs.remove(buffer)
      try await buffer.vdev.clear()
      try await buffer.status.store(.permanentlyRevoked)
      try await buffer.dmabuf.invalidateMappings()
      try await buffer.dmabuf.reservation.wait(.bookkeep)
      try await buffer.dmabuf.reservation.unlock()
      if try await buffer.kref.put() { try await buffer.comp.complete() }
      try await buffer.comp.wait()
      try await buffer.dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.dmabuf.size)
      try await vdev.putRegistration()
      try await buffer.dmabuf.put()
    }
    try await vdev.memoryLock.upWrite()
  }
}

/// Drains again when a temporary revoke becomes a permanent one, as the second draft did.
private struct DrainsTwiceInRevoke: DmaBufRevision {
  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    if status == .permanentlyRevoked || (status == .ok) != revoked && !permanently { return }
    let dmabuf = buffer.dmabuf
    try await dmabuf.reservation.lock()
    if revoked { try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked) }
    try await dmabuf.invalidateMappings()
    try await dmabuf.reservation.wait(.bookkeep)
    try await dmabuf.reservation.unlock()
    if revoked {
      if try await buffer.kref.put() { try await buffer.comp.complete() }
      try await buffer.comp.wait()
      try await dmabuf.mapping.unmapMappingRange(start: 0, length: dmabuf.size)
    } else {
      try await buffer.kref.reset()
      try await buffer.comp.reset()
      try await dmabuf.reservation.lock()
      try await buffer.status.store(.ok)
      try await dmabuf.reservation.unlock()
    }
  }
}
