// SPDX-License-Identifier: GPL-2.0-only

extension ProcessMemory {
  /// Unmaps all pages in a range, whole areas and parts of them.
  ///
  /// An area of which a part stays is split, and each part owns a reference to the file (semantics MM8, MM9).
  ///
  /// - Returns: Nothing, also when there was nothing to unmap, or ``Errno/invalidArgument``.
  /// - Context: A system call. May sleep for `mmap_lock`, which it takes for writing and then downgrades, for faults
  ///   under way on the areas (semantics MM2), and for `i_mmap_rwsem`. No lock may be held: put-off work runs at its
  ///   end.
  ///
  /// The corresponding C function is `munmap`.
  @discardableResult
  public func munmap(
    _ address: UInt64, length: UInt64, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Errno? {
    let length = Page.alignUp(length)
    if !Page.isAligned(address) || length == 0 { return .invalidArgument }
    if length > AreaTree.highest || address > AreaTree.highest - length { return .invalidArgument }
    let range = address..<address + length
    try await lock.downWrite(file: file, line: line)
    let removed = try await gather(range, file, line)
    for area in removed {
      try await area.lock.startWrite(file: file, line: line)
      try await areas.replace(area, with: [], "vma_iter_clear_gfp", file: file, line: line)
    }
    if removed.isEmpty {
      try await endSystemCall(file, line)
      return nil
    }
    // No thread finds the areas any more; the rest needs no more than a reader's share.
    try await endWritingAreas(file, line)
    try await lock.downgrade(file: file, line: line)
    for area in removed {
      try await pageTable.zap(area.addresses, "unmap_vmas", freesTables: true, file: file, line: line)
    }
    for area in removed { try await area.file.mapping.unlink(area, file: file, line: line) }
    for area in removed { try await area.file.put(file: file, line: line) }
    try await lock.upRead(file: file, line: line)
    try await kernel.returnToUserMode()
    return nil
  }

  /// Unmaps everything: the last thread of the process has ended.
  ///
  /// - Context: May sleep for `mmap_lock`, which it takes for reading and then for writing, and for `i_mmap_rwsem`. No
  ///   lock may be held: put-off work runs at its end.
  public func exit(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await unmapAll(file: file, line: line)
    try await kernel.returnToUserMode()
  }

  /// Unmaps everything and leaves what is put off to the caller: a process that exits runs it after it has closed its
  /// files.
  ///
  /// The corresponding C function is `exit_mmap`.
  func unmapAll(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await lock.downRead(file: file, line: line)
    for area in await areas.all {
      try await pageTable.zap(area.addresses, "unmap_vmas", freesTables: true, file: file, line: line)
    }
    try await lock.upRead(file: file, line: line)
    try await lock.downWrite(file: file, line: line)
    let all = await areas.all
    for area in all { try await area.file.mapping.unlink(area, file: file, line: line) }
    for area in all {
      try await areas.replace(area, with: [], "remove_vma", file: file, line: line)
      try await area.file.put(file: file, line: line)
    }
    try await endWritingAreas(file, line)
    try await lock.upWrite(file: file, line: line)
  }

  /// The areas in a range, after those that reach beyond it have been split.
  ///
  /// The corresponding C function is `vms_gather_munmap_vmas`.
  private func gather(
    _ range: Range<UInt64>, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> [VirtualMemoryArea] {
    for edge in [range.lowerBound, range.upperBound] {
      if let area = await areas.area(at: edge), area.start < edge { try await split(area, at: edge, file, line) }
    }
    return await areas.areas(in: range)
  }

  /// Puts two areas in the place of one.
  ///
  /// `mmap_lock` must be held for writing. Page table entries stay where they are.
  ///
  /// The corresponding C function is `__split_vma`.
  private func split(
    _ area: VirtualMemoryArea, at edge: UInt64, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) {
    let lower = area.copy(of: area.start..<edge, in: pageTable, isWriteLocked: true)
    let upper = area.copy(of: edge..<area.end, in: pageTable, isWriteLocked: true)
    try await area.file.get(file: file, line: line)
    try await area.lock.startWrite(file: file, line: line)
    let mapping = area.file.mapping
    try await mapping.lock.downWrite(file: file, line: line)
    try await areas.replace(area, with: [lower, upper], "__split_vma", file: file, line: line)
    await mapping.areas.remove(area.lock.object)
    await mapping.areas.insert(LinkedArea(lower))
    await mapping.areas.insert(LinkedArea(upper))
    try await mapping.lock.upWrite(file: file, line: line)
  }
}
