// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard S2: a fault stops in its gap, the last device file is closed, the driver is unbound.
@Suite("A fault in its gap against close and unbind (S2)")
struct FaultCloseUnbindRaceTests {
  @Test("the device stays until the fault has given its registration back", arguments: [false, true])
  func postedCodeHolds(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["the fault came first", "the close came first", "fault: revoked in the gap"],
      name: "\(isReversed)", FaultCloseUnbindRaceTests.race(PostedV1(), isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 36))
  }

  @Test("a fault that takes no registration is caught")
  func withoutRegistration() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FaultCloseUnbindRaceTests.race(WithoutRegistration()))
    }
    // In one order the unbind frees the lock that the fault holds, or the fault takes one that has been freed.
    #expect([.heldLockFreed, .useAfterFree].contains(failure.finding.kind))
    #expect(failure.finding.summary.contains("struct vfio_pci_core_device"))
    #expect(failure.description.contains("vdev->memory_lock"))
  }

  @Test("a fault that gives the reservation lock back before it has its registration is caught")
  func registersTooLate() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, FaultCloseUnbindRaceTests.race(RegistersTooLate()))
    }
    #expect(failure.finding.kind == .useAfterFree)
    #expect(failure.finding.summary.contains("struct vfio_pci_core_device"))
    #expect(failure.finding.thread == "fault")
  }

  /// The catalogue of hazards expects a use after free here.
  ///
  /// It does not come: a usable status under the reservation lock means that cleanup has not had that lock yet, and the
  /// file that is being closed gives its own registration back only after cleanup.
  @Test("a cleanup that puts the buffer's registration early does no harm, because the closing file has one of its own")
  func earlyPut() async throws {
    let report = try await explore(
      .exhaustive, seeing: ["the fault came first", "the close came first"], FaultCloseUnbindRaceTests.race(EarlyPut()))
    #expect(report.verdict == .exhaustive(executions: 51))
  }

  static func race(_ revision: any VfioDmaBufDriver, isReversed: Bool = false) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel, revision)
      let (client, descriptor) = try await lending.client()
      let address = try await client.mmap(descriptor, length: Page.size).get()
      kernel.start(
        reversed: isReversed,
        {
          kernel.thread("fault") {
            let access = try await client.load(address)
            kernel.sometimes("the fault came first", access == .value(0))
            kernel.sometimes("the close came first", access == .sigbus)
          }
        },
        { kernel.thread("close") { try await lending.driver.close(lending.deviceFd) } },
        { kernel.thread("unbind") { try await lending.device.unregister() } })
      try await kernel.join()
      let touch = try await client.load(address)
      try kernel.check(touch == .sigbus, "the buffer of a closed device can be touched: \(touch)")
    }
  }
}
