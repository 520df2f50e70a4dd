// SPDX-License-Identifier: GPL-2.0-only

/// What memory management knows of a file.
public protocol MappedFile: AnyObject, Sendable {
  /// The areas that map the file.
  ///
  /// The corresponding C member is `f_mapping`.
  var mapping: FileMapping { get }
  /// Whether the file may be read.
  ///
  /// The corresponding C constant is `FMODE_READ`.
  var isReadable: Bool { get }
  /// Whether the file may be written.
  ///
  /// The corresponding C constant is `FMODE_WRITE`.
  var isWritable: Bool { get }

  /// Takes a reference; the caller must own one already.
  ///
  /// - Context: Atomic; any context. Undone by ``put(file:line:)``.
  ///
  /// The corresponding C function is `get_file`.
  func get(file: StaticString, line: UInt) async throws(KernelFault)

  /// Puts a reference; a release is put off until the thread returns to user mode (semantics DB6).
  ///
  /// - Context: Atomic; any context, with any lock held.
  ///
  /// The corresponding C function is `fput`.
  func put(file: StaticString, line: UInt) async throws(KernelFault)

  /// Prepares a mapping of the file.
  ///
  /// - Returns: What the area needs, or why the file cannot be mapped in this way.
  /// - Context: May sleep. Runs with `mmap_lock` held for writing; no thread can see the area yet (semantics MM6).
  ///
  /// The corresponding C member is `mmap`.
  func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno>
}

/// An area that is about to be, as a driver is shown it.
///
/// The corresponding C type is `struct vm_area_desc`.
public struct MmapRequest: Sendable {
  /// The memory of the process that maps.
  public let addressSpace: ProcessMemory
  /// The file; the core has taken the area's reference to it.
  public let file: any MappedFile
  /// The first address.
  public let start: UInt64
  /// The length in bytes, whole pages.
  public let length: UInt64
  /// Where in the file the area starts, in pages.
  ///
  /// The corresponding C member is `vm_pgoff`.
  public let pageOffset: UInt64
  /// What the process has asked for and may have.
  public let flags: AreaFlags

  /// The first address after the area.
  ///
  /// The corresponding C member is `vm_end`.
  public var end: UInt64 { start + length }
}

/// What a driver makes of an area before it becomes visible.
public struct AreaSetup: Sendable {
  /// What handles faults.
  ///
  /// The corresponding C member is `vm_ops`.
  public var operations: any VirtualMemoryOperations
  /// What the driver finds again in its fault handler.
  ///
  /// The corresponding C member is `vm_private_data`.
  public var privateData: (any AnyObject & Sendable)?
  /// Flags that the driver adds.
  public var flags: AreaFlags
  /// The file that takes the place of the one that was mapped.
  ///
  /// The area then owns a reference to this one, which the driver hands over, and the driver has become the owner of
  /// the reference to the other: the core neither gets nor puts one (semantics MM6).
  public var file: (any MappedFile)?
  /// Where in the file the area starts, if the driver wants it otherwise, in pages.
  public var pageOffset: UInt64?

  /// Describes an area.
  public init(
    operations: any VirtualMemoryOperations, privateData: (any AnyObject & Sendable)? = nil, flags: AreaFlags = [],
    file: (any MappedFile)? = nil, pageOffset: UInt64? = nil
  ) {
    self.operations = operations
    self.privateData = privateData
    self.flags = flags
    self.file = file
    self.pageOffset = pageOffset
  }
}
