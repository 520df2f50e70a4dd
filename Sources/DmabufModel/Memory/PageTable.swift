// SPDX-License-Identifier: GPL-2.0-only

/// The page tables of an address space.
///
/// Accesses to different gigabytes touch different objects, so that for a search faults on different areas commute:
/// what the page table locks are in the kernel.
///
/// The corresponding C type is `pgd_t`.
actor PageTable: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// What stands for the gigabytes, in turns: which one is a matter of the address alone, whatever has been mapped yet.
  private nonisolated let firstTable: ObjectID
  // The actor is the machine's: nothing else can be in the middle of an access. Not to ask is worth a hundredth of a
  // fault.
  @safe @exclusivity(unchecked) private var regions: ContiguousArray<PageTableRegion> = []

  nonisolated var parts: [ObjectID] { (0..<Self.tableCount).map { table($0) } }

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("pgd")
    firstTable = kernel.register("page table")
    for _ in 1..<Self.tableCount { _ = kernel.register("page table") }
  }

  private static let tableCount = 8

  /// The object with which a step touches the gigabyte at an address; they are registered in a row.
  private nonisolated func table(at address: UInt64) -> ObjectID {
    table(Int(truncatingIfNeeded: address / PageOrder.pud.size) & (Self.tableCount - 1))
  }

  private nonisolated func table(_ place: Int) -> ObjectID { ObjectID(firstTable.index + place) }

  /// Makes an access, if there is an entry for it.
  ///
  /// The look at the entry and the access are one step. If there is no entry, the same step looks for the area, which
  /// is needed then.
  func access(
    _ access: MemoryAccess, of areas: AreaTree, _ label: StaticString, file: StaticString, line: UInt
  ) async throws(KernelFault) -> PageWalk {
    try await step(
      on: table(at: access.address), .read, label,
      touching: {
        { list in
          guard let entry = self.entryNow(for: access) else { return list.add(areas.object, .read) }
          let (memory, gate) = entry.memory.accesses(isWrite: access.isWrite)
          list.add(memory)
          if let gate { list.add(gate) }
        }
      }, file: file, line: line)
    guard let entry = entry(for: access) else {
      note("\(hex(access.address)): not present")
      return .miss(emptyLevels(at: access.address), in: areas.areaNow(at: access.address))
    }
    return .value(try perform(access, through: entry))
  }

  private nonisolated func entryNow(for access: MemoryAccess) -> PageTableEntry? {
    assumeIsolated { $0.entry(for: access) }
  }

  /// The entry for an access, unless it does not allow the access.
  private func entry(for access: MemoryAccess) -> PageTableEntry? {
    guard let place = place(ofRegion: access.address), let entry = regions[place].entry(at: access.address) else {
      return nil
    }
    return entry.isWritable || !access.isWrite ? entry : nil
  }

  private func emptyLevels(at address: UInt64) -> EmptyLevels {
    place(ofRegion: address).map { regions[$0].emptyLevels(at: address) } ?? [.pud, .pmd]
  }

  private func perform(_ access: MemoryAccess, through entry: PageTableEntry) throws(KernelFault) -> UInt64 {
    try entry.requireMemory(access, kernel)
    kernel.spend(access.isWrite ? .deviceStore : .deviceLoad)
    let physical = entry.frame.address + (access.address - entry.address)
    guard let value = access.value else {
      let value = try entry.memory.loadNow(physical, width: access.width)
      note("\(hex(access.address)) = \(hex(value))")
      return value
    }
    try entry.memory.storeNow(physical, width: access.width, value)
    note("\(hex(access.address)) <- \(hex(value))")
    return value
  }

  /// Sets an entry where there is none; one that is there stays (semantics MM11, MM12).
  func insert(_ entry: PageTableEntry, file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(
      on: table(at: entry.address), .write, entry.order.insertLabel,
      touching: {
        { list in if self.assumeIsolated({ $0.isEmpty(for: entry) }) { entry.declareInsertion(&list) } }
      }, file: file, line: line)
    if isEmpty(for: entry) {
      try set(entry)
    } else {
      kernel.changedNothing()
      note("\(hex(entry.address)): present already")
    }
  }

  private func isEmpty(for entry: PageTableEntry) -> Bool {
    place(ofRegion: entry.address).map { regions[$0].isEmpty(at: entry.address, order: entry.order) } ?? true
  }

  /// Clears the entries in a range, one a step, in the order of addresses (semantics MM15, MM16, MM17).
  ///
  /// A range without entries takes one step, which sees that. A huge entry that lies partly in the range is dropped
  /// whole and comes back by a fault. Finer than the kernel, which holds the page table lock for a batch of entries,
  /// because loads do not take that lock.
  func zap(
    _ range: Range<UInt64>, _ label: StaticString, freesTables: Bool = false, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    for part in range.gigabytes {
      var rest = part
      var hasCleared = false
      repeat {
        let searched = rest
        try await step(
          on: table(at: part.lowerBound), .write, label,
          touching: { { list in self.firstEntryNow(in: searched)?.declareRemoval(&list) } }, file: file, line: line)
        guard let entry = removeFirst(in: rest) else { break }
        note("\(hex(entry.address)): cleared")
        kernel.spend(.clearEntry)
        hasCleared = true
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while firstEntry(in: rest) != nil
      if hasCleared { kernel.spend(.flushTranslations(of: table(at: part.lowerBound))) }
      if freesTables, let place = place(ofRegion: part.lowerBound) { regions[place].freeTables(in: part) }
    }
  }

  private func removeFirst(in range: Range<UInt64>) -> PageTableEntry? {
    guard let place = place(ofRegion: range.lowerBound), let entry = regions[place].removeFirst(in: range) else {
      kernel.changedNothing()
      return nil
    }
    entry.reach.remove(entry, in: object)
    return entry
  }

  /// Copies the entries in a range from a parent's tables, one a step (semantics MM21).
  ///
  /// The corresponding C function is `copy_page_range`.
  func copy(_ range: Range<UInt64>, from parent: PageTable, file: StaticString, line: UInt) async throws(KernelFault) {
    for part in range.gigabytes {
      var rest = part
      repeat {
        let searched = rest
        try await step(
          on: table(at: part.lowerBound), .write, "copy_page_range",
          also: ObjectAccess(parent.table(at: part.lowerBound), .read),
          touching: { { list in parent.firstEntryNow(in: searched)?.declareInsertion(&list) } }, file: file, line: line)
        guard let entry = parent.firstEntryNow(in: rest) else { break }
        try set(entry)
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while parent.firstEntryNow(in: rest) != nil
    }
  }

  private nonisolated func firstEntryNow(in range: Range<UInt64>) -> PageTableEntry? {
    assumeIsolated { $0.firstEntry(in: range) }
  }

  private func firstEntry(in range: Range<UInt64>) -> PageTableEntry? {
    place(ofRegion: range.lowerBound).flatMap { regions[$0].firstEntry(in: range) }
  }

  private func set(_ entry: PageTableEntry) throws(KernelFault) {
    if place(ofRegion: entry.address) == nil {
      regions.append(PageTableRegion(base: PageOrder.pud.alignDown(entry.address)))
    }
    guard let place = place(ofRegion: entry.address) else { return }
    regions[place].insert(entry)
    kernel.spend(.setEntry)
    note("\(hex(entry.address)) -> pfn \(entry.frame)")
    try entry.reach.add(entry, in: object)
  }

  private func place(ofRegion address: UInt64) -> Int? {
    let base = PageOrder.pud.alignDown(address)
    return regions.firstIndex { $0.base == base }
  }

  /// Adds every entry.
  func describe(to fingerprint: inout Fingerprint) {
    // Regions are there from the first entry in them on, in whichever order.
    for region in regions.sorted(by: { $0.base < $1.base }) { region.describe(to: &fingerprint) }
  }
}

/// A load or a store by virtual address.
struct MemoryAccess: Sendable {
  let address: UInt64
  let width: Int
  /// What is stored; a load has none.
  let value: UInt64?

  var isWrite: Bool { value != nil }
}

/// What came of an access.
enum PageWalk: Sendable {
  /// The value that was loaded or stored.
  case value(UInt64)
  /// There is no entry: the levels of the tables at which there is nothing at all, not even a table, and the area.
  case miss(EmptyLevels, in: VirtualMemoryArea?)
}

/// The levels above the lowest at which nothing is in an entry's place.
struct EmptyLevels: OptionSet, Sendable {
  let rawValue: UInt8
  /// The corresponding C function is `pud_none`.
  static let pud = EmptyLevels(rawValue: 1)
  /// The corresponding C function is `pmd_none`.
  static let pmd = EmptyLevels(rawValue: 2)
}

extension PageOrder {
  fileprivate var insertLabel: StaticString {
    switch self {
    case .page: "vmf_insert_pfn"
    case .pmd: "vmf_insert_pfn_pmd"
    case .pud: "vmf_insert_pfn_pud"
    }
  }
}

extension Range<UInt64> {
  /// The range cut at multiples of the largest page.
  fileprivate var gigabytes: [Range<UInt64>] {
    var parts: [Range<UInt64>] = []
    var start = lowerBound
    while start < upperBound {
      let end = Swift.min(upperBound, PageOrder.pud.alignDown(start) + PageOrder.pud.size)
      parts.append(start..<end)
      start = end
    }
    return parts
  }
}
