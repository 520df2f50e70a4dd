// SPDX-License-Identifier: GPL-2.0-only

// Reads and writes of BARs for the user, as in vfio_pci_rdwr.c.

public import DmabufModel

extension VfioPciDevice {
  /// Reads from a BAR for the user, as `pread` on the device's file does (semantics VF24).
  ///
  /// - Returns: The value, `Errno.invalidArgument` for a place outside of the BAR, `Errno.ioError` while the memory is
  ///   off.
  /// - Context: May sleep for `memory_lock`, which it takes for reading and which must not be held.
  ///
  /// The corresponding C function is `vfio_pci_core_ioread32`.
  public func readBar(
    _ index: Int, at offset: UInt64, width: Int = 4
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    guard let bar = pci.bar(index), width > 0, offset < bar.bar.size, UInt64(width) <= bar.bar.size - offset else {
      return .failure(.invalidArgument)
    }
    try await memoryLock.downRead()  // down_read
    let isEnabled = try await isMemoryEnabled()  // __vfio_pci_memory_enabled
    let value = isEnabled ? try await bar.read(at: offset, width: width) : 0
    try await memoryLock.upRead()  // up_read
    return isEnabled ? .success(value) : .failure(.ioError)
  }

  /// Writes to a BAR for the user, as `pwrite` on the device's file does (semantics VF24).
  ///
  /// - Returns: `Errno.invalidArgument` for a place outside of the BAR, `Errno.ioError` while the memory is off.
  /// - Context: May sleep for `memory_lock`, which it takes for reading and which must not be held.
  ///
  /// The corresponding C function is `vfio_pci_core_iowrite32`.
  public func writeBar(
    _ index: Int, at offset: UInt64, width: Int = 4, _ value: UInt64
  ) async throws(KernelFault) -> Errno? {
    guard let bar = pci.bar(index), width > 0, offset < bar.bar.size, UInt64(width) <= bar.bar.size - offset else {
      return .invalidArgument
    }
    try await memoryLock.downRead()  // down_read
    let isEnabled = try await isMemoryEnabled()  // __vfio_pci_memory_enabled
    if isEnabled { try await bar.write(at: offset, width: width, value) }
    try await memoryLock.upRead()  // up_read
    return isEnabled ? nil : .ioError
  }
}
