// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension DmaBuf {
  /// Is called `mmap` here.
  @available(*, unavailable, renamed: "mmap")
  public func dma_buf_mmap_internal(_: Any?...) async throws(KernelFault) -> Result<AreaSetup, Errno> { neverCalled() }

  /// Is called `release` here.
  @available(*, unavailable, renamed: "release")
  public func dma_buf_release(_: Any?...) async throws(KernelFault) {}

  /// Is called `invalidateMappings` here.
  @available(*, unavailable, renamed: "invalidateMappings")
  public func dma_buf_invalidate_mappings(_: Any?...) async throws(KernelFault) {}

  /// Is called `attach` here.
  @available(*, unavailable, renamed: "attach")
  public func dma_buf_dynamic_attach(_: Any?...) async throws(KernelFault) -> Result<DmaBufAttachment, Errno> {
    neverCalled()
  }

  /// Is called `detach` here.
  @available(*, unavailable, renamed: "detach")
  public func dma_buf_detach(_: Any?...) async throws(KernelFault) {}

  /// Is called `mapAttachment` here.
  @available(*, unavailable, renamed: "mapAttachment")
  public func dma_buf_map_attachment(_: Any?...) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    neverCalled()
  }

  /// Is called `unmapAttachment` here.
  @available(*, unavailable, renamed: "unmapAttachment")
  public func dma_buf_unmap_attachment(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension FileTable {
  /// Is called `dmaBuf` here.
  @available(*, unavailable, renamed: "dmaBuf")
  public func dma_buf_get(_: Any?...) async throws(KernelFault) -> Result<DmaBuf, Errno> { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension ScatterTable {
  /// Is called `free` here.
  @available(*, unavailable, renamed: "free")
  public func dma_buf_free_sgt(_: Any?...) async throws(KernelFault) {}
}
