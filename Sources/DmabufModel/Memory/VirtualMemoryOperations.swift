// SPDX-License-Identifier: GPL-2.0-only

/// What a driver does about the areas that map its files.
///
/// The corresponding C type is `struct vm_operations_struct`.
public protocol VirtualMemoryOperations: Sendable {
  /// Maps a huge page around the address that was touched.
  ///
  /// - Returns: What the handler has done; only after ``FaultResult/fallback`` are smaller sizes tried (semantics
  ///   MM10).
  /// - Context: May sleep. The lock of the area or `mmap_lock` is held for reading all the time (semantics MM14).
  ///
  /// The corresponding C member is `huge_fault`.
  func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult

  /// Maps the page that was touched.
  ///
  /// - Returns: What the handler has done; ``FaultResult/fallback`` is a finding here.
  /// - Context: May sleep. The lock of the area or `mmap_lock` is held for reading all the time (semantics MM14).
  ///
  /// The corresponding C member is `fault`.
  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult
}

extension VirtualMemoryOperations {
  /// Maps no huge pages.
  ///
  /// - Context: Waits for nothing and takes no lock.
  public func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult { .fallback }
}

/// An access that found no page table entry.
///
/// The corresponding C type is `struct vm_fault`.
public struct PageFault: Sendable {
  /// The area that was touched.
  public let area: VirtualMemoryArea
  /// The start of the page that was touched.
  public let address: UInt64
  /// Whether it was a store.
  public let isWrite: Bool
}

/// What a fault handler has achieved.
///
/// The corresponding C type is `vm_fault_t`.
public enum FaultResult: Sendable, Hashable, CaseIterable {
  /// The entry is there; the access is tried again.
  ///
  /// The corresponding C constant is `VM_FAULT_NOPAGE`.
  case noPage
  /// There is nothing to map.
  ///
  /// The corresponding C constant is `VM_FAULT_SIGBUS`.
  case sigbus
  /// There was no memory for a page table; the access is tried again.
  ///
  /// The corresponding C constant is `VM_FAULT_OOM`.
  case outOfMemory
  /// Not with this size; a smaller one may do.
  ///
  /// The corresponding C constant is `VM_FAULT_FALLBACK`.
  case fallback
}
