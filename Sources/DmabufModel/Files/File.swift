// SPDX-License-Identifier: GPL-2.0-only

/// An open file of some kind: a device, a DMABUF, an event.
///
/// It lives as long as there is a reference to it: of a descriptor, a mapping, a driver.
///
/// The corresponding C types are `struct file` and `struct file_operations`.
public protocol File: MappedFile {
  /// What all files have.
  var core: FileCore { get }

  /// Undoes what opening the file did; called once, when its last reference is gone.
  ///
  /// - Context: May sleep. Runs as task work of the thread that put the last reference, without any lock (semantics
  ///   DB6).
  ///
  /// The corresponding C member is `release`.
  func release() async throws(KernelFault)

  /// Answers a request of the file's own kind.
  ///
  /// - Returns: What the C function would, with a negative number as an errno.
  /// - Context: May sleep. Runs without any lock, in a system call of the process.
  ///
  /// The corresponding C member is `unlocked_ioctl`.
  func ioctl(_ request: any IoctlRequest, by process: UserProcess) async throws(KernelFault) -> Result<Int, Errno>
}

extension File {
  /// Refuses: files of this kind know no requests.
  ///
  /// - Returns: ``Errno/notATerminal``.
  /// - Context: Waits for nothing and takes no lock.
  public func ioctl(
    _ request: any IoctlRequest, by process: UserProcess
  ) async throws(KernelFault) -> Result<Int, Errno> {
    .failure(.notATerminal)
  }

  /// Refuses: files of this kind cannot be mapped.
  ///
  /// - Returns: ``Errno/noSuchDevice``.
  /// - Context: Waits for nothing and takes no lock.
  public func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    .failure(.noSuchDevice)
  }

  /// The areas that map the file.
  ///
  /// The corresponding C member is `f_mapping`.
  public var mapping: FileMapping { core.mapping }

  /// Whether the file may be read.
  public var isReadable: Bool { !core.flags.contains(.writeOnly) }

  /// Whether the file may be written.
  public var isWritable: Bool {
    let mode = core.flags.intersection(.accessMode)
    return mode == .writeOnly || mode == .readWrite
  }

  /// Takes a reference; the caller must own one already.
  ///
  /// On a file whose last reference is gone it is a finding (semantics DB1).
  ///
  /// - Context: Atomic; any context. Undone by ``put(file:line:)``.
  ///
  /// The corresponding C function is `get_file`.
  public func get(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await core.references.get(file: file, line: line)
  }

  /// Takes a reference unless the last one is gone, even though the release may not have run yet.
  ///
  /// - Returns: Whether a reference was taken.
  /// - Context: Atomic; any context in which the structure cannot be freed (semantics DB5). Undone by
  ///   ``MappedFile/put(file:line:)``.
  ///
  /// The corresponding C function is `get_file_active`.
  public func getActive(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await core.references.getActive(file: file, line: line)
  }

  /// Puts a reference; after the last one the file is released when the thread returns to user mode.
  ///
  /// On a file whose last reference is gone it is a finding.
  ///
  /// - Context: Atomic; any context, with any lock held: the release never runs in place (semantics DB6).
  ///
  /// The corresponding C function is `fput`.
  public func put(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    guard try await core.references.put(file: file, line: line) else { return }
    core.kernel.addTaskWork { () async throws(KernelFault) in try await self.finalPut() }
  }

  /// Releases the file and frees it.
  ///
  /// The corresponding C function is `__fput`.
  func finalPut() async throws(KernelFault) {
    try await release()
    try await core.kernel.free(core.allocation)
  }
}

/// A request to a file: its number and its argument in one value.
public protocol IoctlRequest: Sendable {}

/// The mode in which a file is open.
///
/// The corresponding C constants are the `O_` flags.
public struct OpenFlags: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt32

  /// Makes flags of bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The bits for reading and writing.
  ///
  /// The corresponding C constant is `O_ACCMODE`.
  public static let accessMode = OpenFlags(rawValue: 0o3)
  /// For writing only.
  ///
  /// The corresponding C constant is `O_WRONLY`.
  public static let writeOnly = OpenFlags(rawValue: 0o1)
  /// For reading and writing.
  ///
  /// The corresponding C constant is `O_RDWR`.
  public static let readWrite = OpenFlags(rawValue: 0o2)
  /// Without waiting.
  ///
  /// The corresponding C constant is `O_NONBLOCK`.
  public static let nonBlocking = OpenFlags(rawValue: 0o4000)
}

/// What all open files have.
public final class FileCore: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The structure itself, for the check of accesses after it was freed.
  public let allocation: Allocation
  /// The number of references.
  package let references: FileReferences
  /// The areas that map the file.
  public let mapping: FileMapping
  /// The mode in which the file is open.
  public let flags: OpenFlags

  /// Makes a file with one reference, which the caller owns.
  ///
  /// Not a step. Undone by ``MappedFile/put(file:line:)``.
  ///
  /// The corresponding C function is `alloc_file_pseudo`.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - flags: The mode in which it is open.
  ///   - rules: When nothing may lead to the file any more; the machine then looks by itself.
  public convenience init(_ kernel: Kernel, flags: OpenFlags = .readWrite, revokedWhen rules: [RevokeRule] = []) {
    self.init(kernel, kernel.allocate("struct file"), flags, hasImporters: false, rules)
  }

  init(
    _ kernel: Kernel, _ allocation: Allocation, _ flags: OpenFlags, hasImporters: Bool, _ rules: [RevokeRule]
  ) {
    self.kernel = kernel
    self.flags = flags
    self.allocation = allocation
    references = FileReferences(kernel, of: allocation)
    mapping = FileMapping(kernel, in: allocation, hasImporters: hasImporters, rules)
  }
}
