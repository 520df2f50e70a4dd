// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufModel

/// Whatever a divided search prints must be what the undivided one prints.
struct DivisionNetTests {
  /// Scenarios whose parts have nothing in common: what is named and looked at is a matter of the schedule.
  enum Sample: String, CaseIterable {
    /// Each execution names its result.
    case always
    /// One result is named, and rarely: most parts have none.
    case rarely
    /// Nothing is named.
    case never
    /// Threads name parts of the result.
    case byThreads
    /// A condition that is looked at in few executions, and one that never holds.
    case unmet
    /// Locks queue as in the kernel.
    case queued

    var scenario: Scenario {
      let sample = self
      if sample == .queued { return Self.queues }
      return { kernel in
        let x = Shared(kernel, "x", 0)
        let lock = SleepingMutex(kernel, "lock")
        for thread in 1...4 {
          kernel.thread("t\(thread)") {
            let before = try await x.load()
            try await x.store(before + thread)
            if thread == 2 {
              try await lock.lock()
              try await lock.unlock()
            }
            if sample == .byThreads && thread != 3 { kernel.outcome("t\(thread)", before) }
            if before == 4 { kernel.sometimes("late", thread == 2) }
          }
        }
        try await kernel.join()
        let end = try await x.load()
        kernel.sometimes("lost", end != 10)
        if sample == .always { kernel.outcome("x", end) }
        if sample == .rarely && end == 3 { kernel.outcome("three") }
        if sample == .unmet { kernel.sometimes("more than there is", end > 10) }
      }
    }

    @Sendable private static func queues(_ kernel: Kernel) async throws {
      kernel.queueLocks()
      let semaphore = ReadWriteSemaphore(kernel, "sem")
      let order = Shared(kernel, "order", "")
      for name in ["r", "w", "v", "s"] {
        kernel.thread(name) {
          let reads = name == "r" || name == "s"
          if reads { try await semaphore.downRead() } else { try await semaphore.downWrite() }
          let before = try await order.load()
          try await order.store(before + name)
          if reads { try await semaphore.upRead() } else { try await semaphore.upWrite() }
        }
      }
      try await kernel.join()
      let end = try await order.load()
      // Readers are in together.
      kernel.sometimes("lost", end.count < 4)
      kernel.outcome(end)
    }
  }

  /// All that an undivided search prints, in a form that does not depend on the order in which things were seen.
  struct Numbers: Equatable {
    var verdict: String
    var executions: Int
    var abandoned: Int
    var steps: Int
    var conditions: [String: Int]
    var outcomes: [String: Int]
    var pairs: [String]
    var unseen: [String] = []

    init(_ report: ExplorationReport, unseen: [String] = []) {
      verdict = "\(report.verdict)"
      (executions, abandoned, steps) = (report.executions, report.abandoned, report.steps)
      conditions = Dictionary(uniqueKeysWithValues: report.conditions.map { ($0.name, $0.executions) })
      outcomes = Dictionary(uniqueKeysWithValues: report.outcomes.map { ($0.outcome, $0.executions) })
      pairs = report.pairs.map { pair in
        pair.hasBothOrders ? [pair.first, pair.second].sorted().joined(separator: " <-> ") : pair.description
      }.sorted()
      self.unseen = unseen.sorted()
    }
  }

  private static func numbers(_ search: () throws -> ExplorationReport) throws -> Numbers {
    do { return Numbers(try search()) } catch let error as UnseenConditions {
      return Numbers(error.report, unseen: error.names)
    }
  }

  /// What one machine prints of each sample, searched once for all tests.
  private static let alone = Dictionary(
    uniqueKeysWithValues: Sample.allCases.map { sample in
      (
        sample,
        try? numbers {
          try explore(.exhaustive, seeing: ["lost"], reporting: options, name: "alone", sample.scenario)
        }
      )
    })

  private static var options: ReportOptions {
    var options = ReportOptions()
    options.coversPairs = true
    options.showsProgress = false
    return options
  }

  private static func samplers(_ schedules: Int) -> [any Strategy] {
    [
      RandomStrategy.random(seed: 3, schedules: schedules), PosStrategy.pos(seed: 3, schedules: schedules),
      PctStrategy.pct(seed: 3, schedules: schedules), UrwStrategy.urw(seed: 3, schedules: schedules),
    ]
  }

  // MARK: Jobs

  @Test(arguments: Sample.allCases, [["lost"], ["lost", "nobody looks at this"]])
  func jobsPrintTheSame(sample: Sample, required: [String]) throws {
    func run(_ jobs: Int) throws -> Numbers {
      try Self.numbers {
        try explore(
          .exhaustive, seeing: required, reporting: Self.options, jobs: jobs, name: "jobs", sample.scenario)
      }
    }
    let alone = try run(1)
    // More than one unit of work.
    #expect(alone.executions > 500)
    #expect(alone.unseen.isEmpty == (required.count == 1 && sample != .unmet))
    #expect(try run(1 + required.count) == alone)
  }

  @Test(arguments: zip(Sample.allCases, [0, 1, 2, 3, 0]))
  func jobsOfSamplersPrintTheSame(sample: Sample, sampler: Int) throws {
    func run(_ strategy: some Strategy, _ jobs: Int) throws -> Numbers {
      try Self.numbers { try explore(strategy, reporting: Self.options, jobs: jobs, name: "jobs", sample.scenario) }
    }
    let alone = try run(Self.samplers(520)[sampler], 1)
    #expect(try run(Self.samplers(520)[sampler], 3) == alone)
  }

  // MARK: Shards

  private static func merged(_ strategy: () -> any Strategy, _ count: Int, _ sample: Sample) throws -> ShardReport {
    func shard(_ strategy: some Strategy, _ number: Int) throws -> ShardReport {
      try explore(
        strategy, shard: try #require(Shard(number, of: count)), reporting: options, name: sample.rawValue,
        identity: "",
        sample.scenario)
    }
    return try ShardReport.merged((1...count).map { try shard(strategy(), $0) })
  }

  @Test(arguments: Sample.allCases, [3])
  func shardsPrintTheSame(sample: Sample, count: Int) throws {
    let alone = try #require(Self.alone[sample] ?? nil)
    let whole = try Self.merged({ ExhaustiveStrategy.exhaustive }, count, sample)
    #expect(whole.verdict == alone.verdict)
    #expect(whole.executions == alone.executions)
    #expect(whole.blocked == alone.abandoned)
    #expect(whole.steps == alone.steps)
    #expect(whole.conditions == alone.conditions)
    #expect(whole.outcomes == alone.outcomes)
  }

  @Test(arguments: Sample.allCases, [3])
  func shardsOfSamplersPrintTheSame(sample: Sample, count: Int) throws {
    for sampler in sample == .rarely ? [0, 1, 2, 3] : [0] {
      let alone = try Self.numbers {
        func run(_ strategy: some Strategy) throws -> ExplorationReport {
          try explore(strategy, reporting: Self.options, name: "alone", sample.scenario)
        }
        return try run(Self.samplers(600)[sampler])
      }
      let whole = try Self.merged({ Self.samplers(600)[sampler] }, count, sample)
      #expect(whole.verdict == alone.verdict)
      #expect(whole.executions == alone.executions)
      #expect(whole.steps == alone.steps)
      #expect(whole.conditions == alone.conditions)
      #expect(whole.outcomes == alone.outcomes)
    }
  }

  // MARK: Checkpoints

  @Test(arguments: Sample.allCases, [1, 2])
  func aSearchThatGoesOnPrintsTheSame(sample: Sample, jobs: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "net-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func run(_ limit: Int, _ checkpoint: String) throws -> Numbers {
      var limits = Limits()
      limits.executions = limit
      return try Self.numbers {
        try explore(
          .exhaustive, limits: limits, seeing: ["lost"], reporting: Self.options, jobs: jobs, checkpoint: checkpoint,
          name: sample.rawValue, sample.scenario)
      }
    }
    let whole = try #require(Self.alone[sample] ?? nil)
    #expect(throws: SearchStopped.self) { try run(300, folder.path) }
    #expect(try run(100_000, folder.path) == whole)
  }

  @Test(arguments: Sample.allCases)
  func aSamplerThatGoesOnPrintsTheSame(sample: Sample) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "net-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func run(_ limit: Int, _ checkpoint: String?) throws -> Numbers {
      var limits = Limits()
      limits.executions = limit
      limits.executionsPerCheckpoint = 256
      return try Self.numbers {
        try explore(
          .random(seed: 9, schedules: 1_500), limits: limits, reporting: Self.options, checkpoint: checkpoint,
          name: sample.rawValue, sample.scenario)
      }
    }
    let whole = try run(1_500, nil)
    _ = try run(512, folder.path)
    #expect(try run(1_500, folder.path) == whole)
  }

  // MARK: Generated programs

  /// Outcomes, findings and conditions of random programs, by jobs and by shards.
  @Test func randomProgramsAreDividedWithoutLoss() throws {
    var (compared, failing) = (0, 0)
    var seed: UInt64 = 1 << 44
    while compared < 16 {
      seed += 1
      let program = RandomProgram(seed: seed)
      let scenario: Scenario = { kernel in
        let ledger = Ledger()
        try await program.scenario(ledger)(kernel)
        let learnt = ledger.take()
        if learnt.count % 3 != 0 { kernel.outcome("\(learnt)") }
        kernel.sometimes("even", learnt.reduce(0, +) % 2 == 0)
      }
      var limits = Limits()
      limits.executions = 200
      guard let alone = try? survey(.exhaustive, limits: limits, reporting: Self.options, jobs: 1, scenario),
        alone.report.executions > 5
      else { continue }
      compared += 1
      failing += alone.findings.isEmpty ? 0 : 1
      let jobs = try survey(.exhaustive, reporting: Self.options, jobs: 2 + Int(seed % 3), scenario)
      #expect(Numbers(jobs.report) == Numbers(alone.report), "seed \(seed): \(program)")
      #expect(Set(jobs.findings) == Set(alone.findings), "seed \(seed): \(program)")
      // A failing schedule ends a shard.
      if !alone.findings.isEmpty { continue }
      let count = Int(seed % 4) + 2
      let whole = try ShardReport.merged(
        (1...count).map {
          try explore(
            .exhaustive, shard: try #require(Shard($0, of: count)), name: "random", identity: "", scenario)
        })
      let expected = Numbers(alone.report)
      #expect(whole.executions == expected.executions, "seed \(seed): \(program)")
      #expect(whole.steps == expected.steps, "seed \(seed): \(program)")
      #expect(whole.outcomes == expected.outcomes, "seed \(seed), \(count) shards: \(program)")
      #expect(whole.conditions == expected.conditions, "seed \(seed), \(count) shards: \(program)")
    }
    #expect(failing > 0)
  }
}
