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

  init(_ device: VfioPciDevice) {
    self.device = device
    core = FileCore(device.kernel)
  }

  /// Maps a BAR, through a buffer over its memory.
  ///
  /// - Returns: What the area needs, or `Errno.invalidArgument` or `Errno.noSuchDevice` (semantics VF23).
  /// - Context: Runs with `mmap_lock` held for writing. May sleep for `memory_lock`, which it takes for writing, and
  ///   for the reservation lock.
  ///
  /// The corresponding C function is `vfio_pci_core_mmap`.
  public func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await device.mmapBar(request, self)
  }
}
