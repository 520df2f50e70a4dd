// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// All searches must agree on programs whose locks queue as the kernel's do.
struct QueueNetTests {
  static let isDeep = Environment.value("DMABUF_DEEP") != nil
  static let parts = 4
  static let wanted = isDeep ? 4_000 : 120

  @Test(arguments: 0..<parts)
  func agreesWithEveryOrder(part: Int) throws {
    var (compared, failing, mixed, reduced, three) = (0, 0, 0, 0, 0)
    var seed = UInt64(part) << 32 | 1 << 30
    let size = NetCheck.Size(interleavings: Self.isDeep ? 6_000 : 600, states: Self.isDeep ? 20_000 : 400)
    while compared < Self.wanted / Self.parts {
      seed += 1
      let program = QueueProgram(seed: seed)
      guard let check = try NetCheck(program, size, keepsEven: true) else { continue }
      compared += 1
      failing += check.fails ? 1 : 0
      mixed += check.isMixed ? 1 : 0
      reduced += check.isReduced ? 1 : 0
      three += program.threadCount > 2 ? 1 : 0
      #expect(check.complaints.isEmpty, "seed \(seed): \(program)\n  \(check.complaints.joined(separator: "\n  "))")
    }
    if Environment.value("NET_SHARES") != nil {
      print("part \(part): \(compared), \(failing) fail, \(mixed) mixed, \(reduced) reduced, \(three) of three threads")
    }
    // A generator of trivial programs would prove nothing.
    #expect(failing * 20 > compared)
    #expect(mixed > 0)
    #expect(reduced * 3 > compared)
    #expect(three * 10 > compared)
  }

  /// The programs of the other net, with locks, fields, completions and counters in one program.
  @Test(arguments: 16..<20)
  func agreesOnRandomPrograms(part: Int) throws {
    var compared = 0
    var seed = UInt64(part) << 32
    while compared < (Self.isDeep ? 1_000 : 30) {
      seed += 1
      let program = RandomProgram(seed: seed, family: part == 18, alone: part == 19)
      if !program.kinds.contains(where: { $0 == .mutex || $0 == .rwsem }) { continue }
      let ledger = Ledger()
      let scenario: Scenario = { kernel in
        kernel.queueLocks()
        try await program.scenario(ledger)(kernel)
      }
      guard let (brute, optimal) = try ExhaustiveAgainstBruteForceTests.compare(scenario, ledger, "seed \(seed)")
      else { continue }
      compared += 1
      #expect(brute.sees(theSameAs: optimal), "seed \(seed): \(program)")
      #expect(optimal.executions == optimal.traces.count, "seed \(seed) explores a class twice: \(program)")
    }
  }

  /// What locks in any order let come about contains what the queues do.
  @Test(arguments: 0..<2)
  func isWithinAnyOrder(part: Int) throws {
    var compared = 0
    var seed = UInt64(part) << 32 | 1 << 31
    while compared < (Self.isDeep ? 400 : 20) {
      seed += 1
      guard let queued = try Self.endings(QueueProgram(seed: seed)) else { continue }
      guard let any = try Self.endings(QueueProgram(seed: seed, isQueued: false)) else { continue }
      // A try that fails because somebody waits, and what is found in the queue, are the queue's own.
      if queued.joined().contains("false") || queued.contains(where: { !$0.hasPrefix("passes") }) { continue }
      compared += 1
      #expect(queued.isSubset(of: any), "seed \(seed): \(QueueProgram(seed: seed))")
    }
  }

  private static func endings(_ program: QueueProgram) throws -> Set<String>? {
    let notes = Notes()
    if try !SizeStrategy.isWithin(600, program.scenario(notes)) { return nil }
    let keeping = TallyStrategy(ExhaustiveStrategy(), notes)
    _ = try survey(keeping, program.scenario(notes))
    return Set(keeping.tally.endings.map(\.description))
  }
}
