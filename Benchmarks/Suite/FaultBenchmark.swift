// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Counts page faults against permanent revokes, for a growing number of threads that fault.
///
/// One process has a buffer mapped. Each fault thread touches pages of its own, so that each first touch is a fault. As
/// soon as one of them has touched all of its pages, the buffer is revoked under all of them; they run into SIGBUS
/// until the next buffer has been exported, mapped and announced. So a fault is mapped while a buffer lives and refused
/// between two buffers, and revokes meet faults that are half-way.
///
/// Goals: operations of the simulated driver in a second of wall time, faults that map and faults that are refused
/// apart; the counts exact, and sizes that depend on counts alone.
///
/// Non-goals: the speed of a real kernel or its scaling over CPUs, since one CPU runs all simulated threads in turn and
/// more of them only share it; a share of refused faults that means anything beyond this scenario.
struct FaultBenchmark: Benchmark {
  let name = "faults"
  /// The number of threads that fault, a row each.
  var threadCounts = [1, 2, 4, 8]
  /// The number of buffers that are revoked in one execution.
  var revokes = 32

  /// The number of pages that a thread has for itself in each buffer.
  static let pagesPerThread = 8

  func run(_ setting: Setting) throws -> [BenchmarkResult] {
    try threadCounts.map { threads in
      // Steps grow with the number of threads, so the rows take about the same time.
      let schedules = setting.scaled(1_000 / (threads + 1))
      let sample = try setting.measure(
        "\(name)-\(threads)", repetitions: 3, schedules: schedules,
        strategy: { .random(seed: setting.seed, schedules: schedules) },
        tally: FaultTally.init, outcomes: \.outcomes,
        scenario: { tally in
          let driver = CountingDriver(base: setting.revision, tally: tally)
          return scenario(setting.window, driver, threads: threads)
        })
      var measures = ["steps_per_second": sample.perSecond(sample.counts.steps)]
      for outcome in FaultOutcome.allCases { measures[outcome.rate] = sample.perSecond(sample.counts[outcome]) }
      return BenchmarkResult(
        benchmark: name, variant: "\(threads) against 1 revoke", threads: threads + 1, sample: sample,
        measures: measures)
    }
  }

  func render(_ results: [BenchmarkResult]) -> String {
    var table = Table(
      "fault threads", "mapped faults/s", "refused faults/s", "revokes/s", "mapped", "refused", "revokes", "schedules",
      "steps", "spread")
    for result in results {
      let counts = result.sample.counts
      let rates = FaultOutcome.allCases.map { result.sample.perSecond(counts[$0]).whole }
      let totals = FaultOutcome.allCases.map { counts[$0].grouped }
      table.add(
        "\(result.threads - 1)", rates[0], rates[1], rates[2], totals[0], totals[1], totals[2],
        counts.executions.grouped, counts.steps.grouped, "\(result.sample.spreadPercent.whole) %")
    }
    return "Faults against permanent revokes, as simulated operations a second of wall time\n\(table.text)"
  }

  /// The execution: fault threads, and one that revokes and lends again.
  func scenario(_ window: LentWindow, _ driver: CountingDriver, threads: Int) -> Scenario {
    let pages = min(threads * Self.pagesPerThread, window.pages)
    let revokes = revokes
    return { kernel in
      let device = VfioPciDevice(kernel, window.function, driver: driver)
      let process = UserProcess(kernel, "process")
      let deviceFd = try await process.open(device).get()
      let lender = Lender(process: process, deviceFd: deviceFd, bar: window.bar.index, pages: pages)
      let first = try await lender.lend()
      // What the threads know of the buffer: its address, or zero when all is over.
      let address = Shared(kernel, "address", first.address)
      let worn = Completion(kernel, "worn")

      for thread in 0..<threads {
        kernel.thread("fault\(thread + 1)") {
          try await Self.touch(process, address, worn, from: thread * Self.pagesPerThread, of: pages)
        }
      }
      kernel.thread("revoke") {
        var loan = first
        for round in 1...revokes {
          try await worn.wait()
          let errno = try await process.revokeDmaBuf(loan.dmabufFd, on: deviceFd)
          try kernel.check(errno == nil, "REVOKE answers \(String(describing: errno))")
          driver.tally.note(.revoked)
          try await worn.reset()
          let next = round < revokes ? try await lender.lend() : nil
          try await address.store(next?.address ?? 0)
          try await lender.takeBack(loan)
          if let next { loan = next }
        }
      }
      try await kernel.join()
    }
  }

  /// Touches one page after the other, always of the newest buffer, until there is none.
  private static func touch(
    _ process: UserProcess, _ address: Shared<UInt64>, _ worn: Completion, from firstPage: Int, of pages: Int
  ) async throws {
    var touched = 0
    while true {
      let base = try await address.load()
      if base == 0 { return }
      let page = (firstPage + touched % pagesPerThread) % pages
      if case .value = try await process.load(base + UInt64(page) * Page.size) {
        touched += 1
        if touched % pagesPerThread == 0 { try await worn.complete() }
      }
    }
  }
}

/// Who lends memory out to the process and takes it back.
private struct Lender: Sendable {
  let process: UserProcess
  let deviceFd: FileDescriptor
  let bar: Int
  let pages: Int

  /// A buffer with its mapping.
  struct Loan: Sendable {
    let dmabufFd: FileDescriptor
    let address: UInt64
  }

  private var length: UInt64 { UInt64(pages) * Page.size }

  func lend() async throws -> Loan {
    let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: bar, length: length).get()
    return Loan(dmabufFd: dmabufFd, address: try await process.mmap(dmabufFd, length: length).get())
  }

  func takeBack(_ loan: Loan) async throws {
    try await process.munmap(loan.address, length: length)
    try await process.close(loan.dmabufFd)
  }
}
