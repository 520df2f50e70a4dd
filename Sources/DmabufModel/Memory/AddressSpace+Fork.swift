// SPDX-License-Identifier: GPL-2.0-only

extension AddressSpace {
  /// Copies the memory for a child process.
  ///
  /// A system call: may sleep. Each of the child's areas owns a reference to its file, and inherits the page table entries
  /// for device memory right away (semantics MM21 to MM23). Undone by ``exit(file:line:)`` of the copy. The child's own
  /// `mmap_lock`, which the kernel takes as well, is left alone: nobody else knows it. The corresponding C function is
  /// `dup_mmap`.
  ///
  /// - Parameter order: When a child's area becomes visible to those who unmap its file.
  public func fork(
    order: ForkOrder = .linkAfterParent, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> AddressSpace {
    let child = AddressSpace(kernel, triesEveryOrder: triesEveryOrder)
    try await lock.downWrite(file: file, line: line)
    for area in await areas.all {
      try await area.lock.startWrite(file: file, line: line)
      if area.flags.contains(.dontCopy) { continue }
      let copy = area.copy(of: area.addresses, in: child.pageTable, isWriteLocked: false)
      try await copy.file.get(file: file, line: line)
      if order != .linkAfterCopying { try await link(copy, beside: area, order, file, line) }
      if area.flags.contains(.pfnMap) {
        try await child.pageTable.copy(area.addresses, from: pageTable, file: file, line: line)
      }
      if order == .linkAfterCopying { try await link(copy, beside: area, order, file, line) }
      await child.areas.insertNow(copy)
    }
    try await endSystemCall(file, line)
    return child
  }

  private func link(
    _ copy: VirtualMemoryArea, beside area: VirtualMemoryArea, _ order: ForkOrder, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    let mapping = area.file.mapping
    try await mapping.lock.downWrite(file: file, line: line)
    if order == .linkBeforeParent {
      await mapping.areas.insert(LinkedArea(copy), before: area.lock.object)
    } else {
      await mapping.areas.insert(LinkedArea(copy), after: area.lock.object)
    }
    try await mapping.lock.upWrite(file: file, line: line)
  }
}

/// In which order a fork makes a child's area visible and copies its page table entries.
///
/// One is the kernel's. With the others an entry can survive while a file is being unmapped; they are there to show that
/// the machine finds it (semantics MM22).
public enum ForkOrder: Sendable, Hashable, CaseIterable {
  /// Behind the parent's, then the entries: who unmaps the file comes to the parent first, then to the child.
  case linkAfterParent
  /// Before the parent's, then the entries: wrong.
  case linkBeforeParent
  /// First the entries: wrong.
  case linkAfterCopying
}
