// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// A PCI function in the hands of VFIO.
///
/// The corresponding C types are `struct vfio_pci_core_device` and `struct vfio_device` inside it.
public final class VfioPciDevice: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// The structure itself.
  public let allocation: Allocation
  /// The function.
  ///
  /// The corresponding C member is `pdev`.
  public let pci: PciDevice
  /// Keeps the device's memory on while a thread uses it.
  public let memoryLock: ReadWriteSemaphore
  /// The buffers that have been exported and not removed since.
  public let dmabufs: DmaBufList
  /// What the user sees and writes in place of the function's own registers.
  ///
  /// The corresponding C member is `vconfig`.
  package let virtualConfig: VirtualConfig
  /// One reference for being registered, one for each open file, each buffer, and each fault in its gap.
  ///
  /// The corresponding C member is `refcount` of `struct vfio_device`.
  public let registration: Kref
  /// Done when ``registration`` has reached zero.
  ///
  /// The corresponding C member is `comp`.
  public let unregistered: Completion
  /// Held while the device is opened and closed.
  ///
  /// The corresponding C member is `dev_set->lock`.
  public let deviceSetLock: SleepingMutex
  /// The number of open files; written with ``deviceSetLock`` held.
  ///
  /// The corresponding C member is `open_count`.
  public let openCount: Field<Int>
  /// The driver under test: its code for buffers.
  public let driver: any VfioDmaBufDriver

  /// Binds a function to VFIO.
  ///
  /// Not a step. Undone by ``unregister()``, which runs at the end of the execution unless it was called before.
  ///
  /// The corresponding C functions are `vfio_pci_core_register_device` and `vfio_init_device`.
  public init(_ kernel: Kernel, _ function: PciFunction = .builtIn, driver: any VfioDmaBufDriver = PostedV1()) {
    self.kernel = kernel
    self.driver = driver
    let allocation = kernel.allocate("struct vfio_pci_core_device")
    self.allocation = allocation
    pci = PciDevice(kernel, function)
    memoryLock = ReadWriteSemaphore(kernel, "vdev->memory_lock", in: allocation)
    dmabufs = DmaBufList(kernel, in: allocation)
    virtualConfig = VirtualConfig(kernel, in: allocation)
    registration = Kref(kernel, "device->refcount", spelling: .refcount, in: allocation)
    unregistered = Completion(kernel, "device->comp", in: allocation)
    deviceSetLock = SleepingMutex(kernel, "dev_set->lock")
    openCount = Field(kernel, "device->open_count", 0, in: allocation)
    kernel.keep(self)
    kernel.atEnd(.driversUnbind) {
      if try await !kernel.isFreed(allocation.object) { try await self.unregister() }
    }
  }
}
