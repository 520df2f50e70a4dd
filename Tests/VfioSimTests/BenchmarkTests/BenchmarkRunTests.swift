// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Synchronization
import Testing
import VfioSim

@testable import DmabufBenchmarks

@Suite("The benchmarks, small")
struct BenchmarkRunTests {
  @Test("the race sees each way in which it can end, the same on two runs, another for another seed")
  func race() throws {
    let first = try #require(try RaceBenchmark().run(.tiny(schedules: 600)).first).sample
    let second = try #require(try RaceBenchmark().run(.tiny(schedules: 600)).first).sample
    #expect(first.counts == second.counts)
    #expect(first.counts.executions == 600)
    #expect(first.verdict == .sampled(schedules: 600))
    #expect(first.counts.outcomes.count >= 8)
    #expect(first.counts.outcomes.filter { $0.value == 0 }.isEmpty)
    let other = try #require(try RaceBenchmark().run(.tiny(seed: 2, schedules: 600)).first).sample
    #expect(other.counts.checksum != first.counts.checksum)
  }

  @Test("the wrapper takes the schedules that the plain strategy takes")
  func strategy() throws {
    let window = try LentWindow(.builtIn)
    let plain = try explore(
      .random(seed: 1, schedules: 300), name: "race", RaceBenchmark.scenario(window, PostedV1()))
    let metered = try #require(try RaceBenchmark().run(.tiny(schedules: 300)).first).sample.counts
    #expect(metered.steps == plain.steps)
    #expect(metered.switches == plain.switches)
    for condition in plain.conditions { #expect(metered.outcomes[condition.name] == condition.executions) }
  }

  @Test("faults are mapped and refused, and every revoke is counted, the same on two runs")
  func faults() throws {
    let benchmark = FaultBenchmark(threadCounts: [1, 3], revokes: 5)
    let results = try benchmark.run(.tiny())
    let again = try benchmark.run(.tiny())
    #expect(results.map(\.sample.counts) == again.map(\.sample.counts))
    #expect(results.map(\.threads) == [2, 4])
    for result in results {
      let counts = result.sample.counts
      #expect(counts[.revoked] == 5 * counts.executions)
      // The one who has touched all of its pages has had a fault for each of them.
      #expect(counts[.mapped] >= FaultBenchmark.pagesPerThread * counts.executions)
      #expect(counts[.refused] > 0)
    }
  }

  @Test("faults are counted on a BAR of one page too")
  func onePage() throws {
    let window = try LentWindow(PciFunction.parse(SmallDevice.text.replacing("[size=1M]", with: "[size=4K]")))
    #expect(window.pages == 1)
    let setting = Setting(window: window, seed: 1, schedules: 1, progress: ProgressLine(Written().console()))
    let counts = try #require(try FaultBenchmark(threadCounts: [2], revokes: 3).run(setting).first).sample.counts
    #expect(counts[.revoked] == 3)
    #expect(counts[.mapped] >= 1)
  }

  @Test("steps are counted, and the threads only switch at the start and at the end")
  func steps() throws {
    let results = try StepBenchmark(calls: 100_000).run(.tiny(schedules: 1_000))
    #expect(results.map(\.variant) == ["alone", "decided"])
    #expect(results.map(\.sample.counts.steps) == [1_000, 1_002])
    #expect(results.map(\.sample.counts.switches) == [1, 5])
    #expect(results.allSatisfy { ($0.measures["step_ns"] ?? 0) > 0 })
  }

  @Test("a whole schedule is measured")
  func schedule() throws {
    let result = try #require(try ScheduleBenchmark().run(.tiny()).first)
    #expect(result.sample.counts.executions == 80)
    #expect(result.sample.seconds.count == 5)
    #expect((result.measures["steps_per_schedule"] ?? 0) > 50)
  }

  @Test("a repetition that a limit has ended, or that counts another number of steps, is no measure")
  func repetitions() throws {
    let setting = try Setting.tiny()
    let runs = Mutex(0)
    func measure(_ strategy: @escaping () -> some Strategy, changesAt changed: Int) throws -> Sample {
      runs.withLock { $0 = 0 }
      return try setting.measure("kref", repetitions: 3, schedules: 1, strategy: strategy) { kernel in
        let run = runs.withLock { count in
          count += 1
          return count
        }
        let kref = Kref(kernel)
        for _ in 0..<(run == changed ? 2 : 1) { _ = try await kref.read() }
      }
    }
    #expect(try measure({ .serial }, changesAt: 0).seconds.count == 3)
    for changed in 1...3 {
      #expect(throws: UnstableCounts.self) { try measure({ .serial }, changesAt: changed) }
    }
    #expect(throws: CutShort.self) { try measure({ StoppedStrategy() }, changesAt: 0) }
  }

  @Test("a broken driver is reported with the line that replays it here")
  func defect() throws {
    var command = try MeasureCommand(["--seed", "4", "--schedules", "2000", "--json=it's"])
    command.revision = MapsRevoked()
    let failure = try #require(throws: DefectFound.self) { try command.run(Written().console()) }
    #expect(failure.exitCode == 1)
    #expect(failure.description.contains("alive after revoke"))
    #expect(failure.description.contains("replay: DMABUF_REPLAY='Benchmarks.measure.race/"))
    let line = "' swift run -c release Benchmarks --seed 4 --schedules 2000 '--json=it'\\''s'"
    #expect(failure.description.contains(line))
  }

  @Test("a replay string concerns one benchmark, or none of these")
  func replayTags() {
    let all = Suite.parts.map(\.name)
    #expect(Suite.parts.filter { $0.isWanted(toReplay: nil) }.map(\.name) == all)
    #expect(Suite.parts.filter { $0.isWanted(toReplay: "stranger") }.map(\.name) == all)
    #expect(Suite.parts.filter { $0.isWanted(toReplay: "faults-8") }.map(\.name) == ["faults"])
  }
}

/// One execution, after which a limit is said to have ended the search.
private final class StoppedStrategy: Strategy {
  private let inner = SerialStrategy.serial

  func beginExecution() -> Bool { inner.beginExecution() }

  func choose(_ point: DecisionPoint) -> Int { inner.choose(point) }

  func verdict(executions: Int) -> Verdict { .stoppedAtLimit(executions: executions) }
}

/// Maps a page without a look at the status.
private struct MapsRevoked: VfioDmaBufDriver {
  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    guard let vdev = try await buffer.vdev.load(), try await vdev.tryGetRegistration() else { return .sigbus }
    var result = FaultResult.sigbus
    try await vdev.memoryLock.downRead()
    if case .found(let pfn) = try buffer.findPfn(fault, order) {
      result = try await vdev.insertPfn(fault, pfn, order, buffer.bar)
    }
    try await vdev.memoryLock.upRead()
    try await vdev.putRegistration()
    return result
  }
}
