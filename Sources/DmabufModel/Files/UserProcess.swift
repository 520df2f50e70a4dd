// SPDX-License-Identifier: GPL-2.0-only

/// A process: its descriptors and its memory, shared by the simulated threads that act for it.
///
/// A system call ends with the work that was put off until the return to user mode.
public final class UserProcess: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The process's name.
  public let name: String
  /// Its descriptors.
  public let files: FileTable
  /// Its memory.
  public let memory: ProcessMemory

  /// Makes a process with no open files and no mappings; it exits at the end of the execution.
  public convenience init(_ kernel: Kernel, _ name: String = "process", fileLimit: Int = 1024) {
    self.init(kernel, name, FileTable(kernel, limit: fileLimit), ProcessMemory(kernel))
  }

  private init(_ kernel: Kernel, _ name: String, _ files: FileTable, _ memory: ProcessMemory) {
    self.kernel = kernel
    self.name = name
    self.files = files
    self.memory = memory
    kernel.keep(self)
    kernel.atEnd(.processesExit) { try await self.exit() }
  }

  /// Gives an open file a descriptor; the caller's reference goes with it.
  ///
  /// - Returns: The descriptor, or ``Errno/tooManyOpenFiles``; the caller then still owns the reference.
  /// - Context: Waits for nothing and takes no lock; a part of a system call that makes a file. Undone by
  ///   ``close(_:)``.
  public func install(_ file: any File) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    try await files.install(file)
  }

  /// Closes a descriptor.
  ///
  /// - Returns: ``Errno/badFileDescriptor`` if it is not open, or nothing.
  /// - Context: A system call. May sleep in the release of the file, which is put-off work that runs at its end. No
  ///   lock may be held.
  ///
  /// The corresponding system call is `close`.
  @discardableResult
  public func close(_ descriptor: FileDescriptor) async throws(KernelFault) -> Errno? {
    kernel.spend(.systemCall)
    guard let file = try await files.remove(descriptor) else { return .badFileDescriptor }
    try await file.put()
    try await kernel.returnToUserMode()
    return nil
  }

  /// Gives a file a second descriptor.
  ///
  /// - Returns: The descriptor, ``Errno/badFileDescriptor``, or ``Errno/tooManyOpenFiles``.
  /// - Context: A system call, which waits for nothing itself. No lock may be held: put-off work runs at its end.
  ///   Undone by ``close(_:)``.
  ///
  /// The corresponding system call is `dup`.
  public func dup(_ descriptor: FileDescriptor) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    kernel.spend(.systemCall)
    guard let file = try await files.get(descriptor) else { return .failure(.badFileDescriptor) }
    let copy = try await files.install(file)
    if case .failure = copy { try await file.put() }
    try await kernel.returnToUserMode()
    return copy
  }

  /// Sends a request to a file.
  ///
  /// - Returns: What the file answers, or ``Errno/badFileDescriptor``.
  /// - Context: A system call. May sleep as ``File/ioctl(_:by:)`` of the file does. No lock may be held: put-off work
  ///   runs at its end.
  ///
  /// The corresponding system call is `ioctl`.
  public func ioctl(
    _ descriptor: FileDescriptor, _ request: any IoctlRequest
  ) async throws(KernelFault) -> Result<Int, Errno> {
    kernel.spend(.systemCall)
    guard let file = try await files.get(descriptor) else { return .failure(.badFileDescriptor) }
    let answer = try await file.ioctl(request, by: self)
    try await file.put()
    try await kernel.returnToUserMode()
    return answer
  }

  /// Unmaps everything and closes every file.
  ///
  /// - Context: May sleep for `mmap_lock`, which it takes for reading and then for writing, and in the releases of the
  ///   files, which run at its end. No lock may be held.
  ///
  /// The corresponding C function is `do_exit`.
  public func exit() async throws(KernelFault) {
    try await memory.unmapAll()
    for file in try await files.removeAll() { try await file.put() }
    try await kernel.returnToUserMode()
  }
}
