// SPDX-License-Identifier: GPL-2.0-only

/// The page tables of an address space.
///
/// Accesses to different gigabytes touch different objects, so that for a search faults on different areas commute: what
/// the page table locks are in the kernel. The corresponding C type is `pgd_t`.
actor PageTable: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// What stands for the gigabytes, in turns: which one is a matter of the address alone, whatever has been mapped yet.
  private nonisolated let objects: ContiguousArray<ObjectID>
  private var regions: ContiguousArray<PageTableRegion> = []
  private var translations = Translations()

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("pgd")
    objects = ContiguousArray((0..<Self.objectCount).map { _ in kernel.register("page table") })
  }

  private static let objectCount = 8

  /// Makes an access, if there is an entry for it.
  ///
  /// The look at the entry and the access are one step. What lies behind the entry has to be declared before the entry
  /// may be looked at, so it comes from what the thread has seen before, or else from a walk that is a step of its own.
  /// The same step looks for the area, which is needed if there is no entry.
  func access(
    _ access: MemoryAccess, of areas: AreaTree, _ label: StaticString, file: StaticString, line: UInt
  ) async throws(KernelFault) -> PageWalk {
    let object = objects[Self.place(of: access.address)]
    while true {
      if let memory = translations.memory(at: access.address, for: kernel.current) {
        let declared = memory.accesses(isWrite: access.isWrite)
        kernel.declareAlso(declared.0, declared.1)
        try await step(on: object, .read, label, file, line)
        if let entry = entry(for: access), entry.memory.accesses(isWrite: access.isWrite) == declared {
          try kernel.enterAlso(declared.0, declared.1)
          return .value(try perform(access, through: entry))
        }
        kernel.retractAlso()
        kernel.remark("\(hex(access.address)): gone")
      }
      kernel.declareAlso(ObjectAccess(areas.object, .read), nil)
      try await step(on: object, .read, "page walk", file, line)
      try kernel.enterAlso(ObjectAccess(areas.object, .read), nil)
      guard let entry = entry(for: access) else {
        kernel.remark("\(hex(access.address)): not present")
        translations.forget(access.address, for: kernel.current)
        return .miss(emptyLevels(at: access.address), in: areas.areaNow(at: access.address))
      }
      translations.remember(entry, for: kernel.current)
    }
  }

  /// The entry for an access, unless it does not allow the access.
  private func entry(for access: MemoryAccess) -> PageTableEntry? {
    guard let entry = regions[region(of: access.address)].entry(at: access.address) else { return nil }
    return entry.isWritable || !access.isWrite ? entry : nil
  }

  private func emptyLevels(at address: UInt64) -> EmptyLevels { regions[region(of: address)].emptyLevels(at: address) }

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
    let region = region(of: entry.address)
    try await step(on: objects[Self.place(of: entry.address)], .write, entry.order.insertLabel, file, line)
    if regions[region].isEmpty(at: entry.address, order: entry.order) {
      try set(entry, in: region)
    } else {
      kernel.remark("\(hex(entry.address)): present already")
    }
    if let entry = regions[region].entry(at: entry.address) { translations.remember(entry, for: kernel.current) }
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
      let region = region(of: part.lowerBound)
      var rest = part
      repeat {
        try await step(on: objects[Self.place(of: part.lowerBound)], .write, label, file, line)
        guard let entry = regions[region].removeFirst(in: rest) else { break }
        entry.census.remove()
        kernel.remark("\(hex(entry.address)): cleared")
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while regions[region].hasEntry(in: rest)
      if freesTables { regions[region].freeTables(in: part) }
    }
  }

  /// Copies the entries in a range from a parent's tables, one a step (semantics MM21).
  ///
  /// The corresponding C function is `copy_page_range`.
  func copy(_ range: Range<UInt64>, from parent: PageTable, file: StaticString, line: UInt) async throws(KernelFault) {
    for part in range.gigabytes {
      let region = region(of: part.lowerBound)
      let place = Self.place(of: part.lowerBound)
      let source = ObjectAccess(parent.objects[place], .read)
      var rest = part
      repeat {
        kernel.declareAlso(source, nil)
        try await step(on: objects[place], .write, "copy_page_range", file, line)
        try kernel.enterAlso(source, nil)
        guard let entry = parent.firstEntry(in: rest) else { break }
        try set(entry, in: region)
        rest = min(entry.end, part.upperBound)..<part.upperBound
      } while parent.firstEntry(in: rest) != nil
    }
  }

  private nonisolated func firstEntry(in range: Range<UInt64>) -> PageTableEntry? {
    assumeIsolated { $0.regions[$0.region(of: range.lowerBound)].firstEntry(in: range) }
  }

  /// The entries in a range.
  ///
  /// Not a step: for reports.
  func entries(in range: Range<UInt64>) -> [PageTableEntry] { regions.flatMap { $0.entries(in: range) } }

  private func set(_ entry: PageTableEntry, in region: Int) throws(KernelFault) {
    regions[region].insert(entry)
    kernel.remark("\(hex(entry.address)) -> pfn \(entry.frame)")
    if entry.census.add() { return }
    throw kernel.fail(
      .outlivesRevoke,
      "\(kernel.threads[kernel.current].name) maps \(hex(entry.address)) to pfn \(entry.frame) after the revoke")
  }

  private nonisolated func step(
    on table: ObjectID, _ access: Access, _ label: StaticString, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    if kernel.mustPark(table, access, label, [], file, line) { await kernel.park() }
    try kernel.enter(table, access)
  }

  /// The place of the object that stands for the gigabyte around an address.
  private static func place(of address: UInt64) -> Int {
    Int(truncatingIfNeeded: address / PageOrder.pud.size) & (objectCount - 1)
  }

  /// The place of the region around an address, which is made if this is the first look at it.
  private func region(of address: UInt64) -> Int {
    let base = PageOrder.pud.alignDown(address)
    if let place = regions.firstIndex(where: { $0.base == base }) { return place }
    regions.append(PageTableRegion(base: base))
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
