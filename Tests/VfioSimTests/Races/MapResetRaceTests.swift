// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// An importer that maps while a reset revokes the buffer and arms it again.
@Suite("A map against a reset that arms the buffer again")
struct MapResetRaceTests {
  @Test("a map comes before the reset, is refused, or comes behind it", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["mapped and told", "refused", "mapped afterwards"], name: "\(isReversed)",
      MapResetRaceTests.race(PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 24))
  }

  @Test("OK that is published before the count is armed is caught, wherever the completion is armed", arguments: 0..<3)
  func publishesBeforeCount(order: Int) async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, name: "\(order)", MapResetRaceTests.race(Self.early[order]))
    }
    // The importer takes a reference on a count that the drain has brought to zero.
    #expect(failure.finding.kind == .refcount)
    #expect(failure.finding.thread == "importer")
    #expect(failure.finding.summary.contains("addition on 0; use-after-free (priv->kref was 0)"))
  }

  private static let early: [any VfioDmaBufDriver] = [
    PublishesFirst(), PublishesAndArmsCountLast(), PublishesBeforeCount(),
  ]

  /// The completion is taken back by the wait, so that arming it changes nothing; and with the count armed no unmap of
  /// an importer is the last one while `memory_lock` is held.
  @Test("OK that is published between the count and the completion does no harm")
  func publishesBeforeCompletion() async throws {
    let report = try await explore(
      .exhaustive, seeing: ["mapped and told", "refused", "mapped afterwards"],
      MapResetRaceTests.race(PublishesBeforeCompletion()))
    #expect(report.verdict == .exhaustive(executions: 24))
  }

  static func race(_ revision: any VfioDmaBufDriver, isReversed: Bool = false) -> Scenario {
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
