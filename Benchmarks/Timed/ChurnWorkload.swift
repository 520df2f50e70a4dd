// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Threads that open and close: each exports a buffer of its own, maps it, touches its pages, unmaps it and closes it.
///
/// Nothing is revoked. An export and a release hold `memory_lock` for writing, a mapping and an unmapping `mmap_lock`.
struct ChurnWorkload: Sendable {
  let run: TimedRun

  /// The scenario.
  var scenario: Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, run.window.function, driver: run.design.driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      for thread in 0..<run.threads {
        kernel.thread("fault\(thread + 1)") {
          while run.goesOn(kernel) {
            try await kernel.measure("churn") { try await turn(process, deviceFd) }
          }
        }
      }
      try await kernel.join()
    }
  }

  private func turn(_ process: UserProcess, _ deviceFd: FileDescriptor) async throws {
    let length = UInt64(run.pagesPerThread) * Page.size
    let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: run.window.bar.index, length: length).get()
    let base = try await process.mmap(dmabufFd, length: length).get()
    for page in 0..<run.pagesPerThread { _ = try await run.touch(process, base + UInt64(page) * Page.size) }
    try await process.munmap(base, length: length)
    try await process.close(dmabufFd)
  }
}
