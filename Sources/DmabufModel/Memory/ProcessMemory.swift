// SPDX-License-Identifier: GPL-2.0-only

/// The memory of a process: its areas and its page tables.
///
/// Not modelled: anonymous memory, merging of areas, `mremap`, `mprotect`, pinning of user pages (which device memory
/// refuses), MMU notifiers, the limit of areas a process may have, and locks that a signal can interrupt.
///
/// The corresponding C type is `struct mm_struct`.
public final class ProcessMemory: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The lock that is held for writing while the list of areas changes.
  ///
  /// The corresponding C member is `mmap_lock`.
  public let lock: ReadWriteSemaphore
  /// Whether a fault tries huge pages also where they do not fit into the area.
  ///
  /// The kernel does, and leaves it to the driver to fall back. Such a try can only fail, so leaving it out saves a
  /// search most of its steps; a benchmark of the kernel wants it in.
  public let triesEveryOrder: Bool

  let areas: AreaTree
  let pageTable: PageTable

  /// Makes an empty address space.
  ///
  /// The corresponding C function is `mm_alloc`.
  public init(_ kernel: Kernel, triesEveryOrder: Bool = false) {
    self.kernel = kernel
    self.triesEveryOrder = triesEveryOrder
    lock = ReadWriteSemaphore(kernel, "mmap_lock")
    areas = AreaTree(kernel)
    pageTable = PageTable(kernel)
  }

  /// Lets faults on the areas in again that the holder of `mmap_lock` has locked for writing.
  ///
  /// The corresponding C function is `vma_end_write_all`.
  func endWritingAreas(_ file: StaticString, _ line: UInt) async throws(KernelFault) {
    for area in await areas.all where await area.lock.isWriteLocked {
      try await area.lock.endWrite(file: file, line: line)
    }
  }

  /// Unlocks `mmap_lock` and ends the system call.
  ///
  /// The corresponding C function is `mmap_write_unlock`.
  func endSystemCall(_ file: StaticString, _ line: UInt) async throws(KernelFault) {
    try await endWritingAreas(file, line)
    try await lock.upWrite(file: file, line: line)
    try await kernel.returnToUserMode()
  }
}
