// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

/// Locks that queue cause nothing in the driver that locks in any order do not.
@Suite("The driver's race with locks that queue")
struct QueuedRaceTests {
  private static func queued(_ scenario: @escaping Scenario) -> Scenario {
    { kernel in
      kernel.queueLocks()
      try await scenario(kernel)
    }
  }

  @Test("is proved by both engines, in more executions than without queues", arguments: [("FR", 8), ("FRM", 503)])
  func proof(word: String, expected: Int) async throws {
    let report = try await explore(.exhaustive, name: word, Self.queued(Race.scenario(word)))
    #expect(report.executions == expected)
    #expect(report.abandoned == 0)
    let states = try await explore(.stateCaching, name: word, Self.queued(Race.scenario(word)))
    #expect(states.description.contains("locks: queued as in the kernel"))
  }

  @Test("is made of steps that declare what they touch")
  func commutes() throws {
    #expect(try checkCommutation(pairs: 60, Self.queued(Race.scenario("FRM"))) > 20)
  }

  @Test("still shows a revoke that does not look a second time")
  func mistake() async throws {
    let failure = try await #require(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, Self.queued(Race.scenario("FR", looksTwice: false)))
    }
    #expect(failure.finding.kind == .check)
  }
}
