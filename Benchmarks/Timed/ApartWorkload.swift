// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Faults against permanent revokes, with a buffer for each thread that faults.
///
/// The threads share the device and its `memory_lock`, and neither a buffer nor its area. One thread revokes what is
/// worn, the buffer of one thread after that of another.
struct ApartWorkload: Sendable {
  let run: TimedRun

  private var length: UInt64 { UInt64(run.pagesPerThread) * Page.size }

  /// The scenario.
  var scenario: Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, run.window.function, driver: run.design.driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      let addresses = (0..<run.threads).map { _ in Shared<UInt64>(kernel, "address", 0) }
      let worn = (0..<run.threads).map { _ in Completion(kernel, "worn") }
      for thread in 0..<run.threads {
        kernel.thread("fault\(thread + 1)") { try await fault(process, addresses[thread], worn[thread]) }
      }
      kernel.thread("revoke") { try await revoke(process, deviceFd, addresses, worn) }
      try await kernel.join()
    }
  }

  private func revoke(
    _ process: UserProcess, _ deviceFd: FileDescriptor, _ addresses: [Shared<UInt64>], _ worn: [Completion]
  ) async throws {
    let kernel = process.kernel
    var loans: [(dmabufFd: FileDescriptor, base: UInt64)] = []
    for thread in 0..<run.threads {
      loans.append(try await lend(process, deviceFd))
      try await addresses[thread].store(loans[thread].base)
    }
    var thread = 0
    while run.goesOn(kernel) {
      try await worn[thread].wait()
      let old = loans[thread]
      _ = try await kernel.measure("revoke") { try await process.revokeDmaBuf(old.dmabufFd, on: deviceFd) }
      loans[thread] = try await lend(process, deviceFd)
      try await addresses[thread].store(loans[thread].base)
      try await process.munmap(old.base, length: length)
      try await process.close(old.dmabufFd)
      thread = (thread + 1) % run.threads
    }
  }

  private func lend(
    _ process: UserProcess, _ deviceFd: FileDescriptor
  ) async throws -> (dmabufFd: FileDescriptor, base: UInt64) {
    let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: run.window.bar.index, length: length).get()
    return (dmabufFd, try await process.mmap(dmabufFd, length: length).get())
  }

  private func fault(_ process: UserProcess, _ address: Shared<UInt64>, _ worn: Completion) async throws {
    var (base, page): (UInt64, Int) = (0, 0)
    while run.goesOn(process.kernel) {
      let newest = try await address.load()
      if newest != base { (base, page) = (newest, 0) }
      if base == 0 || page == run.pagesPerThread {
        process.kernel.spend(.other(500_000))
        continue
      }
      if try await run.touch(process, base + UInt64(page) * Page.size) {
        page += 1
        if page == run.pagesPerThread { try await worn.complete() }
      }
    }
    try await worn.complete()
  }
}
