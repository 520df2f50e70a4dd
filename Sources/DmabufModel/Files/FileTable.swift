// SPDX-License-Identifier: GPL-2.0-only

/// A number under which a process knows an open file.
public struct FileDescriptor: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number, as system calls have it.
  public let rawValue: Int32

  /// Makes a descriptor of a number, which may be one that is not open.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The number.
  public var description: String { "\(rawValue)" }
}

/// The descriptors of a process.
///
/// The corresponding C type is `struct files_struct`.
public actor FileTable: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The table's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }
  /// The number of descriptors that the process may have.
  ///
  /// The corresponding C constant is `RLIMIT_NOFILE`.
  public nonisolated let limit: Int

  @safe @exclusivity(unchecked) private var slots: [(any File)?] = []

  /// Makes an empty table.
  public init(_ kernel: Kernel, limit: Int = 1024) {
    self.kernel = kernel
    self.limit = limit
    object = kernel.register("files")
  }

  /// Gives a file the lowest free descriptor, together with the caller's reference.
  ///
  /// The descriptor is live for other threads before the call returns (semantics DB3).
  ///
  /// - Returns: The descriptor, or ``Errno/tooManyOpenFiles``; the caller then still owns the reference.
  /// - Context: Waits for nothing and takes no lock. Undone by ``remove(_:file:line:)``.
  ///
  /// The corresponding C functions are `get_unused_fd_flags` and `fd_install`.
  public func install(
    _ open: any File, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    try await step(.write, "fd_install", file: file, line: line)
    let place = slots.firstIndex { $0 == nil } ?? slots.count
    if place >= limit {
      note("= EMFILE")
      return .failure(.tooManyOpenFiles)
    }
    if place == slots.count { slots.append(open) } else { slots[place] = open }
    note("= \(place)")
    return .success(FileDescriptor(rawValue: Int32(place)))
  }

  /// The file of a descriptor, with a reference for the caller.
  ///
  /// A file that dies between the look-up and the reference is looked up again.
  ///
  /// - Returns: The file, or nothing for a descriptor that is not open.
  /// - Context: Never sleeps and takes no lock. Undone by ``MappedFile/put(file:line:)``.
  ///
  /// The corresponding C function is `fget`.
  public func get(
    _ descriptor: FileDescriptor, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> (any File)? {
    while let open = try await lookUp(descriptor, file, line) {
      if try await open.core.references.getInLookup(file: file, line: line) { return open }
    }
    return nil
  }

  /// Removes a descriptor from the table; its reference goes to the caller.
  ///
  /// - Returns: The file, or nothing for a descriptor that is not open.
  /// - Context: Atomic; any context. The caller puts the reference with ``MappedFile/put(file:line:)``.
  ///
  /// The corresponding C function is `file_close_fd`.
  public func remove(
    _ descriptor: FileDescriptor, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> (any File)? {
    try await step(.write, "file_close_fd", file: file, line: line)
    let place = Int(descriptor.rawValue)
    guard slots.indices.contains(place), let open = slots[place] else { return nil }
    slots[place] = nil
    return open
  }

  /// Removes every file from the table, in the order of the descriptors.
  ///
  /// The corresponding C function is `close_files`.
  func removeAll(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> [any File] {
    try await step(.write, "close_files", file: file, line: line)
    let open = slots.compactMap { $0 }
    slots.removeAll()
    return open
  }

  /// Adds the files, by descriptor.
  public func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(slots.map { $0?.core.allocation.object })
  }

  private func lookUp(
    _ descriptor: FileDescriptor, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> (any File)? {
    try await step(.read, "fget", file: file, line: line)
    note("\(descriptor)")
    let place = Int(descriptor.rawValue)
    return slots.indices.contains(place) ? slots[place] : nil
  }
}
