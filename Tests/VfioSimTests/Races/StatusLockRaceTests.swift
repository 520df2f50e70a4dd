// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// The status of a buffer is written with `memory_lock` held for writing and the reservation lock.
@Suite("A status that is written with one lock missing")
struct StatusLockRaceTests {
  @Test("without memory_lock it is caught where it is written")
  func withoutMemoryLock() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, FaultRevokeRaceTests.race(WritesWithoutMemoryLock()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary == "revoke must hold vdev->memory_lock for writing here")
  }

  /// No interleaving comes out wrong by itself: the drain has the reservation lock afterwards, in every order.
  @Test("without the reservation lock it is caught where it is written, although nothing else comes of it")
  func withoutReservation() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, FaultRevokeRaceTests.race(WritesWithoutReservation()))
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary == "revoke must hold dmabuf->resv here")
  }
}

/// Forbids new pages before it takes `memory_lock`.
private struct WritesWithoutMemoryLock: DmaBufRevision {
  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: Process
  ) async throws(KernelFault) -> Errno? {
    guard let dmabuf = try? await process.files.dmaBuf(descriptor).get() else { return .badFileDescriptor }
    guard let buffer = VfioPciDmaBuf(dmabuf) else { return .noSuchDevice }
    try await dmabuf.reservation.lock()
    let status = try await buffer.status.load()
    try await buffer.status.store(.permanentlyRevoked)
    try await dmabuf.reservation.unlock()
    if status == .ok {
      try await vdev.memoryLock.downWrite()
      try await drain(buffer)
      try await vdev.memoryLock.upWrite()
    }
    try await dmabuf.put()
    return status == .ok ? nil : .badFileDescriptorState
  }
}

/// Writes first and takes the reservation lock then.
private struct WritesWithoutReservation: DmaBufRevision {
  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    guard revoked && permanently, try await buffer.status.load() == .ok else {
      return try await PostedV1().revoke(buffer, revoked: revoked, permanently: permanently)
    }
    try await buffer.status.store(.permanentlyRevoked)
    try await drain(buffer)
  }
}

extension DmaBufRevision {
  /// What a revoke does when it has written the status.
  fileprivate func drain(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    try await buffer.dmabuf.reservation.lock()
    try await buffer.dmabuf.invalidateMappings()
    try await buffer.dmabuf.reservation.wait(.bookkeep)
    try await buffer.dmabuf.reservation.unlock()
    if try await buffer.kref.put() { try await buffer.comp.complete() }
    try await buffer.comp.wait()
    try await buffer.dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.dmabuf.size)
  }
}
