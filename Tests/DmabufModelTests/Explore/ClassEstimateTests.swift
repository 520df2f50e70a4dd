// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// An estimate need not be near, but its mean must be right and its spread honest.
struct ClassEstimateTests {
  @Test(arguments: [("FR", 3.0), ("FRM", 23.0), ("FFRM", 202.0)])
  func meanIsTheNumberOfClasses(word: String, classes: Double) throws {
    let estimate = try estimateClasses(samples: 60, width: 32, seed: 9, Race.scenario(word))
    #expect(abs(estimate.executions - classes) <= max(4 * estimate.spread, 0.001), "\(estimate)")
    #expect(estimate.spread < classes)
  }

  @Test func oneOrderIsOneClass() throws {
    let estimate = try estimateClasses { kernel in
      for _ in 0..<4 {
        let x = Shared(kernel, "x", 0)
        kernel.thread("alone") { try await x.store(1) }
      }
      try await kernel.join()
    }
    #expect(estimate == SearchEstimate(executions: 1, spread: 0))
  }

  @Test func aStrategyGivesItForTheProgressLine() throws {
    let strategy = ExhaustiveStrategy()
    #expect(strategy.estimate == nil)
    try explore(strategy, Race.scenario("FR"))
    let estimate = try #require(strategy.estimate)
    #expect(abs(estimate.executions - 3) <= 4 * estimate.spread)
    #expect(strategy.estimate == estimate)
  }
}
