// SPDX-License-Identifier: GPL-2.0-only

extension ProcessMemory {
  /// Copies the memory for a child process.
  ///
  /// Each of the child's areas owns a reference to its file, and inherits the page table entries for device memory at
  /// once (semantics MM21, MM23). A child's area becomes visible to an unmap of its file after its parent's, and before
  /// its entries are copied: the walk reaches the parent first, and finds in the child what was copied before (MM22).
  /// The child's own `mmap_lock`, which the kernel takes as well, is left alone: no other thread knows it.
  ///
  /// - Returns: The copy. Undone by ``exit(file:line:)`` of it.
  /// - Context: A system call. May sleep for `mmap_lock`, which it takes for writing, and under it for the lock of each
  ///   area and for `i_mmap_rwsem`. No lock may be held.
  ///
  /// The corresponding C function is `dup_mmap`.
  public func fork(
    file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> ProcessMemory {
    let child = ProcessMemory(kernel, triesEveryOrder: triesEveryOrder)
    try await lock.downWrite(file: file, line: line)
    for area in await areas.all {
      try await area.lock.startWrite(file: file, line: line)
      if area.flags.contains(.dontCopy) { continue }
      let copy = area.copy(of: area.addresses, in: child.pageTable, isWriteLocked: false)
      try await copy.file.get(file: file, line: line)
      let mapping = area.file.mapping
      try await mapping.lock.downWrite(file: file, line: line)
      await mapping.areas.insert(LinkedArea(copy), after: area.lock.object)
      try await mapping.lock.upWrite(file: file, line: line)
      if area.flags.contains(.pfnMap) {
        try await child.pageTable.copy(area.addresses, from: pageTable, file: file, line: line)
      }
      await child.areas.insertNow(copy)
    }
    try await endSystemCall(file, line)
    return child
  }
}
