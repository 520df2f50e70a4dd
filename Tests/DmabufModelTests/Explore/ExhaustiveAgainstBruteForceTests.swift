// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// The exhaustive search and a plain enumeration of every interleaving must see the same, on programs that were
/// not chosen by hand.
struct ExhaustiveAgainstBruteForceTests {
  /// Interleavings above which a program is left out; a few random walks tell which those are.
  static let most = Environment.value("DMABUF_DEEP") != nil ? 1_500 : 300
  /// Programs to compare: a few hundred by default, ten thousand and more in a release build with `DMABUF_DEEP=1`.
  static let wanted = Environment.value("DMABUF_DEEP") != nil ? 12_000 : 400

  @Test(arguments: 0..<8)
  func seesTheSameOnRandomPrograms(part: Int) throws { try compare(part, Self.wanted / 8) }

  /// Threads and objects whose numbers are a matter of the schedule.
  @Test(arguments: 8..<12)
  func seesTheSameWhereThreadsStartThreads(part: Int) throws { try compare(part, family: true, Self.wanted / 16) }

  /// The scenario's own thread holds locks when it starts the others, and does things while it is alone.
  @Test(arguments: 12..<16)
  func seesTheSameWhereMainTakesPart(part: Int) throws { try compare(part, alone: true, Self.wanted / 12) }

  private func compare(_ part: Int, family: Bool = false, alone: Bool = false, _ wanted: Int) throws {
    var compared = 0
    var withDeadlocks = 0
    var reduced = 0
    var seed = UInt64(part) << 32
    while compared < wanted {
      seed += 1
      let program = RandomProgram(seed: seed, family: family, alone: alone)
      guard let (brute, optimal) = try Self.compare(program, seed: seed) else { continue }
      compared += 1
      withDeadlocks += brute.failures.traces[.deadlock] == nil ? 0 : 1
      reduced += optimal.executions < brute.executions ? 1 : 0
      #expect(brute.sees(theSameAs: optimal), "seed \(seed): \(program)")
      #expect(optimal.executions == optimal.traces.count, "seed \(seed) explores a class twice: \(program)")
    }
    // A generator that makes nothing but trivial programs would prove nothing.
    #expect(family || alone || withDeadlocks > compared / 20)
    #expect(reduced > compared / 3)
  }

  /// What both searches see; nothing for a program with too many interleavings.
  static func compare(_ program: RandomProgram, seed: UInt64) throws -> (brute: Observed, optimal: Observed)? {
    let ledger = Ledger()
    return try compare(program.scenario(ledger), ledger, "seed \(seed): \(program)")
  }

  static func compare(
    _ scenario: @escaping Scenario, _ ledger: Ledger, _ what: @autoclosure () -> String
  ) throws -> (brute: Observed, optimal: Observed)? {
    if try !SizeStrategy.isWithin(most, scenario) { return nil }
    var limits = Limits()
    limits.executions = most * 2
    let brute = ObservingStrategy(BruteForceStrategy(), ledger)
    do { _ = try survey(brute, limits: limits, scenario) } catch is SearchStopped { return nil }
    let optimal = ObservingStrategy(ExhaustiveStrategy(), ledger)
    let survey = try survey(optimal, scenario)
    #expect(survey.report.abandoned == 0, "an execution is given up: \(what())")
    return (brute.observed, optimal.observed)
  }
}
