// SPDX-License-Identifier: GPL-2.0-only

extension ProcessMemory {
  /// Maps a part of a file.
  ///
  /// The driver is asked before another thread can see the area (semantics MM6, MM7). Undone by
  /// ``munmap(_:length:file:line:)``. All files count as lying on a file system without executables, as those of pseudo
  /// file systems do.
  ///
  /// - Parameters:
  ///   - backing: The file. The call takes a reference of its own.
  ///   - length: The length in bytes; rounded up to pages.
  ///   - offset: Where in the file to start, in bytes.
  ///   - protection: What the process wants to do.
  ///   - sharing: Whether stores reach the file.
  ///   - address: Where to put it, if nothing else is there; otherwise the kernel chooses.
  ///   - file: Where the call was made.
  ///   - line: Where the call was made.
  /// - Returns: The first address, or what is wrong, in the kernel's order of checks (semantics DB24, DB25).
  /// - Context: A system call. May sleep for `mmap_lock`, which it takes for writing, and under it for what the driver
  ///   takes and for `i_mmap_rwsem`. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding C function is `mmap`.
  public func mmap(
    _ backing: any MappedFile, length: UInt64, offset: UInt64 = 0, protection: Protection = .readWrite,
    sharing: Sharing = .shared, at address: UInt64? = nil, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    if !Page.isAligned(offset) { return .failure(.invalidArgument) }
    try await lock.downWrite(file: file, line: line)
    let result: Result<UInt64, Errno>
    switch await check(backing, length, offset, protection, sharing, address) {
    case .failure(let errno): result = .failure(errno)
    case .success(let request): result = try await map(request, file, line)
    }
    try await endSystemCall(file, line)
    return result
  }

  /// The checks before the driver is asked.
  ///
  /// The corresponding C function is `do_mmap`.
  private func check(
    _ backing: any MappedFile, _ length: UInt64, _ offset: UInt64, _ protection: Protection, _ sharing: Sharing,
    _ address: UInt64?
  ) async -> Result<MmapRequest, Errno> {
    if length == 0 { return .failure(.invalidArgument) }
    let length = Page.alignUp(length)
    if length == 0 { return .failure(.noMemory) }
    let pageOffset = offset >> Page.shift
    if offset > .max - length { return .failure(.overflow) }
    let start: UInt64
    switch await place(length, at: address) {
    case .failure(let errno): return .failure(errno)
    case .success(let found): start = found
    }
    switch allowedFlags(backing, protection, sharing) {
    case .failure(let errno): return .failure(errno)
    case .success(let flags):
      return .success(
        MmapRequest(
          addressSpace: self, file: backing, start: start, length: length, pageOffset: pageOffset, flags: flags))
    }
  }

  private func place(_ length: UInt64, at address: UInt64?) async -> Result<UInt64, Errno> {
    guard let address else { return (await areas.freeAddresses(length)).map { .success($0) } ?? .failure(.noMemory) }
    if length > AreaTree.highest || address > AreaTree.highest - length { return .failure(.noMemory) }
    if !Page.isAligned(address) { return .failure(.invalidArgument) }
    return await areas.areas(in: address..<address + length).isEmpty ? .success(address) : .failure(.fileExists)
  }

  /// What the mode of the file allows.
  ///
  /// A file that cannot be written loses the sharing, too (semantics DB25).
  private func allowedFlags(
    _ backing: any MappedFile, _ protection: Protection, _ sharing: Sharing
  ) -> Result<AreaFlags, Errno> {
    var flags: AreaFlags = [.mayRead, .mayWrite]
    if protection.contains(.read) { flags.insert(.read) }
    if protection.contains(.write) { flags.insert(.write) }
    if sharing == .shared {
      if protection.contains(.write) && !backing.isWritable { return .failure(.permissionDenied) }
      flags.formUnion([.shared, .mayShare])
      if !backing.isWritable { flags.subtract([.mayWrite, .shared]) }
    }
    if !backing.isReadable { return .failure(.permissionDenied) }
    if protection.contains(.execute) { return .failure(.notPermitted) }
    return .success(flags)
  }

  /// Asks the driver and makes the area visible.
  ///
  /// The corresponding C function is `mmap_region`.
  private func map(
    _ request: MmapRequest, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    try await request.file.get(file: file, line: line)
    let setup: AreaSetup
    switch try await request.file.mmap(request) {
    case .failure(let errno):
      try await request.file.put(file: file, line: line)
      return .failure(errno)
    case .success(let answer): setup = answer
    }
    let area = VirtualMemoryArea(
      pageTable, request.start..<request.end, pageOffset: setup.pageOffset ?? request.pageOffset,
      flags: request.flags.union(setup.flags), file: setup.file ?? request.file, operations: setup.operations,
      privateData: setup.privateData, isWriteLocked: true)
    try await areas.insert(area, file: file, line: line)
    try await area.file.mapping.link(area, file: file, line: line)
    return .success(area.start)
  }
}
