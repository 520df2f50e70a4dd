// SPDX-License-Identifier: GPL-2.0-only

// The device's memory, its power and its command register, in the order of vfio_pci_config.c.

public import DmabufModel

extension VfioPciDevice {
  /// Whether the user may reach the device's memory: its power state, and the memory bit as the user has written it.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held, which is not checked (semantics VF11).
  ///
  /// The corresponding C function is `__vfio_pci_memory_enabled`.
  public func isMemoryEnabled(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    let state = try await pci.currentState.load(file: file, line: line)
    guard state < .d3hot else { return false }
    return try await virtualConfig.command(file: file, line: line).contains(.memory)
  }

  /// Moves the function to a power state on behalf of the user; a state without memory revokes first.
  ///
  /// Without the capability there is no register to write, and nothing happens.
  ///
  /// - Context: May sleep for `memory_lock`, which it takes for writing and, if it revokes, holds until every importer
  ///   has unmapped. Neither that lock nor a reservation lock may be held.
  ///
  /// The corresponding C function is `vfio_lock_and_set_power_state`.
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

  /// Writes the command register on behalf of the user; switching memory off revokes first (semantics §12.13, VF18).
  ///
  /// - Context: May sleep for `memory_lock`, which it takes for writing and, if it revokes, holds until every importer
  ///   has unmapped. Neither that lock nor a reservation lock may be held.
  ///
  /// The corresponding C function is `vfio_basic_config_write`.
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
}
