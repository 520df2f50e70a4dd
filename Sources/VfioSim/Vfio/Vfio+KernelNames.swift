// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

public import DmabufModel

// The names in C, for those who type them; no code can call these.
extension DmaBufList {
  /// Is called `all` here.
  @available(*, unavailable, renamed: "all")
  public func list_for_each_entry_safe(_: Any?...) async throws(KernelFault) -> [VfioPciDmaBuf] { neverCalled() }

  /// Is called `append` here.
  @available(*, unavailable, renamed: "append")
  public func list_add_tail(_: Any?...) async throws(KernelFault) {}

  /// Is called `remove` here.
  @available(*, unavailable, renamed: "remove")
  public func list_del_init(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension DmaBufStatusField {
  /// Is called `loadOnce` here.
  @available(*, unavailable, renamed: "loadOnce")
  public func READ_ONCE(_: Any?...) async throws(KernelFault) -> DmaBufStatus { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension DeviceField {
  /// Is called `loadOnce` here.
  @available(*, unavailable, renamed: "loadOnce")
  public func READ_ONCE(_: Any?...) async throws(KernelFault) -> VfioPciDevice? { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VfioDeviceFile {
  /// Is called `mmap` here.
  @available(*, unavailable, renamed: "mmap")
  public func vfio_pci_core_mmap(_: Any?...) async throws(KernelFault) -> Result<AreaSetup, Errno> { neverCalled() }

  /// Is called `open` here.
  @available(*, unavailable, renamed: "open")
  public static func vfio_device_fops_cdev_open(_: Any?...) async throws(KernelFault) -> Result<VfioDeviceFile, Errno> {
    neverCalled()
  }

  /// Is called `open` here.
  @available(*, unavailable, renamed: "open")
  public static func vfio_df_open(_: Any?...) async throws(KernelFault) -> Result<VfioDeviceFile, Errno> {
    neverCalled()
  }

  /// Is called `release` here.
  @available(*, unavailable, renamed: "release")
  public func vfio_device_fops_release(_: Any?...) async throws(KernelFault) {}

  /// Is called `ioctl` here.
  @available(*, unavailable, renamed: "ioctl")
  public func vfio_pci_core_ioctl(_: Any?...) async throws(KernelFault) -> Result<Int, Errno> { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VfioPciDevice {
  /// Is called `tryGetRegistration` here.
  @available(*, unavailable, renamed: "tryGetRegistration")
  public func vfio_device_try_get_registration(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `putRegistration` here.
  @available(*, unavailable, renamed: "putRegistration")
  public func vfio_device_put_registration(_: Any?...) async throws(KernelFault) {}

  /// Is called `unregister` here.
  @available(*, unavailable, renamed: "unregister")
  public func vfio_unregister_group_dev(_: Any?...) async throws(KernelFault) {}

  /// Is called `isMemoryEnabled` here.
  @available(*, unavailable, renamed: "isMemoryEnabled")
  public func __vfio_pci_memory_enabled(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `lockAndSetPowerState` here.
  @available(*, unavailable, renamed: "lockAndSetPowerState")
  public func vfio_lock_and_set_power_state(_: Any?...) async throws(KernelFault) {}

  /// Is called `writeCommand` here.
  @available(*, unavailable, renamed: "writeCommand")
  public func vfio_basic_config_write(_: Any?...) async throws(KernelFault) {}

  /// Is called `reset` here.
  @available(*, unavailable, renamed: "reset")
  public func vfio_pci_ioctl_reset(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }

  /// Is called `insertPfn` here.
  @available(*, unavailable, renamed: "insertPfn")
  public func vfio_pci_vmf_insert_pfn(_: Any?...) async throws(KernelFault) -> FaultResult { neverCalled() }

  /// Is called `featureDmaBuf` here.
  @available(*, unavailable, renamed: "featureDmaBuf")
  public func vfio_pci_core_feature_dma_buf(_: Any?...) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    neverCalled()
  }

  /// Is called `readBar` here.
  @available(*, unavailable, renamed: "readBar")
  public func vfio_pci_core_ioread32(_: Any?...) async throws(KernelFault) -> Result<UInt64, Errno> { neverCalled() }

  /// Is called `writeBar` here.
  @available(*, unavailable, renamed: "writeBar")
  public func vfio_pci_core_iowrite32(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VfioDmaBufDriver {
  /// Is called `fault` here.
  @available(*, unavailable, renamed: "fault")
  public func vfio_pci_mmap_huge_fault(_: Any?...) async throws(KernelFault) -> FaultResult { neverCalled() }

  /// Is called `attach` here.
  @available(*, unavailable, renamed: "attach")
  public func vfio_pci_dma_buf_attach(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }

  /// Is called `mmap` here.
  @available(*, unavailable, renamed: "mmap")
  public func vfio_pci_dma_buf_mmap(_: Any?...) async throws(KernelFault) -> Result<AreaSetup, Errno> { neverCalled() }

  /// Is called `map` here.
  @available(*, unavailable, renamed: "map")
  public func vfio_pci_dma_buf_map(_: Any?...) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    neverCalled()
  }

  /// Is called `unmap` here.
  @available(*, unavailable, renamed: "unmap")
  public func vfio_pci_dma_buf_unmap(_: Any?...) async throws(KernelFault) {}

  /// Is called `release` here.
  @available(*, unavailable, renamed: "release")
  public func vfio_pci_dma_buf_release(_: Any?...) async throws(KernelFault) {}

  /// Is called `export` here.
  @available(*, unavailable, renamed: "export")
  public func vfio_pci_dmabuf_export(_: Any?...) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    neverCalled()
  }

  /// Is called `applyRevoke` here.
  @available(*, unavailable, renamed: "applyRevoke")
  public func __vfio_pci_dma_buf_revoke(_: Any?...) async throws(KernelFault) {}

  /// Is called `move` here.
  @available(*, unavailable, renamed: "move")
  public func vfio_pci_dma_buf_move(_: Any?...) async throws(KernelFault) {}

  /// Is called `cleanup` here.
  @available(*, unavailable, renamed: "cleanup")
  public func vfio_pci_dma_buf_cleanup(_: Any?...) async throws(KernelFault) {}

  /// Is called `revoke` here.
  @available(*, unavailable, renamed: "revoke")
  public func vfio_pci_dma_buf_revoke(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VfioRegion {
  /// Is called `offset` here.
  @available(*, unavailable, renamed: "offset")
  public static func VFIO_PCI_INDEX_TO_OFFSET(_: Any?...) -> UInt64 { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension VfioPciDmaBuf {
  /// Is called `findPfn` here.
  @available(*, unavailable, renamed: "findPfn")
  public func vfio_pci_dma_buf_find_pfn(_: Any?...) throws(KernelFault) -> PfnLookup { neverCalled() }

  /// Is called `done` here.
  @available(*, unavailable, renamed: "done")
  public func vfio_pci_dma_buf_done(_: Any?...) async throws(KernelFault) {}
}
