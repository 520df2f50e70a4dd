// SPDX-License-Identifier: GPL-2.0-only

/// The areas of an address space, by address.
///
/// Only a thread that holds `mmap_lock` for writing changes it; faults read it without that lock. Methods that are not
/// steps are for holders of the lock.
///
/// The corresponding C member is `mm_mt`.
actor AreaTree: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  @safe @exclusivity(unchecked) private(set) var all: ContiguousArray<VirtualMemoryArea> = []
  private var nextStart = AreaTree.lowest

  /// Where the first mapping is put.
  static let lowest: UInt64 = 0x1000_0000_0000
  /// The end of user addresses.
  ///
  /// The corresponding C macro is `TASK_SIZE`.
  static let highest: UInt64 = 0x7FFF_FFFF_F000

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("mm_mt")
  }

  /// The area around an address.
  ///
  /// Not a step.
  ///
  /// The corresponding C function is `vma_lookup`.
  func area(at address: UInt64) -> VirtualMemoryArea? {
    let found = all.first { $0.addresses.contains(address) }
    observed(found?.lock.object)
    return found
  }

  /// The areas that have an address in a range.
  ///
  /// Not a step.
  func areas(in range: Range<UInt64>) -> [VirtualMemoryArea] {
    let found = all.filter { $0.addresses.overlaps(range) }
    observed(found.map(\.lock.object))
    return Array(found)
  }

  /// The area around an address, in a step that has declared the look.
  nonisolated func areaNow(at address: UInt64) -> VirtualMemoryArea? { assumeIsolated { $0.area(at: address) } }

  /// Looks once more for the area around an address, after the one that was found has gone.
  ///
  /// The corresponding C function is `lock_vma_under_rcu`.
  func lookUp(_ address: UInt64, file: StaticString, line: UInt) async throws(KernelFault) -> VirtualMemoryArea? {
    try await step(.read, "lock_vma_under_rcu", file: file, line: line)
    return area(at: address)
  }

  /// Free addresses for an area, each time from the next multiple of the largest page.
  ///
  /// Not a step. Areas then share no page table, so that faults on different ones have nothing to do with each other,
  /// and every size of page has a chance.
  ///
  /// The corresponding C function is `get_unmapped_area`.
  func freeAddresses(_ length: UInt64) -> UInt64? {
    var start = nextStart
    while start <= Self.highest && length <= Self.highest - start {
      guard let taken = all.first(where: { $0.addresses.overlaps(start..<start + length) }) else {
        nextStart = Self.nextRegion(after: start + length)
        observed(start)
        changed()
        return start
      }
      start = Self.nextRegion(after: taken.end)
    }
    return nil
  }

  /// Inserts an area.
  ///
  /// The corresponding C function is `vma_iter_store_new`.
  func insert(_ area: VirtualMemoryArea, file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.write, "vma_iter_store_new", file: file, line: line)
    insertNow(area)
  }

  /// Inserts an area into a tree that no other thread can see.
  ///
  /// Not a step.
  func insertNow(_ area: VirtualMemoryArea) {
    area.lock.attach()
    let place = all.firstIndex { $0.start > area.start } ?? all.count
    all.insert(area, at: place)
  }

  private static func nextRegion(after address: UInt64) -> UInt64 {
    PageOrder.pud.alignDown(address + PageOrder.pud.size - 1)
  }

  /// Removes an area, and inserts the parts into which it is split, if there are any.
  ///
  /// The area must be locked for writing.
  ///
  /// The corresponding C functions are `vma_iter_clear_gfp` and `vma_complete`.
  func replace(
    _ area: VirtualMemoryArea, with parts: [VirtualMemoryArea], _ label: StaticString, file: StaticString, line: UInt
  ) async throws(KernelFault) {
    try await step(.write, label, also: ObjectAccess(area.lock.object, .release), file: file, line: line)
    all.removeAll { $0 === area }
    area.lock.detach()
    for part in parts { insertNow(part) }
  }
}
