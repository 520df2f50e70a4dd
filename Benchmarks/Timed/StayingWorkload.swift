// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Faults on a buffer that stays, while another thread takes its pages away for a while.
struct StayingWorkload: Sendable {
  let run: TimedRun
  let workload: TimedWorkload

  /// The scenario.
  var scenario: Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, run.window.function, driver: run.design.driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: run.window.bar.index, length: run.length).get()
      let base = try await process.mmap(dmabufFd, length: run.length).get()
      // How often the pages have been taken away.
      let round = Shared(kernel, "round", 0)
      let worn = Completion(kernel, "worn")
      for thread in 0..<run.threads {
        kernel.thread("fault\(thread + 1)") { try await fault(process, base, round, worn, thread) }
      }
      kernel.thread(workload.operation) {
        var rounds = 0
        while run.goesOn(kernel) {
          try await worn.wait()
          try await kernel.measure(workload.operation) { try await disturb(process, deviceFd) }
          rounds += 1
          try await worn.reset()
          try await round.store(rounds)
        }
      }
      try await kernel.join()
    }
  }

  private func disturb(_ process: UserProcess, _ deviceFd: FileDescriptor) async throws {
    guard workload == .command else {
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
