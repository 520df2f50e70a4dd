// SPDX-License-Identifier: GPL-2.0-only

/// What a page table says about one page of some size.
struct PageTableEntry: Sendable {
  /// The first virtual address.
  let address: UInt64
  let order: PageOrder
  let frame: Pfn
  let isWritable: Bool
  let memory: any PhysicalMemory
  /// What leads to the file that is mapped.
  let reach: Reach

  var end: UInt64 { address + order.size }

  /// Checks that the memory is there: what a step declares is looked at only while there are other threads.
  func requireMemory(_ access: MemoryAccess, _ kernel: Kernel) throws(KernelFault) {
    let (bytes, gate) = memory.accesses(isWrite: access.isWrite)
    try kernel.requireLive(bytes.object)
    if let gate { try kernel.requireLive(gate.object) }
  }

  /// Declares what setting the entry touches apart from the table.
  func declareInsertion(_ list: inout AccessList) { reach.declareInsertion(of: memory, &list) }

  /// Declares what clearing the entry touches apart from the table.
  func declareRemoval(_ list: inout AccessList) { reach.declareRemoval(of: memory, &list) }
}

/// A gigabyte of an address space: its entries, and the tables in which they stand.
struct PageTableRegion {
  let base: UInt64

  /// Sorted by address, without overlap.
  private var entries: ContiguousArray<PageTableEntry> = []
  /// The starts of the 2 MiB for which there is a table of pages.
  ///
  /// It stays when its last entry is cleared.
  private var pageTables: [UInt64] = []
  /// Whether there is a table of 2 MiB pages.
  private var hasMiddleTable = false

  init(base: UInt64) { self.base = base }

  func entry(at address: UInt64) -> PageTableEntry? {
    let place = place(after: address) - 1
    guard place >= 0, entries[place].end > address else { return nil }
    return entries[place]
  }

  func firstEntry(in range: Range<UInt64>) -> PageTableEntry? { firstPlace(in: range).map { entries[$0] } }

  private func hasEntry(in range: Range<UInt64>) -> Bool { firstPlace(in: range) != nil }

  /// Whether an entry of a size can be set: neither an entry nor a table of smaller ones is in its place.
  func isEmpty(at address: UInt64, order: PageOrder) -> Bool {
    if entry(at: address) != nil { return false }
    return switch order {
    case .page: true
    case .pmd: !pageTables.contains(address)
    case .pud: !hasMiddleTable
    }
  }

  /// The levels at which a huge page may be tried (semantics MM10).
  func emptyLevels(at address: UInt64) -> EmptyLevels {
    var levels: EmptyLevels = []
    if isEmpty(at: PageOrder.pud.alignDown(address), order: .pud) { levels.insert(.pud) }
    if isEmpty(at: PageOrder.pmd.alignDown(address), order: .pmd) { levels.insert(.pmd) }
    return levels
  }

  mutating func insert(_ entry: PageTableEntry) {
    entries.insert(entry, at: place(after: entry.address))
    if entry.order < .pud { hasMiddleTable = true }
    let table = PageOrder.pmd.alignDown(entry.address)
    if entry.order == .page && !pageTables.contains(table) { pageTables.append(table) }
  }

  mutating func removeFirst(in range: Range<UInt64>) -> PageTableEntry? {
    firstPlace(in: range).map { entries.remove(at: $0) }
  }

  /// Frees the tables that a range had and that nothing else stands in.
  ///
  /// The corresponding C function is `free_pgtables`.
  mutating func freeTables(in range: Range<UInt64>) {
    pageTables = pageTables.filter { table in
      let span = table..<table + PageOrder.pmd.size
      return !span.overlaps(range) || hasEntry(in: span)
    }
    if pageTables.isEmpty && entries.isEmpty { hasMiddleTable = false }
  }

  /// Adds every entry and the tables that are there.
  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(base)
    fingerprint.add(entries.count)
    for entry in entries {
      fingerprint.add(entry.address)
      fingerprint.add(entry.order)
      fingerprint.add(entry.frame.rawValue)
      fingerprint.add(entry.isWritable)
      fingerprint.add(entry.memory.accesses(isWrite: false).0.object)
      fingerprint.add(entry.reach.entries.object)
    }
    fingerprint.add(pageTables.sorted())
    fingerprint.add(hasMiddleTable)
  }

  private func firstPlace(in range: Range<UInt64>) -> Int? {
    if range.isEmpty { return nil }
    var place = place(after: range.lowerBound)
    if place > 0 && entries[place - 1].end > range.lowerBound { place -= 1 }
    return place < entries.count && entries[place].address < range.upperBound ? place : nil
  }

  /// The number of entries that start at an address or before it.
  private func place(after address: UInt64) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
