// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// A count that threads share.
actor Counter: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var value = 0

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("counter")
  }

  func increment() async throws(KernelFault) {
    try await step(.write, "increment")
    value += 1
  }

  func read() async throws(KernelFault) -> Int {
    try await step(.read, "read")
    return value
  }

  func describe(to fingerprint: inout Fingerprint) { fingerprint.add(value) }
}

/// Clears the page table entries before it waits for importers: a slow importer leaves user code no time.
struct ClearsFirst: VfioDmaBufDriver {
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    guard status == .ok && revoked else {
      return try await PostedV1().applyRevoke(buffer, revoked: revoked, permanently: permanently)
    }
    let dmabuf = buffer.dmabuf
    try await dmabuf.reservation.lock()
    try await buffer.status.store(permanently ? .permanentlyRevoked : .temporarilyRevoked)
    try await dmabuf.invalidateMappings()
    try await dmabuf.reservation.wait(.bookkeep)
    try await dmabuf.reservation.unlock()
    try await dmabuf.mapping.unmapMappingRange(start: 0, length: dmabuf.size)
    try await buffer.kref.put(buffer.done)
    try await buffer.comp.wait()
  }
}

/// An importer that only takes note in its callback; a worker of its own unmaps.
final class CopyEngine: RevocableImporter {
  let allowsPeerToPeer = true
  let name = "copy engine"
  let told: WaitQueue
  let isTold: Shared<Bool>
  let table: Shared<ScatterTable?>

  init(_ kernel: Kernel) {
    told = WaitQueue(kernel, "engine->told")
    isTold = Shared(kernel, "engine->is_told", false)
    table = Shared(kernel, "engine->sgt", nil)
  }

  /// Runs with the locks of the exporter held, so it takes none of them.
  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    try await isTold.store(true)
    try await told.wakeUpAll()
  }

  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    let reservation = attachment.dmabuf.reservation
    var errno: Errno?
    try await reservation.lock()
    switch try await attachment.dmabuf.mapAttachment(attachment) {
    case .success(let mapped): try await table.store(mapped)
    case .failure(let refused): errno = refused
    }
    try await reservation.unlock()
    return errno
  }

  /// What the worker does: waits until it is told, then lets go.
  func serve(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    try await told.wait { try await self.isTold.load() }
    let reservation = attachment.dmabuf.reservation
    try await reservation.lock()
    if let mapped = try await table.load() {
      try await attachment.dmabuf.unmapAttachment(attachment, mapped)
      try await table.store(nil)
    }
    try await reservation.unlock()
  }
}

@Suite("The examples of the catalogues")
struct CatalogueExamples {
  @Test("two threads under one lock lose nothing")
  func landing() throws {
    try explore(.exhaustive) { kernel in
      let lock = SleepingMutex(kernel, "lock")
      let done = Shared(kernel, "done", 0)
      for name in ["a", "b"] {
        kernel.thread(name) {
          try await lock.lock()
          try await done.store(try await done.load() + 1)
          try await lock.unlock()
        }
      }
      try await kernel.join()
      try kernel.check(try await done.load() == 2, "one of the two was lost")
    }
  }

  @Test("the drawing has two classes")
  func drawing() throws {
    let report = try explore(.exhaustive) { kernel in
      let lock = ReadWriteSemaphore(kernel, "lock")
      let isRevoked = Shared(kernel, "revoked", false)
      let entry = Shared(kernel, "entry", 0)
      kernel.thread("fault") {
        try await lock.downRead()
        if try await !isRevoked.load() { try await entry.store(1) }
        try await lock.upRead()
      }
      kernel.thread("revoke") {
        try await lock.downWrite()
        try await isRevoked.store(true)
        try await entry.store(0)
        try await lock.upWrite()
      }
      try await kernel.join()
      try kernel.check(try await entry.load() == 0, "the entry outlives the revoke")
    }
    #expect(report.verdict == .exhaustive(executions: 2))
  }

  @Test("a counter of one's own")
  func counter() throws {
    let report = try explore(.exhaustive) { kernel in
      let counter = Counter(kernel)
      for name in ["a", "b"] { kernel.thread(name) { try await counter.increment() } }
      try await kernel.join()
      try kernel.check(try await counter.read() == 2, "one of the two was lost")
    }
    #expect(report.verdict == .exhaustive(executions: 2))
  }

  @Test("a driver of one's own, against a fault and the posted driver's importer", arguments: [false, true])
  func driver(revokeFirst: Bool) throws {
    try explore(.exhaustive, seeing: ["touched", "refused"], name: "\(revokeFirst)") { kernel in
      let device = VfioPciDevice(kernel, driver: ClearsFirst())
      let driver = UserProcess(kernel, "driver")
      let deviceFd = try await driver.open(device).get()
      let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
      let address = try await driver.mmap(dmabufFd, length: Page.size).get()
      if revokeFirst { kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) } }
      kernel.thread("fault") {
        let access = try await driver.load(address)
        kernel.sometimes("touched", access == .value(0))
        kernel.sometimes("refused", access == .sigbus)
      }
      if !revokeFirst { kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) } }
      try await kernel.join()
      try kernel.check(try await driver.load(address) == .sigbus, "the buffer can be touched after REVOKE")
    }
  }

  @Test("an importer of one's own")
  func importer() throws {
    try explore(.exhaustive, seeing: ["mapped", "came too late"]) { kernel in
      let device = VfioPciDevice(kernel)
      let driver = UserProcess(kernel, "driver")
      let deviceFd = try await driver.open(device).get()
      let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
      let dmabuf = try await driver.importDmaBuf(dmabufFd).get()  // an importer keeps a reference of its own
      let engine = CopyEngine(kernel)
      let attachment = try await dmabuf.attach(engine).get()
      kernel.thread("worker") { try await engine.serve(attachment) }
      kernel.thread("import") {
        let errno = try await engine.map(attachment)
        kernel.sometimes("mapped", errno == nil)
        kernel.sometimes("came too late", errno == .noSuchDevice)
      }
      kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) }
      try await kernel.join()
      try kernel.check(try await dmabuf.mappingCount() == 0, "a mapping outlives REVOKE")
      try await dmabuf.detach(attachment)
      try await dmabuf.put()
      try await kernel.returnToUserMode()
    }
  }
}
