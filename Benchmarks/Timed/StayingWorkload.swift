// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Faults on a buffer that stays, while another thread takes its pages away for a while.
///
/// As soon as one thread has touched all of its pages, they are taken away from all; user code runs into SIGBUS until
/// the memory is back. Each touch is a fault: threads that have all of their pages wait until these are gone.
///
/// In a workload with maps of the BAR itself every second thread faults in one, which is a buffer of its own to the
/// driver.
struct StayingWorkload: Sendable {
  let run: TimedRun
  let workload: TimedWorkload

  /// The scenario.
  var scenario: Scenario {
    { kernel in
      // How often the pages have been taken away.
      let round = Shared(kernel, "round", 0)
      let worn = Completion(kernel, "worn")
      let driver = AnnouncesZaps(base: run.design.driver, round: round, worn: worn)
      let device = VfioPciDevice(kernel, run.window.function, driver: driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: run.window.bar.index, length: run.length).get()
      let base = try await process.mmap(dmabufFd, length: run.length).get()
      var bases = [base]
      if workload == .barmaps {
        let offset = VfioRegion.offset(of: run.window.bar.index)
        bases.append(try await process.mmap(deviceFd, length: run.length, offset: offset).get())
      }
      let threadBases = (0..<run.threads).map { bases[$0 % bases.count] }
      for thread in 0..<run.threads {
        kernel.thread("fault\(thread + 1)") { try await fault(process, threadBases[thread], round, worn, thread) }
      }
      kernel.thread(workload.operation) {
        while run.goesOn(kernel) {
          try await worn.wait()
          try await kernel.measure(workload.operation) { try await disturb(process, deviceFd) }
        }
      }
      try await kernel.join()
    }
  }

  private func disturb(_ process: UserProcess, _ deviceFd: FileDescriptor) async throws {
    guard workload != .reset else {
      try await process.reset(deviceFd)
      return
    }
    try await process.writeCommand(deviceFd, [.master])
    try await process.writeCommand(deviceFd, [.memory, .master])
  }

  /// Touches each page once a round.
  private func fault(
    _ process: UserProcess, _ base: UInt64, _ round: Shared<Int>, _ worn: Completion, _ thread: Int
  ) async throws {
    var (seen, page) = (0, 0)
    while run.goesOn(process.kernel) {
      let now = try await round.load()
      if now != seen { (seen, page) = (now, 0) }
      if page == run.pagesPerThread {
        // User code that has nothing to touch looks again after a while; assumed.
        process.kernel.spend(.other(500_000))
        continue
      }
      if try await run.touch(process, run.address(base, thread: thread, page: page)) {
        page += 1
        if page == run.pagesPerThread { try await worn.complete() }
      }
    }
    try await worn.complete()
  }
}

/// A driver that tells the threads of a workload when their pages have been taken away for a while.
///
/// Real user code would find out by its next access; a load from a page that is there would not be a fault.
private struct AnnouncesZaps: ForwardingDriver {
  let base: any VfioDmaBufDriver
  let round: Shared<Int>
  let worn: Completion

  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try await base.move(vdev, revoked: revoked)
    guard revoked else { return }
    // No page is back before the lock of the caller is, so that no thread can have worn the next round yet.
    try await worn.reset()
    try await round.store(try await round.load() + 1)
  }
}
