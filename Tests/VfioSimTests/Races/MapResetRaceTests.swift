// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// An importer that maps while a reset revokes the buffer and arms it again.
@Suite("A map against a reset that arms the buffer again")
struct MapResetRaceTests {
  @Test("a map comes before the reset, is refused, or comes behind it", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) throws {
    let report = try explore(
      .exhaustive, seeing: ["mapped and told", "refused", "mapped afterwards"], name: "\(isReversed)",
      MapResetRaceTests.race(PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(24))
  }

  @Test("OK that is published before the count is armed is caught, wherever the completion is armed", arguments: early)
  func publishesBeforeCount(order: ArmingOrder) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, name: "\(order)", MapResetRaceTests.race(Arms(order)))
    }
    // The importer takes a reference on a count that the drain has brought to zero.
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.thread == "importer")
    #expect(failure.finding.summary.contains("addition on 0; use-after-free (priv->kref was 0)"))
  }

  private static let early: [ArmingOrder] = [.publishCountCompletion, .publishCompletionCount, .completionPublishCount]

  /// The completion is taken back by the wait, so that arming it changes nothing; and with the count armed no unmap of
  /// an importer is the last one while `memory_lock` is held.
  @Test("OK that is published between the count and the completion does no harm")
  func publishesBeforeCompletion() throws {
    let report = try explore(
      .exhaustive, seeing: ["mapped and told", "refused", "mapped afterwards"],
      MapResetRaceTests.race(Arms(.countPublishCompletion)))
    #expect(report.verdict == .exhaustive(24))
  }

  static func race(_ revision: any DmaBufRevision, isReversed: Bool = false) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let importing = try await Import.attach(lending.dmabuf)
      kernel.start(
        reversed: isReversed,
        {
          kernel.thread("importer") {
            let errno = try await importing.map()
            try kernel.check(errno == nil || errno == .noSuchDevice, "map answers \(String(describing: errno))")
            kernel.sometimes("refused", errno == .noSuchDevice)
            let told = try await importing.peer.state.invalidationCount()
            try await importing.unmap()
            kernel.sometimes("mapped and told", errno == nil && told == 1)
            kernel.sometimes("mapped afterwards", errno == nil && told == 2)
          }
        },
        { kernel.thread("reset") { try await lending.driver.reset(lending.deviceFd) } })
      try await kernel.join()
      let (status, count) = (try await lending.buffer.status.load(), try await lending.buffer.kref.read())
      try kernel.check(status == .ok && count == 1, "after the reset the buffer is \(status), its count \(count)")
      try await importing.end()
    }
  }
}

/// In which order the end of a temporary revoke arms a buffer and publishes that it may be used.
enum ArmingOrder: Sendable {
  case publishCountCompletion
  case publishCompletionCount
  case completionPublishCount
  case countPublishCompletion
}

/// Ends a temporary revoke in another order.
private struct Arms: DmaBufRevision {
  let order: ArmingOrder

  init(_ order: ArmingOrder) { self.order = order }

  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    if revoked || status != .temporarilyRevoked {
      return try await PostedV1().revoke(buffer, revoked: revoked, permanently: permanently)
    }
    try await buffer.dmabuf.reservation.lock()
    try await buffer.dmabuf.invalidateMappings()
    try await buffer.dmabuf.reservation.wait(.bookkeep)
    try await buffer.dmabuf.reservation.unlock()
    switch order {
    case .publishCountCompletion:
      try await publish(buffer)
      try await buffer.kref.reset()
      try await buffer.comp.reset()
    case .publishCompletionCount:
      try await publish(buffer)
      try await buffer.comp.reset()
      try await buffer.kref.reset()
    case .completionPublishCount:
      try await buffer.comp.reset()
      try await publish(buffer)
      try await buffer.kref.reset()
    case .countPublishCompletion:
      try await buffer.kref.reset()
      try await publish(buffer)
      try await buffer.comp.reset()
    }
  }

  private func publish(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    try await buffer.dmabuf.reservation.lock()
    try await buffer.status.store(.ok)
    try await buffer.dmabuf.reservation.unlock()
  }
}
