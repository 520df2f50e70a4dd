// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

extension VfioPciDevice {
  /// Takes `memory_lock` for writing and revokes every buffer, before the device's memory goes away.
  ///
  /// May sleep for as long as importers take to unmap. Undone by ``unrevokeIfEnabled()`` and the release of the lock. The
  /// corresponding C function is `vfio_pci_lock_zap_revoke_bars`.
  func lockAndRevoke() async throws(KernelFault) {
    try await memoryLock.downWrite()  // down_write
    try await revision.move(self, revoked: true)  // vfio_pci_dma_buf_move
  }

  /// Makes buffers usable again if the device's memory is on.
  ///
  /// `memory_lock` must be held for writing.
  ///
  /// The corresponding C function is `vfio_pci_unrevoke_bars`.
  func unrevokeIfEnabled() async throws(KernelFault) {
    if try await isMemoryEnabled() { try await revision.move(self, revoked: false) }  // __vfio_pci_memory_enabled, move
  }

  /// Resets the function.
  ///
  /// Revokes before the function is brought to D0, as the first posting has it (semantics V8, §12.13). The corresponding
  /// C function is `vfio_pci_ioctl_reset`.
  ///
  /// - Returns: `Errno.invalidArgument` for a function that cannot be reset alone, or nothing.
  public func reset() async throws(KernelFault) -> Errno? {
    guard pci.function.hasFunctionLevelReset else { return .invalidArgument }  // vdev->reset_works
    try await lockAndRevoke()  // vfio_pci_lock_zap_revoke_bars
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    let errno = try await pci.tryReset()  // pci_try_reset_function
    try await unrevokeIfEnabled()  // vfio_pci_unrevoke_bars
    try await memoryLock.upWrite()  // up_write
    return errno
  }

  /// Writes the command register on behalf of the user; switching memory off revokes first.
  ///
  /// Semantics §12.13, VF18. The corresponding C function is `vfio_basic_config_write`.
  public func writeCommand(_ new: CommandBits) async throws(KernelFault) {
    if new.contains(.memory) {
      try await memoryLock.downWrite()  // down_write
    } else {
      try await lockAndRevoke()  // vfio_pci_lock_zap_revoke_bars
    }
    try await pci.decode.writeCommand(new)  // vfio_user_config_write
    try await virtualConfig.setCommand(new)
    try await unrevokeIfEnabled()  // vfio_pci_unrevoke_bars
    try await memoryLock.upWrite()  // up_write
  }

  /// Moves the function to a power state on behalf of the user; a state without memory revokes first.
  ///
  /// Without the capability there is no register to write, and nothing happens. The corresponding C function is
  /// `vfio_lock_and_set_power_state`.
  public func lockAndSetPowerState(_ state: PowerState) async throws(KernelFault) {
    guard pci.function.powerManagement != nil else { return }
    if state >= .d3hot {
      try await lockAndRevoke()  // vfio_pci_lock_zap_revoke_bars
    } else {
      try await memoryLock.downWrite()  // down_write
    }
    try await pci.setPowerState(state)  // vfio_pci_set_power_state
    try await unrevokeIfEnabled()  // vfio_pci_unrevoke_bars
    try await memoryLock.upWrite()  // up_write
  }
}
