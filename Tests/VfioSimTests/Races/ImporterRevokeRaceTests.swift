// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S6: an importer attaches and maps while the buffer is revoked.
@Suite("Attach and map against a permanent revoke (S6)")
struct ImporterRevokeRaceTests {
  @Test("an attachment may slip through, a mapping never", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["attach refused", "attached, map refused", "mapped, then revoked"],
      name: "\(isReversed)", ImporterRevokeRaceTests.race(PostedV1(), .unmapsAtOnce, isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 8))
  }

  @Test("a revoke waits for an importer that unmaps later", arguments: [false, true])
  func lateImporter(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["attach refused", "attached, map refused", "mapped, then revoked"],
      name: "\(isReversed)", ImporterRevokeRaceTests.race(PostedV1(), .unmapsLater, isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 8))
  }

  @Test(
    "a map that does not look at the status is caught", arguments: [PeerDevice.UnmapPolicy.unmapsAtOnce, .unmapsLater])
  func mapsBlindly(habit: PeerDevice.UnmapPolicy) async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, name: "\(habit)", ImporterRevokeRaceTests.race(MapsBlindly(), habit))
    }
    // The blind map takes a reference on a count that the revoke has brought to zero; that warning comes first.
    #expect(failure.finding.kind == .refcount || failure.finding.kind == .outlivesRevoke)
    #expect(failure.finding.thread == "importer")
  }

  static func race(
    _ revision: any VfioDmaBufDriver, _ habit: PeerDevice.UnmapPolicy, isReversed: Bool = false
  ) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let dmabuf = try await lending.driver.importDmaBuf(lending.dmabufFd).get()
      kernel.start(
        reversed: isReversed,
        { kernel.thread("importer") { try await attachAndMap(dmabuf, PeerDevice(kernel, habit)) } },
        {
          kernel.thread("revoke") {
            let errno = try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
            try kernel.check(errno == nil, "REVOKE failed with \(String(describing: errno))")
          }
        })
      try await kernel.join()
      let late = try await dmabuf.attach(PeerDevice(kernel)).failure
      try kernel.check(late == .noSuchDevice, "attach after REVOKE answers \(String(describing: late))")
      let count = try await lending.buffer.kref.read()
      try kernel.check(count == 0, "the count of a revoked buffer is \(count)")
      try await dmabuf.put()
      try await kernel.returnToUserMode()
    }
  }

  private static func attachAndMap(_ dmabuf: DmaBuf, _ peer: PeerDevice) async throws {
    let kernel = dmabuf.kernel
    let attachment: DmaBufAttachment
    switch try await dmabuf.attach(peer) {
    case .failure(let errno):
      try kernel.check(errno == .noSuchDevice, "attach answers \(errno)")
      kernel.sometimes("attach refused")
      return
    case .success(let made): attachment = made
    }
    let errno = try await peer.map(attachment)
    try kernel.check(errno == nil || errno == .noSuchDevice, "map answers \(String(describing: errno))")
    kernel.sometimes("attached, map refused", errno == .noSuchDevice)
    try await peer.unmap(attachment)
    let told = try await peer.state.invalidationCount()
    kernel.sometimes("mapped, then revoked", errno == nil && told == 1)
    try await dmabuf.detach(attachment)
  }
}
