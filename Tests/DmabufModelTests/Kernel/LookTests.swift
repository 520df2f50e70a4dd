// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// What the machine's own looks declare.
struct LookTests {
  @Test("a look at a rule declares what the rule reads, and the lock once it is of interest")
  func rulesAreDeclared() throws {
    try explore(.serial) { kernel in
      let lock = ReadWriteSemaphore(kernel, "lock")
      let isRevoked = Shared(kernel, "revoked", false)
      let rule = RevokeRule(lock, after: "the revoke") { look in look.load(isRevoked) }
      let reach = FileMapping(kernel, revokedWhen: [rule]).reach
      func declared() -> [ObjectAccess] {
        var list = AccessList()
        reach.declareRules(&list)
        return list.all
      }
      try kernel.expect(declared(), is: [ObjectAccess(isRevoked.object, .look)])
      try await isRevoked.store(true)
      try kernel.expect(declared(), is: [ObjectAccess(isRevoked.object, .look), ObjectAccess(lock.object, .look)])
    }
  }

  @Test("tables of a page table go with the last entry in the range, and a larger page can come in their place")
  func tablesAreFreed() throws {
    try explore(.serial) { kernel in
      let (ram, reach) = (Ram(kernel, at: 0), FileMapping(kernel).reach)
      for (order, larger) in [(PageOrder.page, PageOrder.pmd), (.page, .pud), (.pmd, .pud)] {
        var region = PageTableRegion(base: 0)
        region.insert(
          PageTableEntry(
            address: 0, order: order, frame: Pfn(rawValue: 0), isWritable: true, memory: ram, reach: reach))
        try kernel.check(!region.isEmpty(at: 0, order: larger), "\(larger) over an entry of \(order)")
        _ = region.removeFirst(in: 0..<order.size)
        try kernel.check(!region.isEmpty(at: 0, order: larger), "\(larger) over a table of \(order)")
        region.freeTables(in: 0..<order.size)
        try kernel.check(region.isEmpty(at: 0, order: larger), "a table of \(order) is left")
      }
    }
  }
}
