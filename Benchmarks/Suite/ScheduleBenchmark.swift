// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Measures what a whole small execution costs: two faults and a permanent revoke.
///
/// Goals: the price of a schedule from nothing to the look for leaks: a device, a process, a buffer, a mapping, three
/// threads, all checks on, all taken down again; and how many steps and switches it has, which is exact.
///
/// Non-goals: the rate of a search whose set-up is shared between executions; a proof.
struct ScheduleBenchmark: Benchmark {
  let name = "schedule"

  func run(_ setting: Setting) throws -> [BenchmarkResult] {
    try [true, false].map { try run(setting, withThreads: $0) }
  }

  /// Without the threads it is what the set-up and the take-down cost, which every schedule pays.
  private func run(_ setting: Setting, withThreads: Bool) throws -> BenchmarkResult {
    let schedules = setting.scaled(40_000)
    let sample = try setting.measure(
      name, repetitions: 5, schedules: schedules,
      strategy: { .random(seed: setting.seed, schedules: schedules) },
      scenario: Self.scenario(setting.window, setting.revision, withThreads: withThreads))
    let executions = Double(sample.counts.executions)
    let measures = [
      "schedule_us": sample.median / executions * 1e6,
      "schedule_fastest_us": sample.fastest / executions * 1e6,
      "steps_per_schedule": Double(sample.counts.steps) / executions,
      "switches_per_schedule": Double(sample.counts.switches) / executions,
      "step_ns": sample.median / Double(sample.counts.steps) * 1e9,
    ]
    return BenchmarkResult(
      benchmark: name, variant: withThreads ? "two faults, one permanent revoke" : "of it set-up and take-down",
      threads: withThreads ? 3 : 0, sample: sample, measures: measures)
  }

  func render(_ results: [BenchmarkResult]) -> String {
    var table = Table(
      "a whole schedule", "µs a schedule", "fastest", "steps", "switches", "ns a step", "schedules")
    for result in results {
      let sample = result.sample
      table.add(
        result.variant, (result.measures["schedule_us"] ?? 0).fixed(2),
        (result.measures["schedule_fastest_us"] ?? 0).fixed(2),
        (result.measures["steps_per_schedule"] ?? 0).fixed(2), (result.measures["switches_per_schedule"] ?? 0).fixed(2),
        (result.measures["step_ns"] ?? 0).fixed(0), sample.counts.executions.grouped)
    }
    return table.text
  }

  private static func scenario(
    _ window: LentWindow, _ revision: any VfioDmaBufDriver, withThreads: Bool
  ) -> Scenario {
    { kernel in
      let device = VfioPciDevice(kernel, window.function, driver: revision)
      let driver = UserProcess(kernel, "driver")
      let deviceFd = try await driver.open(device).get()
      let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: window.bar.index).get()
      let address = try await driver.mmap(dmabufFd, length: Page.size).get()
      if !withThreads { return }
      for name in ["fault1", "fault2"] { kernel.thread(name) { _ = try await driver.load(address) } }
      kernel.thread("revoke") {
        let errno = try await driver.revokeDmaBuf(dmabufFd, on: deviceFd)
        try kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
      }
      try await kernel.join()
    }
  }
}
