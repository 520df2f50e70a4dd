// SPDX-License-Identifier: GPL-2.0-only

/// The page tables of an address space.
///
/// Each gigabyte of addresses is an object of its own for the search, so that accesses to different areas commute: what
/// the page table lock is in the kernel. The corresponding C type is `pgd_t`.
actor PageTable: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var regions: ContiguousArray<PageTableRegion> = []

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("pgd")
  }

  /// Walks the tables and makes the access that was the reason, in one step.
  func access(
    _ access: MemoryAccess, _ label: StaticString, file: StaticString, line: UInt
  ) async throws(KernelFault) -> PageWalk {
    let place = place(of: access.address)
    while true {
      // What lies behind the entry has to be declared before the entry may be looked at. So guess, and look again if
      // the guess turns out to be wrong.
      let guess = regions[place].entry(at: access.address)?.memory.accesses(isWrite: access.isWrite)
      if let guess { kernel.declareAlso(guess.0, guess.1) }
      try await step(on: regions[place].object, .read, label, file, line)
      guard let entry = regions[place].entry(at: access.address), entry.isWritable || !access.isWrite else {
        kernel.retractAlso()
        kernel.remark("\(hex(access.address)): not present")
        return .miss(regions[place].emptyLevels(at: access.address))
      }
      let actual = entry.memory.accesses(isWrite: access.isWrite)
      guard let guess, guess == actual else {
        kernel.retractAlso()
        continue
      }
      try kernel.enterAlso(actual.0, actual.1)
      return .value(try perform(access, through: entry))
    }
  }

  private func perform(_ access: MemoryAccess, through entry: PageTableEntry) throws(KernelFault) -> UInt64 {
    let physical = entry.frame.address + (access.address - entry.address)
    guard let value = access.value else {
      let value = try entry.memory.loadNow(physical, width: access.width)
      kernel.remark("\(hex(access.address)) = \(hex(value))")
      return value
    }
    try entry.memory.storeNow(physical, width: access.width, value)
    kernel.remark("\(hex(access.address)) <- \(hex(value))")
    return value
  }

  /// Sets an entry where there is none; one that is there stays (semantics MM11, MM12).
  func insert(_ entry: PageTableEntry, file: StaticString, line: UInt) async throws(KernelFault) {
    let place = place(of: entry.address)
    try await step(on: regions[place].object, .write, entry.order.insertLabel, file, line)
    guard regions[place].isEmpty(at: entry.address, order: entry.order) else {
      kernel.remark("\(hex(entry.address)): present already")
      return
    }
    try set(entry, in: place)
  }

  /// Clears the entries in a range, one a step, in the order of addresses (semantics MM15, MM16, MM17).
  ///
  /// A range without entries takes one step, which sees that. A huge entry that lies partly in the range is dropped whole
  /// and comes back by a fault. Finer than the kernel, which holds the page table lock for a batch of entries, because
  /// loads do not take that lock.
  func zap(
    _ range: Range<UInt64>, _ label: StaticString, freesTables: Bool = false, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    for part in range.gigabytes {
      let place = place(of: part.lowerBound)
      var rest = part
      repeat {
        try await step(on: regions[place].object, .write, label, file, line)
        guard let entry = regions[place].removeFirst(in: rest) else { break }
        entry.census.remove()
        kernel.remark("\(hex(entry.address)): cleared")
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while regions[place].hasEntry(in: rest)
      if freesTables { regions[place].freeTables(in: part) }
    }
  }

  /// Copies the entries in a range from a parent's tables, one a step (semantics MM21).
  ///
  /// The corresponding C function is `copy_page_range`.
  func copy(_ range: Range<UInt64>, from parent: PageTable, file: StaticString, line: UInt) async throws(KernelFault) {
    for part in range.gigabytes {
      let place = place(of: part.lowerBound)
      let source = ObjectAccess(parent.region(at: part.lowerBound), .read)
      var rest = part
      repeat {
        kernel.declareAlso(source, nil)
        try await step(on: regions[place].object, .write, "copy_page_range", file, line)
        try kernel.enterAlso(source, nil)
        guard let entry = parent.firstEntry(in: rest) else { break }
        try set(entry, in: place)
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while parent.firstEntry(in: rest) != nil
    }
  }

  private nonisolated func region(at address: UInt64) -> ObjectID {
    assumeIsolated { $0.regions[$0.place(of: address)].object }
  }

  private nonisolated func firstEntry(in range: Range<UInt64>) -> PageTableEntry? {
    assumeIsolated { $0.regions[$0.place(of: range.lowerBound)].firstEntry(in: range) }
  }

  /// The entries in a range.
  ///
  /// Not a step: for reports.
  func entries(in range: Range<UInt64>) -> [PageTableEntry] { regions.flatMap { $0.entries(in: range) } }

  private func set(_ entry: PageTableEntry, in place: Int) throws(KernelFault) {
    regions[place].insert(entry)
    kernel.remark("\(hex(entry.address)) -> pfn \(entry.frame)")
    if entry.census.add() { return }
    throw kernel.fail(
      .outlivesRevoke,
      "\(kernel.threads[kernel.current].name) maps \(hex(entry.address)) to pfn \(entry.frame) after the revoke")
  }

  private nonisolated func step(
    on region: ObjectID, _ access: Access, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    if kernel.mustPark(region, access, label, [], file, line) { await kernel.park() }
    try kernel.enter(region, access)
  }

  /// The place of the region around an address, which is made if this is the first look at it.
  private func place(of address: UInt64) -> Int {
    let base = PageOrder.pud.alignDown(address)
    if let place = regions.firstIndex(where: { $0.base == base }) { return place }
    regions.append(PageTableRegion(base: base, object: kernel.register("page table")))
    return regions.count - 1
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
  /// There is no entry; the levels of the tables at which there is nothing at all, not even a table.
  case miss(EmptyLevels)
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
