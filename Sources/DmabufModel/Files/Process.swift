// SPDX-License-Identifier: GPL-2.0-only

/// A process: its descriptors and its memory, shared by the simulated threads that act for it.
///
/// Its methods are system calls: each ends with the work that was put off until the return to user mode.
public final class Process: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The process's name.
  public let name: String
  /// Its descriptors.
  public let files: FileTable
  /// Its memory.
  public let memory: AddressSpace

  /// Makes a process with no open files and no mappings; it exits at the end of the execution.
  public convenience init(_ kernel: Kernel, _ name: String = "process", fileLimit: Int = 1024) {
    self.init(kernel, name, FileTable(kernel, limit: fileLimit), AddressSpace(kernel))
  }

  private init(_ kernel: Kernel, _ name: String, _ files: FileTable, _ memory: AddressSpace) {
    self.kernel = kernel
    self.name = name
    self.files = files
    self.memory = memory
    kernel.keep(self)
    kernel.atEnd(.processesExit) { try await self.exit() }
  }

  /// Runs a system call of the process, and then what it has put off.
  public func systemCall<Answer: Sendable>(
    _ body: () async throws(KernelFault) -> Answer
  ) async throws(KernelFault) -> Answer {
    let answer = try await body()
    try await kernel.returnToUserMode()
    return answer
  }

  /// Gives an open file a descriptor; the caller's reference goes with it.
  public func install(_ file: any File) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    try await files.install(file)
  }

  /// Closes a descriptor.
  ///
  /// The corresponding system call is `close`.
  ///
  /// - Returns: ``Errno/badFileDescriptor`` if it is not open, or nothing.
  @discardableResult
  public func close(_ descriptor: FileDescriptor) async throws(KernelFault) -> Errno? {
    guard let file = try await files.remove(descriptor) else { return .badFileDescriptor }
    try await file.put()
    try await kernel.returnToUserMode()
    return nil
  }

  /// Gives a file a second descriptor.
  ///
  /// The corresponding system call is `dup`.
  public func dup(_ descriptor: FileDescriptor) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    guard let file = try await files.get(descriptor) else { return .failure(.badFileDescriptor) }
    let copy = try await files.install(file)
    if case .failure = copy { try await file.put() }
    try await kernel.returnToUserMode()
    return copy
  }

  /// Asks something of a file.
  ///
  /// The corresponding system call is `ioctl`.
  public func ioctl(
    _ descriptor: FileDescriptor, _ request: any IoctlRequest
  ) async throws(KernelFault) -> Result<Int, Errno> {
    guard let file = try await files.get(descriptor) else { return .failure(.badFileDescriptor) }
    let answer = try await file.ioctl(request, by: self)
    try await file.put()
    try await kernel.returnToUserMode()
    return answer
  }

  /// Closes every file and unmaps everything.
  ///
  /// The corresponding C function is `do_exit`.
  public func exit() async throws(KernelFault) {
    try await memory.unmapAll()
    for file in try await files.removeAll() { try await file.put() }
    try await kernel.returnToUserMode()
  }
}

extension FileTable {
  /// The buffer of a descriptor, with a reference for the caller.
  ///
  /// Undone by ``MappedFile/put(file:line:)``. Semantics DB4. The corresponding C function is `dma_buf_get`.
  ///
  /// - Returns: ``Errno/badFileDescriptor`` for no open file, ``Errno/invalidArgument`` for one that is no DMABUF.
  public func dmaBuf(
    _ descriptor: FileDescriptor, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<DmaBuf, Errno> {
    guard let open = try await get(descriptor, file: file, line: line) else { return .failure(.badFileDescriptor) }
    if let dmabuf = open as? DmaBuf { return .success(dmabuf) }
    try await open.put(file: file, line: line)
    return .failure(.invalidArgument)
  }
}
