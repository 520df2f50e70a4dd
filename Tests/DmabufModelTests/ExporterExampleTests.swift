// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

// begin example
/// An exporter with a lock of its own, under which it decides whether its buffers may be used.
final class CameraExporter: DmaBufOperations {
  let lock: SleepingMutex
  let isOff: Shared<Bool>

  init(_ kernel: Kernel) {
    lock = SleepingMutex(kernel, "camera->lock")
    isOff = Shared(kernel, "camera->off", false)
  }

  /// The one line: while no thread holds the lock, a buffer of a camera that is off has no mapping and no page table entry.
  var rule: RevokeRule { RevokeRule(lock, after: "power-off") { [isOff] look in look.load(isOff) } }

  func export(_ kernel: Kernel) -> DmaBuf { DmaBuf(kernel, self, size: Page.size, revokedWhen: [rule]) }

  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await lock.lock()
    let isOff = try await isOff.load()
    try await lock.unlock()
    let range = PhysicalRange(address: 0x8000_0000, length: Page.size)
    return isOff ? .failure(.noSuchDevice) : .success(ScatterTable(attachment.dmabuf.kernel, [range]))
  }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {
    try await table.free(attachment.dmabuf.kernel)
  }

  func release(_ dmabuf: DmaBuf) async throws(KernelFault) {}
}
// end example

@Suite("An exporter of one's own")
struct ExporterExampleTests {
  /// The camera gives its lock back between its look and the mapping, as if the answer stayed true.
  @Test("has its rule looked at without a call, whichever thread is declared first", arguments: [false, true])
  func looksTooEarly(powersOffFirst: Bool) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, name: "\(powersOffFirst)") { kernel in
        let camera = CameraExporter(kernel)
        let dmabuf = camera.export(kernel)
        let display = PeerDevice(kernel, .unmapsLater, name: "display")
        let attachment = try await dmabuf.attach(display).get()
        if powersOffFirst { kernel.thread("power") { try await Self.powerOff(camera) } }
        kernel.thread("import") {
          _ = try await display.map(attachment)
          try await display.unmap(attachment)
        }
        if !powersOffFirst { kernel.thread("power") { try await Self.powerOff(camera) } }
        try await kernel.join()
        try await dmabuf.detach(attachment)
        try await dmabuf.put()
      }
    }
    #expect(failure.finding.kind == .outlivesRevoke)
    #expect(failure.finding.summary.contains("display"))
    #expect(failure.finding.summary.contains("after power-off"))
  }

  @Test("its code is that of the README")
  func readme() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let test = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let code = try #require(test.components(separatedBy: "// begin example\n").dropFirst().first)
      .components(separatedBy: "// end example")[0]
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(code)```"))
  }

  private static func powerOff(_ camera: CameraExporter) async throws {
    try await camera.lock.lock()
    try await camera.isOff.store(true)
    try await camera.lock.unlock()
  }
}

@Suite("A lock's invariant")
struct LockInvariantTests {
  static func users(_ usersFirst: Bool, keepsOrder: Bool) -> Scenario {
    { kernel in
      let lock = ReadWriteSemaphore(kernel, "lock")
      let isOff = Shared(kernel, "off", false)
      let users = Shared(kernel, "users", 0)
      lock.invariant("a device that is off has no users") { look in
        let count = look.load(users)
        return look.load(isOff) && count > 0 ? "\(count) users" : nil
      }
      @Sendable func use() async throws(KernelFault) {
        if try await isOff.load() { return }
        if keepsOrder { try await lock.downWrite() }
        let mayUse = try await !isOff.load()
        if mayUse || !keepsOrder { try await users.store(1) }
        if keepsOrder { try await lock.upWrite() }
      }
      @Sendable func turnOff() async throws(KernelFault) {
        try await lock.downWrite()
        if try await users.load() == 0 { try await isOff.store(true) }
        try await lock.upWrite()
      }
      if usersFirst { kernel.thread("user") { try await use() } }
      kernel.thread("off") { try await turnOff() }
      if !usersFirst { kernel.thread("user") { try await use() } }
      try await kernel.join()
    }
  }

  @Test("is looked at in the step that gives the lock back", arguments: [false, true])
  func broken(usersFirst: Bool) throws {
    for strategy in [ExhaustiveStrategy() as any Strategy, StateCachingStrategy()] {
      let found = #expect(throws: ScheduleFailure.self) {
        try search(strategy, Self.users(usersFirst, keepsOrder: false))
      }
      #expect(found?.finding.kind == .invariant)
      #expect(found?.finding.summary == "a device that is off has no users: 1 users")
    }
  }

  @Test("holds where the lock is kept to", arguments: [false, true])
  func kept(usersFirst: Bool) throws {
    try explore(.exhaustive, name: "\(usersFirst)", Self.users(usersFirst, keepsOrder: true))
    try explore(.stateCaching, name: "\(usersFirst)", Self.users(usersFirst, keepsOrder: true))
  }

  @Test("cannot be stated behind the backs of other threads")
  func tooLate() throws {
    let error = #expect(throws: ScenarioError.self) {
      try explore(.serial) { kernel in
        let lock = SleepingMutex(kernel, "lock")
        kernel.thread("t") { lock.invariant("late") { _ in nil } }
        try await kernel.join()
      }
    }
    #expect(error == .tooLate("invariant 'late'", lock: "lock"))
  }

  private func search(_ strategy: some Strategy, _ scenario: @escaping Scenario) throws {
    try explore(strategy, name: "\(type(of: strategy))", scenario)
  }
}
