// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

/// Hazard S8: the last reference goes while a walk over the device's buffers is under way.
@Suite("The last put against move and cleanup (S8)")
struct LastPutRaceTests {
  @Test("each buffer is released once, whoever comes last", arguments: Walk.allCases, [false, true])
  func postedCodeHolds(walk: Walk, isReversed: Bool) throws {
    let report = try explore(
      .exhaustive, seeing: ["the walk passed over a dying buffer", "the walk held the last reference"],
      name: "\(walk)-\(isReversed)", LastPutRaceTests.race(walk, PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(16))
  }

  @Test("a walk that takes references without a look is caught")
  func resurrection() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, LastPutRaceTests.race(.reset, Resurrects()))
    }
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.summary.contains("get_file"))
  }

  @Test("a walk whose put releases on the spot is caught")
  func synchronousRelease() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, LastPutRaceTests.race(.reset, ReleasesOnTheSpot()))
    }
    #expect(failure.finding.kind == .recursiveLock)
    #expect(failure.finding.summary.contains("memory_lock"))
  }

  @Test("a cleanup that leaves vdev set is caught")
  func doubleUnlink() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, LastPutRaceTests.race(.close, KeepsDevice()))
    }
    #expect(failure.finding.summary.contains("list_del") || failure.finding.kind == .useAfterFree)
  }

  /// What walks over the buffers.
  enum Walk: CaseIterable, Sendable {
    case reset
    case close
  }

  static func race(_ walk: Walk, _ revision: any DmaBufRevision, isReversed: Bool = false) -> Scenario {
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

/// Takes a reference on whatever is on the list.
private struct Resurrects: DmaBufRevision {
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    for buffer in try await vdev.dmabufs.all() {
      try await buffer.dmabuf.get()
      try await revoke(buffer, revoked: revoked, permanently: false)
      try await buffer.dmabuf.put()
    }
  }
}

/// Gives references back without putting the release off.
private struct ReleasesOnTheSpot: DmaBufRevision {
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    for buffer in try await vdev.dmabufs.all() where try await buffer.dmabuf.getActive() {
      try await revoke(buffer, revoked: revoked, permanently: false)
      if try await buffer.dmabuf.core.references.put(file: #fileID, line: #line) { try await buffer.dmabuf.finalPut() }
    }
  }
}

/// Takes buffers off the list without saying so in the buffer.
private struct KeepsDevice: DmaBufRevision {
  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
    try await vdev.memoryLock.downWrite()
    for buffer in try await vdev.dmabufs.all() where try await buffer.dmabuf.getActive() {
      try await buffer.dmabuf.reservation.lock()
      try await vdev.dmabufs.remove(buffer)
      let wasRevoked = try await buffer.status.load() != .ok
      try await buffer.status.store(.permanentlyRevoked)
      try await buffer.dmabuf.reservation.unlock()
      if !wasRevoked {
        if try await buffer.kref.put() { try await buffer.comp.complete() }
        try await buffer.comp.wait()
        try await buffer.dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.dmabuf.size)
      }
      try await vdev.putRegistration()
      try await buffer.dmabuf.put()
    }
    try await vdev.memoryLock.upWrite()
  }
}
