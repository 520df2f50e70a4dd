// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

@testable import DmabufBenchmarks

/// A design that is faster is worth something only if it is right, which no timing shows.
@Suite("The designs of the timed benchmark, under every interleaving")
struct TimedDesignTests {
  /// What runs against a fault.
  enum Opponent: CaseIterable { case revoke, reset, close }

  @Test("a fault passes the checks against a revoke, a reset and a close", arguments: TimedDesign.allCases)
  func fault(design: TimedDesign) throws {
    for opponent in Opponent.allCases {
      let report = try explore(.exhaustive, name: "\(design) \(opponent)") { kernel in
        let device = VfioPciDevice(kernel, driver: design.driver)
        let process = UserProcess(kernel, "process")
        let deviceFd = try await process.open(device).get()
        let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: 2).get()
        let address = try await process.mmap(dmabufFd, length: Page.size).get()
        kernel.thread("fault") { _ = try await design.touch(process, address) }
        kernel.thread("other") {
          switch opponent {
          case .revoke: try await process.revokeDmaBuf(dmabufFd, on: deviceFd)
          case .reset: try await process.reset(deviceFd)
          case .close: try await process.close(deviceFd)
          }
        }
        try await kernel.join()
        let access = try await design.touch(process, address)
        try kernel.check((access == .sigbus) == (opponent != .reset), "after a \(opponent): \(access)")
      }
      #expect(report.executions > 1)
    }
  }

  @Test(
    "a fault with one lock touches a device that close and unbind have freed; no other design does",
    arguments: TimedDesign.allCases)
  func unbind(design: TimedDesign) throws {
    func run() throws {
      try explore(.exhaustive, name: "\(design) unbind") { kernel in
        let device = VfioPciDevice(kernel, driver: design.driver)
        let process = UserProcess(kernel, "process")
        let deviceFd = try await process.open(device).get()
        let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: 2).get()
        let address = try await process.mmap(dmabufFd, length: Page.size).get()
        kernel.thread("fault") { _ = try await design.touch(process, address) }
        kernel.thread("close") { try await process.close(deviceFd) }
        kernel.thread("unbind") { try await device.unregister() }
        try await kernel.join()
      }
    }
    // The look at the device and the reference to it are one under the reservation lock.
    if design == .onelock {
      let failure = try #require(throws: ScheduleFailure.self) { try run() }
      #expect(failure.finding.kind == .useAfterFree, "\(failure.finding)")
    } else {
      try run()
    }
  }
}
