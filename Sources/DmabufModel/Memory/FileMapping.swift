// SPDX-License-Identifier: GPL-2.0-only

/// All areas, of whatever process, that map a file.
///
/// The way from a file to the page table entries that lead to it. The corresponding C type is `struct address_space`.
public final class FileMapping: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// Protects the list of areas.
  ///
  /// The corresponding C member is `i_mmap_rwsem`.
  public let lock: ReadWriteSemaphore

  let areas: IntervalTree
  let census: EntryCensus

  /// Makes the mapping of a file that nobody maps.
  ///
  /// The corresponding C function is `address_space_init_once`.
  public init(_ kernel: Kernel, in owner: Allocation? = nil) {
    self.kernel = kernel
    lock = ReadWriteSemaphore(kernel, "i_mmap_rwsem", in: owner)
    areas = IntervalTree(kernel)
    census = EntryCensus(kernel)
  }

  /// Clears the page table entries for a part of the file in every area of every process.
  ///
  /// May sleep; takes `i_mmap_rwsem` and neither `mmap_lock` nor the lock of any area. Not atomic: other areas, and pages
  /// of this one that it has not reached, work on meanwhile, and a fault can set an entry behind it; to forbid that is the
  /// driver's business (semantics MM15 to MM18). Entries that have been copied for the use of an IOMMU are not undone
  /// (MM19). The corresponding C function is `unmap_mapping_range`.
  ///
  /// - Parameters:
  ///   - start: Where in the file the part begins, in bytes; rounded down to a page.
  ///   - length: How long it is, in bytes; rounded up to a page. Zero is all up to the end.
  ///   - evenCows: Whether private copies go, too. There are none for device memory.
  public func unmapMappingRange(
    start: UInt64 = 0, length: UInt64 = 0, evenCows: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    let first = start >> Page.shift
    let count = Page.alignUp(length) >> Page.shift
    let pages = count == 0 || count > .max - first ? first..<UInt64.max : first..<first + count
    try await lock.downRead(file: file, line: line)
    for area in await areas.areas(overlapping: pages) {
      try await area.pageTable.zap(area.addresses(of: pages), "zap_pte_range", file: file, line: line)
    }
    try await lock.upRead(file: file, line: line)
  }

  /// Declares that from here on nothing of the file may be mapped: a revoke has finished.
  ///
  /// Not a step and not a part of the kernel: it tells the machine what to watch for, as KASAN is told of a free. An entry
  /// that is still there, or that is set later, is a finding.
  public func seal(file: StaticString = #fileID, line: UInt = #line) throws(KernelFault) {
    census.setSealed(true)
    let left = census.entries
    if left == 0 { return }
    let details = areas.assumeIsolated { $0.all }.flatMap { area in
      area.pageTable.assumeIsolated { $0.entries(in: area.start..<area.end) }.map {
        "\(hex($0.address)) still leads to pfn \($0.frame)"
      }
    }
    throw kernel.fail(
      .outlivesRevoke, "\(left) page table \(left == 1 ? "entry outlives" : "entries outlive") the revoke", details,
      at: "\(file):\(line)")
  }

  /// Declares that the file may be mapped again.
  ///
  /// Not a step.
  public func unseal() { census.setSealed(false) }

  /// How many page table entries lead to the file.
  ///
  /// Not a step: for checks.
  public var entryCount: Int { census.entries }

  /// Makes an area visible to those who unmap the file.
  ///
  /// The corresponding C function is `vma_link_file`.
  func link(_ area: VirtualMemoryArea, file: StaticString, line: UInt) async throws(KernelFault) {
    try await lock.downWrite(file: file, line: line)
    await areas.insert(LinkedArea(area))
    try await lock.upWrite(file: file, line: line)
  }

  /// Takes an area off the list.
  ///
  /// The corresponding C function is `unlink_file_vma`.
  func unlink(_ area: VirtualMemoryArea, file: StaticString, line: UInt) async throws(KernelFault) {
    try await lock.downWrite(file: file, line: line)
    await areas.remove(area.lock.object)
    try await lock.upWrite(file: file, line: line)
  }
}

/// Counts the page table entries that lead to a file, for the check that none outlives a revoke.
///
/// Shadow memory, not a part of the kernel: changed inside of the steps that change the entries. What is left at the end
/// is a leak.
actor EntryCensus: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var count = 0
  private var isSealed = false

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("page table entries")
  }

  /// Counts an entry; false when there must not be any.
  nonisolated func add() -> Bool { assumeIsolated { $0.change(by: 1) } }

  /// Counts an entry no longer.
  nonisolated func remove() { _ = assumeIsolated { $0.change(by: -1) } }

  /// Says from when on there must not be any, or that there may be some again.
  nonisolated func setSealed(_ isSealed: Bool) {
    assumeIsolated { $0.isSealed = isSealed }
    kernel.changed(self)
  }

  nonisolated var entries: Int { assumeIsolated { $0.count } }

  private func change(by difference: Int) -> Bool {
    count += difference
    kernel.hold(object, count)
    kernel.changed(self)
    return !isSealed
  }

  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(count)
    fingerprint.add(isSealed)
  }
}
