// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Synchronization
import Testing

@testable import DmabufModel

@Suite("The machine is deterministic")
struct DeterminismTests {
  /// A strategy to be made anew for each run.
  struct Make: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var strategy: @Sendable () -> any Strategy
  }

  static let strategies = [
    Make(testDescription: "serial") { SerialStrategy() },
    Make(testDescription: "random, seed 1") { RandomStrategy(seed: 1, executions: 300) },
    Make(testDescription: "exhaustive") { ExhaustiveStrategy() },
    Make(testDescription: "exhaustive up to one preemption") { PreemptionBoundedStrategy(preemptions: 1) },
    Make(testDescription: "random, seed 2^64 - 1") { RandomStrategy(seed: .max, executions: 300) },
  ]

  @Test("each strategy takes the same steps in a second run", arguments: strategies)
  func doubleRun(make: Make) throws {
    let runs = try (1...2).map { _ in
      let observed = TranscribedStrategy(make.strategy())
      let report = try explore(observed, Races.harmless)
      return (report, observed.executions)
    }
    #expect(runs[0].0 == runs[1].0)
    #expect(runs[0].1 == runs[1].1)
    #expect(runs[0].1.count == runs[0].0.executions && runs[0].1.allSatisfy { $0.count > 10 })
  }

  @Test("the same seed finds the same failure with the same report, to the letter", arguments: [1, 2, 3] as [UInt64])
  func sameReport(seed: UInt64) throws {
    let failures = try (1...2).map { _ in try failure(.check, under: .random(seed: seed), Races.lostUpdate) }
    #expect(failures[0].description == failures[1].description)
    #expect(failures[0].recording.steps == failures[1].recording.steps)
    #expect(failures[0].schedule == failures[1].schedule && failures[0].executions == failures[1].executions)
  }

  @Test("another seed gives other schedules")
  func otherSeed() throws {
    let runs = try (1...8 as ClosedRange<UInt64>).map { seed in
      let observed = TranscribedStrategy(RandomStrategy(seed: seed, executions: 3))
      try explore(observed, Races.harmless)
      return observed.executions
    }
    for (index, run) in runs.enumerated() {
      #expect(run[0] != run[1] && run[1] != run[2], "executions of one seed differ")
      #expect(runs[..<index].allSatisfy { $0 != run }, "seed \(index + 1) repeats an earlier one")
    }
  }

  @Test("an execution's schedule does not hang on how many were asked for")
  func prefix() throws {
    let runs = try [5, 50].map { count in
      let observed = TranscribedStrategy(RandomStrategy(seed: 7, executions: count))
      try explore(observed, Races.harmless)
      return observed.executions
    }
    #expect(runs[0] == Array(runs[1].prefix(5)))
  }

  @Test("two machines on two operating-system threads at the same time do what one alone does")
  func sideBySide() throws {
    let alone = TranscribedStrategy(RandomStrategy(seed: 3, executions: 500))
    try explore(alone, Races.harmless)
    let results = Mutex<[[[Event]]]>([])
    let arrived = Atomic<Int>(0)
    let finished = DispatchSemaphore(value: 0)
    for _ in 0..<2 {
      Thread.detachNewThread {
        arrived.add(1, ordering: .sequentiallyConsistent)
        while arrived.load(ordering: .sequentiallyConsistent) < 2 {}
        let observed = TranscribedStrategy(RandomStrategy(seed: 3, executions: 500))
        _ = try? explore(observed, Races.harmless)
        results.withLock { $0.append(observed.executions) }
        finished.signal()
      }
    }
    for _ in 0..<2 { finished.wait() }
    #expect(results.withLock { $0 } == [alone.executions, alone.executions])
  }

  @Test("a machine's later executions are not touched by its earlier ones, failed ones included")
  func noCarryOver() {
    let kernel = Kernel()
    defer { kernel.shutDown() }
    let events: [[Event]] = (0..<2).map { round in
      if round == 1 {
        let strategy = RandomStrategy(seed: 1, executions: 200)
        var findings = 0
        while strategy.beginExecution() {
          if kernel.execute(Races.lostUpdate, under: strategy, recording: nil).finding != nil { findings += 1 }
        }
        #expect(findings > 0)
      }
      let strategy = RandomStrategy(seed: 9, executions: 1)
      _ = strategy.beginExecution()
      let outcome = kernel.execute(Races.harmless, under: strategy, recording: nil)
      #expect(outcome.finding == nil && outcome.misuse == nil)
      return kernel.events.map { $0 }
    }
    #expect(events[0] == events[1])
  }
}
