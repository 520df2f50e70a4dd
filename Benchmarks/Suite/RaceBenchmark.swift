// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Explores a page fault, a permanent revoke, the close of the device and an importer against each other.
///
/// Goals: try the one race that touches every path by which memory is lent and taken back, with all checks on; say what
/// was seen and how often; give the rate of schedules for a search of that size.
///
/// Non-goals: a proof, which needs an exhaustive search; the speed of a real kernel; a rate for other scenarios.
struct RaceBenchmark: Benchmark {
  let name = "race"

  func run(_ setting: Setting) throws -> [BenchmarkResult] {
    let schedules = setting.schedules
    let sample = try setting.measure(
      name, repetitions: 3, schedules: schedules,
      strategy: { .random(seed: setting.seed, schedules: schedules) },
      scenario: Self.scenario(setting.window, setting.revision))
    let measures = [
      "schedules_per_second": sample.perSecond(sample.counts.executions),
      "steps_per_second": sample.perSecond(sample.counts.steps),
    ]
    return [
      BenchmarkResult(
        benchmark: name, variant: "fault, revoke, close, importer", threads: 4, sample: sample, measures: measures)
    ]
  }

  func render(_ results: [BenchmarkResult]) -> String {
    results.map { result in
      let sample = result.sample
      let counts = sample.counts
      var table = Table("seen", "schedules", "of \(counts.executions.grouped)")
      for (name, seen) in counts.outcomes.sorted(by: { $0.key < $1.key }) {
        let share = seen == 0 ? "never" : (Double(seen) * 100 / Double(counts.executions)).fixed(2) + " %"
        table.add(name, seen.grouped, share)
      }
      return """
        A fault, a permanent revoke, the close of the device and an importer, all against each other
        \(table.text)\
          verdict: \(sample.verdict), no defect; checksum \(counts.checksum)
          \(counts.steps.grouped) steps, \(counts.switches.grouped) switches
          \(sample.perSecond(counts.executions).whole) schedules a second, \
        \(sample.perSecond(counts.steps).whole) steps a second (spread \(sample.spreadPercent.whole) %)

        """
    }.joined(separator: "\n")
  }

  /// The race; what must hold whichever thread wins is checked by the scenario, all else by the machine.
  static func scenario(_ window: LentWindow, _ revision: any VfioDmaBufDriver) -> Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, window.function, driver: revision)
      let driver = UserProcess(kernel, "driver")
      let deviceFd = try await driver.open(device).get()
      let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: window.bar.index).get()
      let address = try await driver.mmap(dmabufFd, length: Page.size).get()
      let dmabuf = try await driver.importDmaBuf(dmabufFd).get()

      kernel.thread("fault") {
        let access = try await driver.load(address)
        try kernel.check(access != .segv, "the mapping is gone")
        kernel.sometimes("fault: mapped", access != .sigbus)
        kernel.sometimes("fault: refused", access == .sigbus)
      }
      kernel.thread("revoke") {
        let errno = try await driver.revokeDmaBuf(dmabufFd, on: deviceFd)
        kernel.sometimes("revoke: done", errno == nil)
        kernel.sometimes("revoke: EBADF, the device is closed", errno == .badFileDescriptor)
        try kernel.check(errno == nil || errno == .badFileDescriptor, "REVOKE answers \(String(describing: errno))")
      }
      kernel.thread("close") { try await driver.close(deviceFd) }
      kernel.thread("importer") { try await borrow(dmabuf) }
      try await kernel.join()

      let access = try await driver.load(address)
      try kernel.check(access == .sigbus, "the closed device can be touched: \(access)")
    }
  }

  /// What an importer does that is given a buffer with a reference: attach, map, unmap, detach, give it back.
  private static func borrow(_ dmabuf: DmaBuf) async throws {
    let kernel = dmabuf.kernel
    let peer = PeerDevice(kernel)
    switch try await dmabuf.attach(peer) {
    case .failure:
      kernel.sometimes("importer: attach refused")
    case .success(let attachment):
      let errno = try await peer.map(attachment)
      kernel.sometimes("importer: map refused", errno != nil)
      if errno == nil {
        let wasMapped = try await peer.unmap(attachment)
        kernel.sometimes("importer: mapped and unmapped in peace", wasMapped)
        kernel.sometimes("importer: mapped, then told to unmap", !wasMapped)
      }
      try await dmabuf.detach(attachment)
    }
    try await dmabuf.put()
    try await kernel.returnToUserMode()
  }
}
