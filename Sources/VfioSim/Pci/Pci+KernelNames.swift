// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

public import DmabufModel

// The names in C, for those who type them; no code can call these.
extension PciDevice {
  /// Is called `enable` here.
  @available(*, unavailable, renamed: "enable")
  public func pci_enable_device(_: Any?...) async throws(KernelFault) {}

  /// Is called `clearMaster` here.
  @available(*, unavailable, renamed: "clearMaster")
  public func pci_clear_master(_: Any?...) async throws(KernelFault) {}

  /// Is called `setPowerState` here.
  @available(*, unavailable, renamed: "setPowerState")
  public func pci_set_power_state(_: Any?...) async throws(KernelFault) {}

  /// Is called `tryReset` here.
  @available(*, unavailable, renamed: "tryReset")
  public func pci_try_reset_function(_: Any?...) async throws(KernelFault) -> Errno? { neverCalled() }
}
