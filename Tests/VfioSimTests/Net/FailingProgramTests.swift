// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// Broken drivers that were proved right once, and right programs that were refused.
///
/// Each is searched with each thread declared first: that must not matter.
@Suite("Programs that once came out wrong")
struct FailingProgramTests {
  enum Engine: CaseIterable { case exhaustive, twoPreemptions, states, random }

  /// Has a program searched by an engine; what was found, if anything was.
  static func finding(_ engine: Engine, _ name: String, _ scenario: @escaping Scenario) throws -> Finding? {
    func run(_ strategy: some Strategy) throws -> Finding? {
      do {
        try explore(strategy, name: name, function: "", scenario)
        return nil
      } catch let failure as ScheduleFailure { return failure.finding }
    }
    return switch engine {
    case .exhaustive: try run(.exhaustive)
    case .twoPreemptions: try run(.exhaustive(preemptions: 2))
    case .states: try run(.stateCaching)
    case .random: try run(.random(seed: 1, schedules: 2_000))
    }
  }

  @Test("a revoke that waits for fences and not for the importer (D6)", arguments: Engine.allCases, [false, true])
  func fencesOnly(engine: Engine, revokeFirst: Bool) throws {
    let found = try Self.finding(engine, "fences only") { kernel in
      let lending = try await Lending.start(kernel, FencesOnly())
      let dmabuf = try await lending.driver.importDmaBuf(lending.dmabufFd).get()
      let peer = PeerDevice(kernel, .unmapsLater)
      let attachment = try await dmabuf.attach(peer).get()
      let fence = try await dmabuf.addFence()
      _ = try await peer.map(attachment)
      @Sendable func revoke() {
        kernel.thread("revoke") { try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd) }
      }
      if revokeFirst { revoke() }
      kernel.thread("importer") {
        try await fence.signal()
        try await peer.unmap(attachment)
      }
      if !revokeFirst { revoke() }
      try await kernel.join()
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
    }
    #expect(found?.kind == .outlivesRevoke)
  }

  @Test("a revoke without unmap_mapping_range against a user who unmaps", arguments: Engine.allCases, [false, true])
  func noZap(engine: Engine, userFirst: Bool) throws {
    let found = try Self.finding(engine, "no zap") { kernel in
      let lending = try await Lending.start(kernel, NoZap())
      let address = try await lending.map()
      @Sendable func user() {
        kernel.thread("user") {
          _ = try await lending.driver.load(address)
          _ = try await lending.driver.munmap(address, length: Page.size)
        }
      }
      if userFirst { user() }
      kernel.thread("revoke") { try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd) }
      if !userFirst { user() }
      try await kernel.join()
    }
    #expect(found?.kind == .outlivesRevoke)
  }

  @Test("a driver whose ioctl calls its own revoke is watched all the same", arguments: Engine.allCases, [false, true])
  func ownIoctl(engine: Engine, faultFirst: Bool) throws {
    let found = try Self.finding(engine, "own ioctl") { kernel in
      let lending = try await Lending.start(kernel, OwnIoctl())
      let address = try await lending.map()
      if faultFirst { kernel.thread("fault") { _ = try await lending.driver.load(address) } }
      kernel.thread("revoke") { try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd) }
      if !faultFirst { kernel.thread("fault") { _ = try await lending.driver.load(address) } }
      try await kernel.join()
    }
    #expect(found?.description.hasPrefix("alive after revoke: fault maps") == true, "\(found as Any)")
  }

  /// Task work is last in, first out: the highest descriptor of a process that exits is released first.
  @Test("a client that is killed while a revoke waits for its importer", arguments: [false, true], [false, true])
  func killedClient(bufferIsHigher: Bool, clientFirst: Bool) throws {
    let found = try Self.finding(.exhaustive, "killed client") { kernel in
      let lending = try await Lending.start(kernel)
      let (driver, deviceFd) = (lending.driver, lending.deviceFd)
      let secondFd = try await driver.exportDmaBuf(deviceFd, bar: 2, offset: Page.size).get()
      let second = try await driver.importDmaBuf(secondFd).get()
      try await driver.close(secondFd)
      let importer = try await ImporterFile.make(lending.dmabuf)
      let client = UserProcess(kernel, "client")
      if bufferIsHigher {
        _ = try await client.install(importer).get()
        _ = try await client.install(second).get()
      } else {
        _ = try await client.install(second).get()
        _ = try await client.install(importer).get()
      }
      if clientFirst { kernel.thread("client") { try await client.exit() } }
      kernel.thread("revoke") { try await driver.revokeDmaBuf(lending.dmabufFd, on: deviceFd) }
      if !clientFirst { kernel.thread("client") { try await client.exit() } }
      try await kernel.join()
    }
    #expect(found?.kind == (bufferIsHigher ? .deadlock : nil), "\(found as Any)")
  }

  @Test("the process may be made before the device that it opens", arguments: [false, true])
  func processFirst(processFirst: Bool) throws {
    try explore(.serial, name: "\(processFirst)") { kernel in
      if processFirst {
        let process = UserProcess(kernel, "driver")
        _ = try await process.open(VfioPciDevice(kernel)).get()
      } else {
        let device = VfioPciDevice(kernel)
        _ = try await UserProcess(kernel, "driver").open(device).get()
      }
    }
  }

  @Test("a map of a detached attachment is a use after free")
  func mapAfterDetach() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let lending = try await Lending.start(kernel)
        let attachment = try await lending.dmabuf.attach(PeerDevice(kernel)).get()
        try await lending.dmabuf.detach(attachment)
        try await lending.dmabuf.reservation.lock()
        let table = try await lending.dmabuf.mapAttachment(attachment).get()
        try await lending.dmabuf.unmapAttachment(attachment, table)
        try await lending.dmabuf.reservation.unlock()
      }
    }
    #expect(failure?.finding.kind == .useAfterFree)
  }

  @Test("an importer that unmaps once too often does not hide another one's mapping")
  func unmapsOnceTooOften() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let lending = try await Lending.start(kernel)
        let (first, second) = (PeerDevice(kernel, .unmapsLater), PeerDevice(kernel, .unmapsLater))
        let attachment = try await lending.dmabuf.attach(first).get()
        let other = try await lending.dmabuf.attach(second).get()
        _ = try await second.map(other)
        try await lending.dmabuf.reservation.lock()
        let table = try await lending.dmabuf.mapAttachment(attachment).get()
        try await lending.dmabuf.unmapAttachment(attachment, table)
        try await lending.dmabuf.unmapAttachment(attachment, ScatterTable(kernel, table.ranges))
        try await lending.dmabuf.reservation.unlock()
        try await lending.driver.revokeDmaBuf(lending.dmabufFd, on: lending.deviceFd)
      }
    }
    #expect(failure?.finding.kind == .outlivesRevoke, "\(failure as Any)")
  }
}

/// Waits for the importer's fence and for nothing else.
private struct FencesOnly: VfioDmaBufDriver {
  func map(_ b: VfioPciDmaBuf, _ a: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    if try await b.status.load() != .ok { return .failure(.noSuchDevice) }
    return .success(ScatterTable(b.kernel, b.ranges))
  }

  func unmap(_ b: VfioPciDmaBuf, _ a: DmaBufAttachment, _ t: ScatterTable) async throws(KernelFault) {
    try await t.free(b.kernel)
  }

  func applyRevoke(_ b: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    try await b.dmabuf.reservation.lock()
    try await b.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked)
    try await b.dmabuf.invalidateMappings()
    try await b.dmabuf.reservation.unlock()
    try await b.dmabuf.reservation.wait(.bookkeep)
  }
}

/// Leaves the page table entries where they are.
private struct NoZap: VfioDmaBufDriver {
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    try await buffer.dmabuf.reservation.lock()
    try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked)
    try await buffer.dmabuf.invalidateMappings()
    try await buffer.dmabuf.reservation.unlock()
    if try await buffer.kref.put() { try await buffer.comp.complete() }
    try await buffer.comp.wait()
  }
}

/// Lacks the second look, and calls its own revoke instead of the device's wrapper, as line 303 of the patch does.
private struct OwnIoctl: VfioDmaBufDriver {
  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    try await WithoutSecondLook().fault(buffer, fault, order: order)
  }

  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    guard case .success(let dmabuf) = try await process.files.dmaBuf(descriptor) else { return .badFileDescriptor }
    guard let buffer = VfioPciDmaBuf(dmabuf) else { return .noSuchDevice }
    try await vdev.memoryLock.downWrite()
    try await applyRevoke(buffer, revoked: true, permanently: true)
    try await vdev.memoryLock.upWrite()
    try await dmabuf.put()
    return nil
  }
}

/// A descriptor of a driver that has imported a buffer: its release gives the mapping up.
private final class ImporterFile: File {
  let core: FileCore
  private let peer: PeerDevice
  private let attachment: DmaBufAttachment

  private init(_ kernel: Kernel, _ peer: PeerDevice, _ attachment: DmaBufAttachment) {
    core = FileCore(kernel)
    self.peer = peer
    self.attachment = attachment
  }

  static func make(_ dmabuf: DmaBuf) async throws -> ImporterFile {
    try await dmabuf.get()
    let peer = PeerDevice(dmabuf.kernel, .unmapsLater)
    let attachment = try await dmabuf.attach(peer).get()
    _ = try await peer.map(attachment)
    return ImporterFile(dmabuf.kernel, peer, attachment)
  }

  func release() async throws(KernelFault) {
    let dmabuf = attachment.dmabuf
    try await peer.unmap(attachment)
    try await dmabuf.detach(attachment)
    try await dmabuf.put()
  }
}
