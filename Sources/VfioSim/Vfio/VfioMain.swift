// SPDX-License-Identifier: GPL-2.0-only

// Registration, open and close of a device, in the order of vfio_main.c.

public import DmabufModel

extension VfioPciDevice {
  /// Keeps the device registered unless it is going away.
  ///
  /// - Returns: Whether a registration was taken.
  /// - Context: Atomic; any context. Undone by ``putRegistration(file:line:)``.
  ///
  /// The corresponding C function is `vfio_device_try_get_registration`.
  public func tryGetRegistration(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await registration.getUnlessZero(file: file, line: line)
  }

  /// Puts a registration; after the last one the device may be gone when the call returns.
  ///
  /// - Context: Never sleeps; any context. No lock of the device may be held, unless another registration keeps it.
  ///
  /// The corresponding C function is `vfio_device_put_registration`.
  public func putRegistration(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    if try await registration.put(file: file, line: line) { try await unregistered.complete(file: file, line: line) }
  }

  /// Unregisters the device, and frees it when its last user is gone.
  ///
  /// - Context: Sleeps until every file, every buffer and every fault has put its registration, however long that takes
  ///   (semantics VF3). No lock may be held that one of them needs.
  ///
  /// The corresponding C function is `vfio_unregister_group_dev`.
  public func unregister() async throws(KernelFault) {
    try await putRegistration()  // vfio_device_put_registration
    try await unregistered.wait()  // wait_for_completion
    try await kernel.free(allocation)  // vfio_device_release
  }
}

extension VfioDeviceFile {
  /// Opens the device, as its character device is opened and bound (semantics VF5).
  ///
  /// - Returns: The file with one reference, `Errno.noSuchDevice` for a device that goes away, or
  ///   `Errno.invalidArgument` for one that is open already.
  /// - Context: May sleep for `dev_set->lock`, which it takes. Undone by ``release()``, after the last put of the file.
  ///
  /// The corresponding C functions are `vfio_device_fops_cdev_open` and `vfio_df_open`.
  public static func open(_ device: VfioPciDevice) async throws(KernelFault) -> Result<VfioDeviceFile, Errno> {
    guard try await device.tryGetRegistration() else { return .failure(.noSuchDevice) }
    try await device.deviceSetLock.lock()  // mutex_lock
    if try await device.openCount.load() != 0 {
      try await device.deviceSetLock.unlock()  // mutex_unlock
      try await device.putRegistration()
      return .failure(.invalidArgument)
    }
    try await device.openCount.store(1)
    try await device.coreEnable()  // vfio_pci_core_enable
    try await device.deviceSetLock.unlock()  // mutex_unlock
    return .success(VfioDeviceFile(device))
  }

  /// Closes the device (semantics VF6, VF7).
  ///
  /// - Context: Runs as task work, without any lock. May sleep for `dev_set->lock`, and under it for `memory_lock`,
  ///   which it holds for writing until every importer has unmapped.
  ///
  /// The corresponding C function is `vfio_device_fops_release`.
  public func release() async throws(KernelFault) {
    try await device.deviceSetLock.lock()  // mutex_lock
    try await device.driver.cleanup(device)  // vfio_pci_dma_buf_cleanup
    try await device.coreDisable()  // vfio_pci_core_disable
    try await device.openCount.store(0)
    try await device.deviceSetLock.unlock()  // mutex_unlock
    try await device.putRegistration()  // vfio_device_put_registration
  }
}
