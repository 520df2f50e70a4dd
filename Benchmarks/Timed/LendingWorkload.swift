// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Faults against permanent revokes of one buffer that all threads share.
///
/// As soon as one thread has touched all of its pages, the buffer is revoked under all of them; they run into SIGBUS
/// until the next buffer is announced.
struct LendingWorkload: Sendable {
  let run: TimedRun
  /// How long each importer takes to let go, in picoseconds.
  let importers: [Int]

  /// The scenario.
  var scenario: Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, run.window.function, driver: run.design.driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      let address = Shared<UInt64>(kernel, "address", 0)
      let worn = Completion(kernel, "worn")
      for thread in 0..<run.threads {
        kernel.thread("fault\(thread + 1)") { try await fault(process, address, worn, thread) }
      }
      kernel.thread("revoke") {
        while run.goesOn(kernel) { try await lend(process, deviceFd, address, worn) }
        try await address.store(0)
      }
      try await kernel.join()
    }
  }

  /// Lends a buffer, waits until it is worn, and revokes it.
  private func lend(
    _ process: UserProcess, _ deviceFd: FileDescriptor, _ address: Shared<UInt64>, _ worn: Completion
  ) async throws {
    let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: run.window.bar.index, length: run.length).get()
    let base = try await process.mmap(dmabufFd, length: run.length).get()
    let mappings = try await attach(process, dmabufFd)
    try await worn.reset()
    try await address.store(base)
    // A thread that faults completes after the end, and so after this reset.
    if run.goesOn(process.kernel) { try await worn.wait() }
    let errno = try await process.kernel.measure("revoke") { try await process.revokeDmaBuf(dmabufFd, on: deviceFd) }
    try process.kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
    for mapping in mappings {
      try await mapping.dmabuf.detach(mapping)
      try await mapping.dmabuf.put()
    }
    try await process.munmap(base, length: run.length)
    try await process.close(dmabufFd)
  }

  private func attach(_ process: UserProcess, _ dmabufFd: FileDescriptor) async throws -> [DmaBufAttachment] {
    var attachments: [DmaBufAttachment] = []
    for delay in importers {
      let dmabuf = try await process.importDmaBuf(dmabufFd).get()
      let importer = DelayedImporter(process.kernel, delay: delay)
      let attachment = try await dmabuf.attach(importer).get()
      try await importer.map(attachment)
      attachments.append(attachment)
    }
    return attachments
  }

  /// Touches one page after the other, always of the newest buffer.
  private func fault(
    _ process: UserProcess, _ address: Shared<UInt64>, _ worn: Completion, _ thread: Int
  ) async throws {
    let kernel = process.kernel
    var (base, page): (UInt64, Int) = (0, 0)
    while run.goesOn(kernel) {
      let newest = try await address.load()
      if newest != base { (base, page) = (newest, 0) }
      if base == 0 || page == run.pagesPerThread {
        // User code that has nothing to touch looks again after a while; assumed.
        kernel.spend(.other(500_000))
        continue
      }
      if try await run.touch(process, run.address(base, thread: thread, page: page)) {
        page += 1
        if page == run.pagesPerThread { try await worn.complete() }
      }
    }
    // The thread that revokes may wait for this one.
    try await worn.complete()
  }
}

/// An importer that takes a while to let go, in the callback.
final class DelayedImporter: RevocableImporter {
  let kernel: Kernel
  private let delay: Int
  private let peer: PeerDevice

  init(_ kernel: Kernel, delay: Int) {
    self.kernel = kernel
    self.delay = delay
    peer = PeerDevice(kernel)
  }

  var name: String { "importer" }
  var allowsPeerToPeer: Bool { true }

  /// Maps the buffer.
  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) { _ = try await peer.map(attachment) }

  /// Stops the device, which takes its time, and unmaps.
  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    kernel.spend(.other(delay))
    try await peer.invalidateMappings(attachment)
  }
}
