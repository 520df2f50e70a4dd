// SPDX-License-Identifier: GPL-2.0-only

/// What threads have lately seen in a page table: what a TLB would hold, without its lies.
///
/// A hint for the next access, which looks at the table all the same. A thread finds here only what it has seen itself:
/// what it declares must follow from its own past, or a search that changes the order of other threads' steps would see
/// it do something else.
struct Translations {
  private struct Translation {
    let addresses: Range<UInt64>
    let memory: any PhysicalMemory
  }

  /// By thread; the latest first.
  private var threads: ContiguousArray<ContiguousArray<Translation>> = []

  private static let size = 8

  func memory(at address: UInt64, for thread: Int) -> (any PhysicalMemory)? {
    thread < threads.count ? threads[thread].first { $0.addresses.contains(address) }?.memory : nil
  }

  mutating func remember(_ entry: PageTableEntry, for thread: Int) {
    while threads.count <= thread { threads.append([]) }
    forget(entry.address, for: thread)
    if threads[thread].count == Self.size { threads[thread].removeLast() }
    threads[thread].insert(Translation(addresses: entry.address..<entry.end, memory: entry.memory), at: 0)
  }

  mutating func forget(_ address: UInt64, for thread: Int) {
    if thread < threads.count { threads[thread].removeAll { $0.addresses.contains(address) } }
  }
}
