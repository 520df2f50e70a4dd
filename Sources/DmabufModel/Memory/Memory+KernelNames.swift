// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension FileMapping {
  /// Is called `unmapMappingRange` here.
  @available(*, unavailable, renamed: "unmapMappingRange")
  public func unmap_mapping_range(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension Page {
  /// Is called `isAligned` here.
  @available(*, unavailable, renamed: "isAligned")
  public static func PAGE_ALIGNED(_: Any?...) -> Bool { neverCalled() }

  /// Is called `alignDown` here.
  @available(*, unavailable, renamed: "alignDown")
  public static func PAGE_MASK(_: Any?...) -> UInt64 { neverCalled() }

  /// Is called `alignUp` here.
  @available(*, unavailable, renamed: "alignUp")
  public static func PAGE_ALIGN(_: Any?...) -> UInt64 { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension ProcessMemory {
  /// Is called `copyFromUser` here.
  @available(*, unavailable, renamed: "copyFromUser")
  public func copy_from_user(_: Any?...) async throws(KernelFault) -> Result<UInt64, Errno> { neverCalled() }

  /// Is called `copyToUser` here.
  @available(*, unavailable, renamed: "copyToUser")
  public func copy_to_user(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }

  /// Is called `fork` here.
  @available(*, unavailable, renamed: "fork")
  public func dup_mmap(_: Any?...) async throws(KernelFault) -> ProcessMemory { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VirtualMemoryArea {
  /// Is called `insert` here.
  @available(*, unavailable, renamed: "insert")
  public func vmf_insert_pfn(_: Any?...) async throws(KernelFault) -> FaultResult { neverCalled() }

  /// Is called `insert` here.
  @available(*, unavailable, renamed: "insert")
  public func vmf_insert_pfn_pmd(_: Any?...) async throws(KernelFault) -> FaultResult { neverCalled() }

  /// Is called `insert` here.
  @available(*, unavailable, renamed: "insert")
  public func vmf_insert_pfn_pud(_: Any?...) async throws(KernelFault) -> FaultResult { neverCalled() }
}
