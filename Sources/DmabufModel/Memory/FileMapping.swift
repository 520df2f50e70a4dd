// SPDX-License-Identifier: GPL-2.0-only

/// All areas, of whatever process, that map a file.
///
/// The way from a file to the page table entries that lead to it.
///
/// The corresponding C type is `struct address_space`.
public final class FileMapping: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// Protects the list of areas.
  ///
  /// The corresponding C member is `i_mmap_rwsem`.
  public let lock: ReadWriteSemaphore

  /// What leads to the file.
  public let reach: Reach

  let areas: IntervalTree

  /// Makes the mapping of a file that is not mapped.
  ///
  /// The corresponding C function is `address_space_init_once`.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - owner: The file's own structure.
  ///   - rules: When nothing may lead to the file.
  public convenience init(_ kernel: Kernel, in owner: Allocation? = nil, revokedWhen rules: [RevokeRule] = []) {
    self.init(kernel, in: owner, hasImporters: false, rules)
  }

  init(_ kernel: Kernel, in owner: Allocation?, hasImporters: Bool, _ rules: [RevokeRule]) {
    self.kernel = kernel
    lock = ReadWriteSemaphore(kernel, "i_mmap_rwsem", in: owner)
    areas = IntervalTree(kernel)
    reach = Reach(kernel, in: owner, hasImporters: hasImporters, revokedWhen: rules)
  }

  /// Clears the page table entries for a part of the file in every area of every process.
  ///
  /// Not atomic: meanwhile other areas work on, and so do pages of this one that the walk has not reached. A fault can
  /// set an entry again after the walk has passed; to forbid that is the driver's task (semantics MM15 to MM18).
  /// Entries that were copied for an IOMMU stay (MM19).
  ///
  /// - Parameters:
  ///   - start: Where in the file the part begins, in bytes; rounded down to a page.
  ///   - length: The length in bytes, rounded up to a page. Zero is all up to the end.
  ///   - file: Where the call was made.
  ///   - line: Where the call was made.
  /// - Context: May sleep for `i_mmap_rwsem`, which it takes for reading and which must not be held. It takes neither
  ///   `mmap_lock` nor the lock of an area.
  ///
  /// The corresponding C function is `unmap_mapping_range`.
  public func unmapMappingRange(
    start: UInt64 = 0, length: UInt64 = 0, file: StaticString = #fileID, line: UInt = #line
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

  /// The number of page table entries that lead to the file.
  ///
  /// The machine's own look: the kernel keeps no such number.
  ///
  /// - Context: Any context. It takes no lock and changes nothing.
  public func entryCount(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await reach.entries.step(.look, "rmap_walk", file: file, line: line)
    let count = await reach.entries.all.count
    kernel.remark("= \(count)")
    kernel.returned(count)
    return count
  }

  /// Makes an area visible to a thread that unmaps the file.
  ///
  /// The corresponding C function is `vma_link_file`.
  func link(_ area: VirtualMemoryArea, file: StaticString, line: UInt) async throws(KernelFault) {
    try await lock.downWrite(file: file, line: line)
    await areas.insert(LinkedArea(area))
    try await lock.upWrite(file: file, line: line)
  }

  /// Removes an area from the list.
  ///
  /// The corresponding C function is `unlink_file_vma`.
  func unlink(_ area: VirtualMemoryArea, file: StaticString, line: UInt) async throws(KernelFault) {
    try await lock.downWrite(file: file, line: line)
    await areas.remove(area.lock.object)
    try await lock.upWrite(file: file, line: line)
  }
}
