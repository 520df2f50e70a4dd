// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S9: two permanent revokes, resets, and somebody who touches the buffer.
@Suite("A permanent revoke against a storm of resets (S9)")
struct ResetStormRaceTests {
  /// Four threads that take `memory_lock` again and again have too many classes of interleavings for a proof.
  @Test("sampled: one revoke wins, and nothing brings the buffer back")
  func postedCodeHolds() throws {
    try explore(
      .random(seed: 9, schedules: 2_000),
      seeing: ["revoke won", "revoke2 won", "touched", "touch refused"], ResetStormRaceTests.race(PostedV1()))
  }

  @Test("a reset that may undo a permanent revoke is caught")
  func resurrects() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, ResetStormRaceTests.race(ForgetsPermanent()))
    }
    #expect(failure.finding.kind == .check)
    #expect(failure.finding.summary.contains("after its REVOKE"))
  }

  @Test("a revoke ioctl that only reads under memory_lock is caught")
  func readLock() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, ResetStormRaceTests.race(RevokesAsReader()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary.contains("vdev->memory_lock for writing"))
  }

  @Test("without that assertion it is caught where the status is written")
  func readLockWithoutAssertion() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, ResetStormRaceTests.race(RevokesAsReaderUnasserted(), resets: 0))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.description.contains("PERM_REVOKED") || failure.finding.summary.contains("memory_lock"))
  }

  static func race(_ revision: any DmaBufRevision, resets: Int = 2) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let address = try await lending.map()
      let answers = Shared(kernel, "answers", [Errno?]())
      for name in ["revoke", "revoke2"] {
        kernel.thread(name) {
          let errno = try await lending.driver.revokeDmaBuf(lending.deviceFd, lending.dmabufFd)
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

/// Lets the end of a reset make every buffer usable.
private struct ForgetsPermanent: DmaBufRevision {
  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    if status == .ok && !revoked || status != .ok && revoked && !permanently { return }
    try await drain(buffer, revoked, permanently, wasRevoked: status != .ok)
  }
}

/// Takes `memory_lock` as a reader, as the drafts before the first posting did.
private struct RevokesAsReader: DmaBufRevision {
  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: Process
  ) async throws(KernelFault) -> Errno? {
    try await revokeAsReader(vdev, descriptor, process)
  }
}

private struct RevokesAsReaderUnasserted: DmaBufRevision {
  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: Process
  ) async throws(KernelFault) -> Errno? {
    try await revokeAsReader(vdev, descriptor, process)
  }

  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    if status == .permanentlyRevoked || status == .ok && !revoked { return }
    if status == .temporarilyRevoked && revoked && !permanently { return }
    try await drain(buffer, revoked, permanently, wasRevoked: status != .ok)
  }
}

extension DmaBufRevision {
  fileprivate func revokeAsReader(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, _ process: Process
  ) async throws(KernelFault) -> Errno? {
    guard let dmabuf = try? await process.files.dmaBuf(descriptor).get() else { return .badFileDescriptor }
    guard let buffer = VfioPciDmaBuf(dmabuf) else { return .noSuchDevice }
    var errno: Errno?
    try await vdev.memoryLock.downRead()
    if try await buffer.status.load() == .permanentlyRevoked {
      errno = .badFileDescriptorState
    } else {
      try await revoke(buffer, revoked: true, permanently: true)
    }
    try await vdev.memoryLock.upRead()
    try await dmabuf.put()
    return errno
  }

  fileprivate func drain(
    _ buffer: VfioPciDmaBuf, _ revoked: Bool, _ permanently: Bool, wasRevoked: Bool
  ) async throws(KernelFault) {
    let dmabuf = buffer.dmabuf
    try await dmabuf.reservation.lock()
    if revoked { try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked) }
    if wasRevoked && revoked {
      try await dmabuf.reservation.unlock()
      return
    }
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
