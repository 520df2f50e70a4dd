// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// All searches must agree on programs over the small primitives.
struct SmallNetTests {
  static let isDeep = Environment.value("DMABUF_DEEP") != nil
  static let parts = 8
  static let wanted = isDeep ? 4_000 : 200

  @Test(arguments: 0..<parts)
  func agreesWithEveryOrder(part: Int) throws {
    var (compared, failing, mixed, reduced, runs, skipped, wrong) = (0, 0, 0, 0, 0, 0, 0)
    var seed = UInt64(part) << 32 | 1 << 29
    let size = NetCheck.Size(interleavings: Self.isDeep ? 3_000 : 400, states: Self.isDeep ? 20_000 : 200)
    while compared < Self.wanted / Self.parts {
      seed += 1
      let program = SmallProgram(seed: seed)
      guard let check = try NetCheck(program, size, keepsEven: seed % 4 == 0) else {
        skipped += 1
        continue
      }
      compared += 1
      failing += check.fails ? 1 : 0
      mixed += check.isMixed ? 1 : 0
      reduced += check.isReduced ? 1 : 0
      wrong += check.complaints.isEmpty ? 0 : 1
      runs += check.runs
      #expect(check.complaints.isEmpty, "seed \(seed): \(program)\n  \(check.complaints.joined(separator: "\n  "))")
    }
    if Environment.value("NET_SHARES") != nil {
      print(
        "part \(part): \(compared), \(failing) fail, \(mixed) mixed, \(reduced) reduced, \(wrong) wrong, \(runs) runs, \(skipped)"
      )
    }
    // A generator of trivial programs would prove nothing.
    #expect(failing * 5 > compared)
    #expect(mixed * 8 > compared)
    #expect(reduced * 3 > compared)
  }
}
