// SPDX-License-Identifier: GPL-2.0-only

extension UserProcess {
  /// Maps a part of a file.
  ///
  /// Undone by ``munmap(_:length:file:line:)``.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - length: The length in bytes; rounded up to pages.
  ///   - offset: Where in the file to start, in bytes.
  ///   - protection: What the process wants to do.
  ///   - sharing: Whether stores reach the file.
  ///   - file: Where the call was made.
  ///   - line: Where the call was made.
  /// - Returns: The first address, or what is wrong.
  /// - Context: A system call. May sleep for `mmap_lock`, which it takes for writing, and for what the file's driver
  ///   takes. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `mmap`.
  public func mmap(
    _ descriptor: FileDescriptor, length: UInt64, offset: UInt64 = 0, protection: Protection = .readWrite,
    sharing: Sharing = .shared, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    kernel.spend(.systemCall)
    guard let open = try await files.get(descriptor, file: file, line: line) else {
      return .failure(.badFileDescriptor)
    }
    let mapped = try await memory.mmap(
      open, length: length, offset: offset, protection: protection, sharing: sharing, file: file, line: line)
    try await open.put(file: file, line: line)
    try await kernel.returnToUserMode()
    return mapped
  }

  /// Unmaps all pages in a range.
  ///
  /// - Returns: ``Errno/invalidArgument`` for a range that cannot be one, or nothing.
  /// - Context: A system call. May sleep for `mmap_lock`, which it takes for writing, and for faults under way on the
  ///   areas. No lock may be held: put-off work runs at its end.
  ///
  /// The corresponding system call is `munmap`.
  @discardableResult
  public func munmap(
    _ address: UInt64, length: UInt64, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Errno? {
    kernel.spend(.systemCall)
    return try await memory.munmap(address, length: length, file: file, line: line)
  }

  /// Loads from an address, as user code does; a fault is handled on the way.
  ///
  /// - Context: May sleep: a fault takes the lock of the area for reading, and what the driver's handler takes. User
  ///   code holds no lock, which is not checked.
  public func load(
    _ address: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> UserAccess {
    try await memory.load(address, width: width, file: file, line: line)
  }

  /// Stores to an address, as user code does; a fault is handled on the way.
  ///
  /// - Context: May sleep: a fault takes the lock of the area for reading, and what the driver's handler takes. User
  ///   code holds no lock, which is not checked.
  @discardableResult
  public func store(
    _ address: UInt64, _ value: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> UserAccess {
    try await memory.store(address, value, width: width, file: file, line: line)
  }
}
