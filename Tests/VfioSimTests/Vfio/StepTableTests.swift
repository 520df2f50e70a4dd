// SPDX-License-Identifier: GPL-2.0-only

import Testing
import VfioSim

@testable import DmabufModel

/// What each step of the driver and of the machine below it declares, as a table that is compared line by line.
///
/// A search believes what steps declare, so an access that is declared too small hides interleavings without a word.
@Suite("Each step of the driver")
struct StepTableTests {
  @Test("declares the accesses that are in the table")
  func declaresWhatIsInTheTable() throws {
    let found = try declared(StepTableTests.everyPath)
    let expected = Set(StepTable.lines.split(separator: "\n").map(String.init))
    for line in found.subtracting(expected).sorted() { Issue.record("not in the table: \(line)") }
    for line in expected.subtracting(found).sorted() { Issue.record("not declared: \(line)") }
  }

  /// The steps of an execution that were taken while there were other threads, each kind once.
  private func declared(_ scenario: @escaping Scenario) throws -> Set<String> {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let recorder = Recorder()
    let outcome = kernel.execute(scenario, under: SerialStrategy(), recording: recorder)
    #expect(outcome.finding == nil, "\(String(describing: outcome.finding))")
    if let misuse = outcome.misuse { throw misuse }
    func name(_ object: ObjectID) -> String { "\(kernel.objectNames[object.index])" }
    return Set(
      recorder.steps.filter(\.isVisible).map { step in
        let further = Set(step.further.map { "\($0.access) \(name($0.object))" }).sorted()
        return "\(StepText.of(step.label, name(step.object))): \(step.access)" + further.map { ", \($0)" }.joined()
      })
  }

  /// A thread that goes all ways through the driver, one after the other.
  @Sendable static func everyPath(_ kernel: Kernel) async throws {
    kernel.thread("all") {
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let dmabuf = try await rig.buffer(fd).dmabuf
      let mapped = try await rig.map(fd).get()
      try await touch(rig, mapped)
      try await lend(rig, fd, dmabuf)
      try await fences(kernel, dmabuf.reservation)
      try await gates(rig, mapped)
      try await wait(kernel)
      try await files(rig, fd)
      _ = try await rig.revoke(fd)
      _ = try await rig.driver.load(mapped)
      _ = try await rig.driver.munmap(mapped, length: Page.size)
      let barArea = try await rig.mapBar().get()
      _ = try await rig.driver.load(barArea)
      _ = try await rig.driver.open(rig.device)
      _ = try await rig.driver.munmap(barArea, length: Page.size)
      try await rig.driver.close(rig.fd)
      try await rig.driver.exit()
      try await rig.device.unregister()
    }
    try await kernel.join()
  }

  private static func touch(_ rig: Rig, _ mapped: UInt64) async throws {
    _ = try await rig.driver.load(mapped)
    _ = try await rig.driver.load(mapped)
    _ = try await rig.driver.store(mapped, 1)
    _ = try await rig.driver.memory.copyFromUser(mapped)
    _ = try await rig.driver.memory.copyToUser(mapped, 2)
    _ = try await rig.device.readBar(rig.bar, at: 0)
    _ = try await rig.device.writeBar(rig.bar, at: 0, 3)
    let child = try await rig.driver.memory.fork()
    _ = try await child.load(mapped)
    try await child.exit()
  }

  private static func lend(_ rig: Rig, _ fd: FileDescriptor, _ dmabuf: DmaBuf) async throws {
    let importing = try await rig.attach(fd)
    _ = try await importing.map()
    _ = try await dmabuf.mappingCount()
    _ = try await importing.unmap()
    _ = try await importing.map()
    _ = try await importing.peer.state.invalidationCount()
    try await rig.driver.reset(rig.fd)
    try await importing.end()
  }

  private static func fences(_ kernel: Kernel, _ reservation: Reservation) async throws {
    let fence = Fence(kernel, "fence", context: 1)
    let second = Fence(kernel, "fence", context: 2, sequence: 2)
    if try await reservation.tryLock() {
      _ = try await reservation.reserveFences(2)
      try await reservation.add(fence, usage: .kernel)
      try await reservation.add(Fence(kernel, "fence", context: 2), usage: .kernel)
      try await reservation.add(second, usage: .kernel)
      try await reservation.unlock()
    }
    _ = try await reservation.testSignalled(.kernel)
    try await fence.setError(.ioError)
    _ = try await fence.status()
    try await fence.signal()
    try await fence.wait()
    try await second.signal()
    let late = Fence(kernel, "fence", context: 2, sequence: 3)
    try await late.signal()
    try await reservation.lock()
    try await reservation.add(late, usage: .kernel)
    try await reservation.unlock()
    try await reservation.wait(.bookkeep)
  }

  private static func gates(_ rig: Rig, _ mapped: UInt64) async throws {
    try await rig.driver.writeCommand(rig.fd, [])
    try await rig.driver.writeCommand(rig.fd, .memory)
    try await rig.driver.writePowerState(rig.fd, .d3hot)
    try await rig.driver.writePowerState(rig.fd, .d0)
    _ = try await rig.driver.load(mapped)
  }

  private static func wait(_ kernel: Kernel) async throws {
    let queue = WaitQueue(kernel)
    let entry = WaitQueueEntry(kernel)
    try await queue.prepareToWait(entry)
    _ = try await queue.isActive()
    try await queue.wakeUpAll()
    try await entry.schedule()
    try await queue.finishWait(entry)
  }

  private static func files(_ rig: Rig, _ fd: FileDescriptor) async throws {
    let copy = try await rig.driver.dup(fd).get()
    let dmabuf = try await rig.driver.importDmaBuf(copy).get()
    _ = try await dmabuf.core.references.read()
    _ = try await dmabuf.getActive()
    try await dmabuf.put()
    try await dmabuf.put()
    try await rig.driver.close(copy)
    let other = try await rig.export(1).get()
    try await rig.driver.close(other)
  }
}
