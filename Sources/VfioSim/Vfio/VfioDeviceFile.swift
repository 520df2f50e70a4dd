// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// An open file of a VFIO device.
///
/// The corresponding C type is `struct vfio_device_file`.
public final class VfioDeviceFile: File {
  /// What all files have.
  public let core: FileCore
  /// The device.
  public let device: VfioPciDevice

  private init(_ device: VfioPciDevice) {
    self.device = device
    core = FileCore(device.kernel)
  }

  /// Opens the device, as its character device is opened and bound.
  ///
  /// May sleep; takes `dev_set->lock`. Semantics VF5. The corresponding C functions are `vfio_device_fops_cdev_open` and
  /// `vfio_df_open`.
  ///
  /// - Returns: The file with one reference, or `Errno.noSuchDevice` for a device that goes away, or
  ///   `Errno.invalidArgument` for one that is open already.
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

  /// Closes the device.
  ///
  /// Runs as task work, without any lock; takes `dev_set->lock`, and under it `memory_lock`. Semantics VF6, VF7. The
  /// corresponding C function is `vfio_device_fops_release`.
  public func release() async throws(KernelFault) {
    try await device.deviceSetLock.lock()  // mutex_lock
    try await device.revision.cleanup(device)  // vfio_pci_dma_buf_cleanup
    try await device.coreDisable()  // vfio_pci_core_disable
    try await device.openCount.store(0)
    try await device.deviceSetLock.unlock()  // mutex_unlock
    try await device.putRegistration()  // vfio_device_put_registration
  }

  /// Answers the requests of a VFIO device.
  ///
  /// The corresponding C function is `vfio_pci_core_ioctl`.
  public func ioctl(
    _ request: any IoctlRequest, by process: Process
  ) async throws(KernelFault) -> Result<Int, Errno> {
    guard let request = request as? VfioDeviceRequest else { return .failure(.notATerminal) }
    switch request {
    case .reset:
      if let errno = try await device.reset() { return .failure(errno) }
      return .success(0)
    case .featureDmaBuf(let feature):
      return try await device.featureDmaBuf(feature, process).map { Int($0) }
    case .dmaBufRevoke(let argument):
      if let errno = try await device.ioctlDmaBufRevoke(argument, process) { return .failure(errno) }
      return .success(0)
    }
  }

  /// Maps a BAR, through a buffer that stands behind it.
  ///
  /// The corresponding C function is `vfio_pci_core_mmap`.
  public func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await device.mmapBar(request, self)
  }
}

extension VfioPciDevice {
  /// Prepares the function for its user.
  ///
  /// The corresponding C function is `vfio_pci_core_enable`.
  func coreEnable() async throws(KernelFault) {
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    try await pci.clearMaster()  // pci_clear_master
    try await pci.enable()  // pci_enable_device
    try await virtualConfig.fill(try await pci.decode.readCommand())  // vfio_config_init
  }

  /// Takes the function from its user.
  ///
  /// `dev_set->lock` must be held. Semantics VF8. The corresponding C function is `vfio_pci_core_disable`.
  func coreDisable() async throws(KernelFault) {
    try await pci.setPowerState(.d0)  // vfio_pci_set_power_state
    try await pci.clearMaster()  // pci_clear_master
    try await virtualConfig.clear()  // vfio_config_free
    let command = try await pci.decode.readCommand()  // pci_disable_device
    try await pci.decode.writeCommand(command.subtracting([.memory, .master]))
  }
}
