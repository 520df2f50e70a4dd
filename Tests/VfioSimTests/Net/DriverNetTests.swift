// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// All searches must agree on programs over the whole library, with generated drivers.
struct DriverNetTests {
  static let isDeep = Environment.value("DMABUF_DEEP") != nil
  /// The programs are divided, so that the parts run side by side.
  static let parts = 8

  /// What the programs of one part have come to.
  struct Shares {
    var compared = 0
    var failing = 0
    var reduced = 0
    var cut = 0
    var wrong = 0
    var mixed = 0
    var runs = 0
    var bruteRuns = 0
    var skipped = 0
  }

  /// Small programs, against a plain enumeration of their interleavings.
  @Test(arguments: 0..<parts)
  func agreesWithEveryOrder(part: Int) throws {
    let shares = try Self.compare(part, isLarge: false, Self.isDeep ? 3_000 : 56)
    // A generator of trivial programs would prove nothing.
    #expect(shares.failing * 8 > shares.compared)
    #expect(shares.failing * 10 < shares.compared * 9)
    #expect(shares.reduced * 2 > shares.compared)
  }

  /// Larger ones: the searches against each other, and with each thread declared first.
  @Test(arguments: 0..<4)
  func agreesOnLargerPrograms(part: Int) throws {
    let shares = try Self.compare(part, isLarge: true, Self.isDeep ? 2_000 : 48)
    #expect(shares.failing * 8 > shares.compared)
  }

  static func compare(_ part: Int, isLarge: Bool, _ wanted: Int) throws -> Shares {
    var shares = Shares()
    var seed = UInt64(part) << 32 | (isLarge ? 1 << 30 : 0)
    while shares.compared < wanted / parts {
      seed += 1
      let program = DriverProgram(seed: seed, isLarge: isLarge)
      let size = NetCheck.Size(
        interleavings: isLarge ? 300 : isDeep ? 3_000 : 300, classes: isLarge ? isDeep ? 2_000 : 60 : nil,
        states: isDeep ? 20_000 : 200)
      let check = try NetCheck(program, size, keepsEven: seed % 6 == 0)
      guard let check else {
        shares.skipped += 1
        continue
      }
      shares.compared += 1
      shares.runs += check.runs
      shares.bruteRuns += check.brute?.executions ?? 0
      shares.mixed += check.isMixed ? 1 : 0
      shares.failing += check.fails ? 1 : 0
      shares.reduced += check.isReduced ? 1 : 0
      shares.cut += check.optimal.cutShort > 0 ? 1 : 0
      shares.wrong += check.complaints.isEmpty ? 0 : 1
      #expect(
        check.complaints.isEmpty,
        "seed \(seed), \(isLarge ? "large" : "small"): \(program)\n  \(check.complaints.joined(separator: "\n  "))")
    }
    if Environment.value("NET_SHARES") != nil { print("part \(part): \(shares)") }
    return shares
  }
}
