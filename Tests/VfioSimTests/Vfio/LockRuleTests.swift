// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

/// The functions of the driver that ask for a lock, each called without it or with it taken in the wrong way.
@Suite("A function of the driver that asks for a lock")
struct LockRuleTests {
  @Test("is not to be called without it", arguments: Rule.all)
  func withoutTheLock(rule: Rule) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial, name: rule.testDescription) { kernel in
        let rig = try await Rig.open(kernel)
        let fd = try await rig.export().get()
        let importing = try await rig.attach(fd)
        let table = ScatterTable(kernel, [])
        try await rule.call(rig, try await rig.buffer(fd), importing.attachment, table)
      }
    }
    #expect(failure.finding.kind == .lockNotHeld)
    #expect(failure.finding.summary == "main must hold \(rule.lock) here")
    // It is said by the function itself, even where it would have had nothing to do.
    #expect(failure.finding.location?.contains(rule.file) == true, "\(failure.finding.location ?? "")")
  }

  struct Rule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let lock: String
    var file = "VfioPciDmabuf"
    let call: @Sendable (Rig, VfioPciDmaBuf, DmaBufAttachment, ScatterTable) async throws -> Void

    static let all = [
      Rule(testDescription: "map", lock: "dmabuf->resv") { rig, buffer, attachment, _ in
        _ = try await rig.device.driver.map(buffer, attachment)
      },
      Rule(testDescription: "unmap", lock: "dmabuf->resv") { rig, buffer, attachment, table in
        try await rig.device.driver.unmap(buffer, attachment, table)
      },
      Rule(testDescription: "revoke", lock: "vdev->memory_lock for writing", file: "VfioPciDmabuf") {
        rig, buffer, _, _ in
        try await rig.device.driver.applyRevoke(buffer, revoked: false, permanently: false)
      },
      Rule(
        testDescription: "revoke, as a reader", lock: "vdev->memory_lock for writing", file: "VfioPciDmabuf"
      ) { rig, buffer, _, _ in
        try await rig.device.memoryLock.downRead()
        try await rig.device.driver.applyRevoke(buffer, revoked: false, permanently: false)
      },
      Rule(testDescription: "move", lock: "vdev->memory_lock for writing", file: "VfioPciDmabuf") {
        rig, buffer, _, _ in
        try await rig.device.dmabufs.remove(buffer)
        try await rig.device.driver.move(rig.device, revoked: false)
      },
      Rule(testDescription: "a page, by nobody", lock: "vdev->memory_lock for reading", file: "VfioPciCore") {
        rig, buffer, _, _ in
        try await insert(rig, buffer)
      },
      Rule(testDescription: "a page, by a writer", lock: "vdev->memory_lock for reading", file: "VfioPciCore") {
        rig, buffer, _, _ in
        try await insert(rig, buffer, asWriter: true)
      },
    ]

    private static func insert(_ rig: Rig, _ buffer: VfioPciDmaBuf, asWriter: Bool = false) async throws {
      let memory = rig.driver.memory
      let address = try await memory.mmap(buffer.dmabuf, length: Page.size).get()
      if asWriter { try await rig.device.memoryLock.downWrite() }
      let area = try await memory.areas.area(at: address).orThrow()
      let fault = PageFault(area: area, address: address, isWrite: false)
      _ = try await rig.device.insertPfn(fault, Pfn(rawValue: 1), .page, buffer.bar)
    }
  }
}
