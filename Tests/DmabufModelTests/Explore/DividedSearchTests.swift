// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// A search that is divided must see what one by one machine sees, however it is divided and whoever is first.
struct DividedSearchTests {
  /// Does the units of a search on one machine, or on several in turns, in an order that a seed decides.
  static func divided(
    _ scenario: @escaping Scenario, _ ledger: Ledger?, budget: Int, window: Int, seed: UInt64, machines: Int = 2
  ) throws -> (observed: Observed, search: DividedSearch) {
    var numbers = SplitMix64(seed: seed)
    let name = SearchName(file: "", line: 0, function: "divided", name: "divided")
    let exploration = Exploration(name: name, limits: Limits(), options: ReportOptions())
    let source = DividedSearch(limit: 1_000_000, budget: budget)
    let pool = WorkPool(source, window: window)
    let kernels = (0..<machines).map { _ in Kernel() }
    defer { for kernel in kernels { kernel.shutDown() } }
    let strategies = kernels.map { _ in ExhaustiveStrategy(sharing: source.registry) }
    var observed = Observed()
    var ready: [(result: [DividedSearch.Explored], slot: Int)] = []
    while true {
      var order = pool.take()
      if !ready.isEmpty && numbers.below(2) == 0 {
        if case .unit = order {} else { order = .wait }
      }
      switch order {
      case .over: return (observed, pool.source)
      case .wait:
        let done = ready.remove(at: numbers.below(ready.count))
        pool.put(done.result, slot: done.slot)
      case .unit(let unit, let slot):
        let machine = numbers.below(machines)
        let strategy = strategies[machine]
        var error: ScenarioError?
        let results = strategy.explore(unit) {
          let observing = ObservingStrategy(strategy, ledger)
          let part = exploration.part(kernels[machine], observing, stopsAtFinding: false, scenario)
          observed.add(observing.observed)
          error = part.error
          return part
        }
        ready.append((results, slot))
        if let error { throw error }
      }
    }
  }

  static func alone(_ scenario: @escaping Scenario, _ ledger: Ledger?) throws -> (Observed, ExplorationReport) {
    let observing = ObservingStrategy(ExhaustiveStrategy(), ledger)
    let report = try survey(observing, scenario).report
    return (observing.observed, report)
  }

  @Test(arguments: ["FR", "FRM", "MRFF"], [1, 3, 20])
  func race(word: String, budget: Int) throws {
    let (alone, report) = try Self.alone(Race.scenario(word), nil)
    for seed in 0..<4 as Range<UInt64> {
      let (observed, search) = try Self.divided(
        Race.scenario(word), nil, budget: budget, window: [1, 2, 64, 9][Int(seed)], seed: seed)
      #expect(search.sum.report.executions == report.executions)
      #expect(search.sum.report.abandoned == 0)
      #expect(search.sum.report.steps == report.steps)
      #expect(observed.sees(theSameAs: alone))
    }
  }

  @Test(arguments: 0..<8)
  func randomPrograms(part: Int) throws {
    let wanted = (Environment.value("DMABUF_DEEP") != nil ? 4_000 : 96) / 8
    var compared = 0
    var seed = UInt64(part) << 32 | 1 << 20
    while compared < wanted {
      seed += 1
      let program = RandomProgram(seed: seed)
      let ledger = Ledger()
      var limits = Limits()
      limits.executions = 600
      let observing = ObservingStrategy(ExhaustiveStrategy(), ledger)
      let report: ExplorationReport
      do {
        report = try survey(observing, limits: limits, program.scenario(ledger)).report
      } catch is SearchStopped { continue }
      if report.executions < 4 { continue }
      compared += 1
      let budget = Int(seed % 5) + 1
      let window = [1, 2, 5, 64][Int(seed / 5 % 4)]
      let (observed, search) = try Self.divided(
        program.scenario(ledger), ledger, budget: budget, window: window, seed: seed)
      let sum = search.sum.report
      #expect(sum.executions == report.executions, "seed \(seed), budget \(budget), window \(window): \(program)")
      #expect(sum.abandoned == 0, "seed \(seed)")
      #expect(sum.steps == report.steps, "seed \(seed)")
      #expect(observed.sees(theSameAs: observing.observed), "seed \(seed): \(program)")
    }
  }
}
