// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// The short form of a class must tell the same executions apart as the long one.
struct TraceDigestTests {
  @Test(arguments: 0..<4)
  func isTheSameForTheSameClasses(part: Int) throws {
    var compared = 0
    var seed = UInt64(part) << 32 | 1 << 28
    while compared < 12 {
      seed += 1
      let program = RandomProgram(seed: seed)
      let ledger = Ledger()
      if try !SizeStrategy.isWithin(300, program.scenario(ledger)) { continue }
      var limits = Limits()
      limits.executions = 600
      let keeping = BothForms()
      do { _ = try survey(keeping, limits: limits, program.scenario(ledger)) } catch is SearchStopped { continue }
      compared += 1
      #expect(Set(keeping.digests.values).count == keeping.digests.count, "seed \(seed): \(program)")
      #expect(keeping.isWellDefined, "seed \(seed): \(program)")
    }
  }
}

private final class BothForms: Strategy {
  private let base = BruteForceStrategy()
  private(set) var digests: [CanonicalTrace: TraceDigest] = [:]
  private(set) var isWellDefined = true

  var decidesForcedSteps: Bool { true }
  var mustFinish: Bool { true }
  func beginExecution() -> Bool { base.beginExecution() }
  func choose(_ point: DecisionPoint) -> Int { base.choose(point) }

  func endExecution(_ execution: Execution) {
    let (long, short) = (CanonicalTrace(execution.kernel), TraceDigest(execution.kernel))
    if let known = digests[long], known != short { isWellDefined = false }
    digests[long] = short
    base.endExecution(execution)
  }
}
