// SPDX-License-Identifier: GPL-2.0-only

/// A part of an address space that maps a part of a file in one way.
///
/// Immutable: an area that is split gives way to new ones, which inherit its private data by value (semantics MM23).
///
/// The corresponding C type is `struct vm_area_struct`.
public final class VirtualMemoryArea: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The first address.
  ///
  /// The corresponding C member is `vm_start`.
  public let start: UInt64
  /// The first address after the area.
  ///
  /// The corresponding C member is `vm_end`.
  public let end: UInt64
  /// Where in the file the area starts, in pages.
  ///
  /// The corresponding C member is `vm_pgoff`.
  public let pageOffset: UInt64
  /// What may be done with the area.
  ///
  /// The corresponding C member is `vm_flags`.
  public let flags: AreaFlags
  /// The file; the area owns a reference to it.
  ///
  /// The corresponding C member is `vm_file`.
  public let file: any MappedFile
  /// What handles faults.
  ///
  /// The corresponding C member is `vm_ops`.
  public let operations: any VirtualMemoryOperations
  /// What the driver has left for its fault handler.
  ///
  /// The corresponding C member is `vm_private_data`.
  public let privateData: (any AnyObject & Sendable)?

  let lock: AreaLock
  let pageTable: PageTable

  init(
    _ pageTable: PageTable, _ addresses: Range<UInt64>, pageOffset: UInt64, flags: AreaFlags, file: any MappedFile,
    operations: any VirtualMemoryOperations, privateData: (any AnyObject & Sendable)?, isWriteLocked: Bool
  ) {
    kernel = pageTable.kernel
    start = addresses.lowerBound
    end = addresses.upperBound
    self.pageOffset = pageOffset
    self.flags = flags
    self.file = file
    self.operations = operations
    self.privateData = privateData
    self.pageTable = pageTable
    lock = AreaLock(pageTable.kernel, isWriteLocked: isWriteLocked)
  }

  /// The addresses of the area.
  public var addresses: Range<UInt64> { start..<end }

  /// The pages of the file that the area maps.
  public var filePages: Range<UInt64> {
    let (end, overflows) = pageOffset.addingReportingOverflow((end - start) >> Page.shift)
    return pageOffset..<(overflows ? .max : end)
  }

  /// Makes an area for a part of this one's addresses, here or in a child.
  func copy(
    of addresses: Range<UInt64>, in pageTable: PageTable, isWriteLocked: Bool
  ) -> VirtualMemoryArea {
    VirtualMemoryArea(
      pageTable, addresses, pageOffset: pageOffset &+ (addresses.lowerBound - start) >> Page.shift, flags: flags,
      file: file, operations: operations, privateData: privateData, isWriteLocked: isWriteLocked)
  }

  /// Maps a page of device memory at an address, if nothing is mapped there yet.
  ///
  /// One step; an entry that is there stays as it is and is the same success (semantics MM11, MM12). An area without
  /// `VM_PFNMAP`, a private writable one, and a page frame that is not aligned are findings.
  ///
  /// - Parameters:
  ///   - frame: The number of the first page frame.
  ///   - address: An address in the page.
  ///   - order: The size of the page.
  ///   - memory: The memory that the page frame is a part of.
  ///   - file: Where the call was made.
  ///   - line: Where the call was made.
  /// - Returns: ``FaultResult/noPage``, or ``FaultResult/sigbus`` for an address outside of the area.
  /// - Context: For fault handlers: the lock of the area or `mmap_lock` is held for reading, which is not checked.
  ///   Waits for nothing. Undone by ``FileMapping/unmapMappingRange(start:length:file:line:)`` or by an unmap.
  ///
  /// The corresponding C functions are `vmf_insert_pfn`, `vmf_insert_pfn_pmd` and `vmf_insert_pfn_pud`.
  public func insert(
    _ frame: Pfn, at address: UInt64, order: PageOrder = .page, of memory: any PhysicalMemory,
    file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> FaultResult {
    if kernel.isUnwinding { try await kernel.unwind() }
    if !flags.contains(.pfnMap) { throw bug("vmf_insert_pfn in an area without VM_PFNMAP", file, line) }
    if flags.isCopyOnWrite { throw bug("vmf_insert_pfn in a private writable area", file, line) }
    if !order.isAligned(frame) { throw bug("pfn \(frame) is not aligned to order \(order.rawValue)", file, line) }
    let page = order.alignDown(address)
    guard addresses.contains(page) else { return .sigbus }
    let entry = PageTableEntry(
      address: page, order: order, frame: frame, isWritable: flags.contains(.write), memory: memory,
      reach: self.file.mapping.reach)
    try await pageTable.insert(entry, file: file, line: line)
    return .noPage
  }

  private func bug(_ text: String, _ file: StaticString, _ line: UInt) -> KernelFault {
    kernel.fail(.warning, "kernel BUG: \(text)", at: "\(file):\(line)")
  }
}
