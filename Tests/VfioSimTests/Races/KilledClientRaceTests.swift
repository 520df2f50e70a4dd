// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Hazard F5: a client is killed while a revoke waits for an importer of which the client has the only descriptor.
///
/// A task that exits closes its descriptors from the lowest one on, and each last reference adds a piece of task work.
/// Task work runs the newest piece first, so the file with the highest descriptor is released first. The release of a
/// buffer takes `memory_lock`, which the revoke holds.
@Suite("A killed client against a revoke that waits for its importer (F5)")
struct KilledClientRaceTests {
  @Test("with the buffer behind the importer both are stuck for ever")
  func bufferBehindImporter() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, KilledClientRaceTests.race(importerFirst: true))
    }
    #expect(failure.finding.kind == .deadlock)
    let details = failure.finding.details
    #expect(details.contains { $0.hasPrefix("client waits in down_write(vdev->memory_lock), held by revoke") })
    #expect(
      details.contains {
        $0.hasPrefix("revoke waits in wait_for_completion(priv->comp") && $0.contains("holds vdev->memory_lock")
      })
  }

  @Test("with the buffer before the importer both get away", arguments: [false, true])
  func bufferBeforeImporter(isReversed: Bool) async throws {
    let report = try await explore(
      .exhaustive, seeing: ["the revoke waited", "the client was faster"], name: "\(isReversed)",
      KilledClientRaceTests.race(importerFirst: false, isReversed: isReversed))
    #expect(report.verdict == .exhaustive(executions: 15))
  }

  /// Two buffers of one device: the client imports the first one and has the last descriptor of the second one.
  static func race(importerFirst: Bool, isReversed: Bool = false) -> Scenario {
    { kernel in
      let lending = try await Lending.start(kernel)
      let second = try await lending.driver.exportDmaBuf(lending.deviceFd, bar: 2, offset: Page.size).get()
      let client = UserProcess(kernel, "client")
      let importer = ImporterFile(try await Import.attach(lending.dmabuf, .unmapsLater))
      let other = try await lending.driver.importDmaBuf(second).get()
      for file in importerFirst ? [importer, other] as [any File] : [other, importer] {
        _ = try await client.install(file).get()
      }
      try await lending.driver.close(second)
      let errno = try await importer.importing.map()
      try kernel.check(errno == nil, "map answers \(String(describing: errno))")
      kernel.start(
        reversed: isReversed,
        { kernel.thread("client") { try await client.exit() } },
        {
          kernel.thread("revoke") {
            let errno = try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
            try kernel.check(errno == nil, "REVOKE failed with \(String(describing: errno))")
          }
        })
      try await kernel.join()
      try kernel.check(try await kernel.isFreed(other.core.allocation.object), "the second buffer was not released")
    }
  }
}

/// A file behind which an importer stands: with its last reference the mapping goes.
private final class ImporterFile: File {
  let core: FileCore
  let importing: Import

  init(_ importing: Import) {
    core = FileCore(importing.dmabuf.kernel)
    self.importing = importing
  }

  func release() async throws(KernelFault) {
    let (dmabuf, kernel) = (importing.dmabuf, importing.dmabuf.kernel)
    let told = try await importing.peer.state.invalidationCount()
    kernel.sometimes("the revoke waited", told == 1)
    kernel.sometimes("the client was faster", told == 0)
    try await importing.peer.unmap(importing.attachment)
    try await dmabuf.detach(importing.attachment)
    try await dmabuf.put()
  }
}
