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
  /// Keeps the device's memory from being switched off while somebody uses it.
  public let memoryLock: ReadWriteSemaphore
  /// The buffers that have been exported and not parted with.
  public let dmabufs: DmaBufList
  /// What the user sees and writes in place of the function's own registers.
  ///
  /// The corresponding C member is `vconfig`.
  public let virtualConfig: VirtualConfig
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
  /// How many files are open; written with ``deviceSetLock`` held.
  ///
  /// The corresponding C member is `open_count`.
  public let openCount: OpenCount
  /// The driver's code for buffers.
  public let revision: any DmaBufRevision

  /// Binds a function to VFIO.
  ///
  /// Not a step. Undone by ``unregister()``, which runs at the end of the execution if nobody has called it before. The
  /// corresponding C functions are `vfio_pci_core_register_device` and `vfio_init_device`.
  public init(_ kernel: Kernel, _ function: PciFunction = .builtIn, revision: any DmaBufRevision = PostedV1()) {
    self.kernel = kernel
    self.revision = revision
    let allocation = kernel.allocate("struct vfio_pci_core_device")
    self.allocation = allocation
    pci = PciDevice(kernel, function)
    memoryLock = ReadWriteSemaphore(kernel, "vdev->memory_lock", in: allocation)
    dmabufs = DmaBufList(kernel, in: allocation)
    virtualConfig = VirtualConfig(kernel, in: allocation)
    registration = Kref(kernel, "device->refcount", spelling: .refcount, in: allocation)
    unregistered = Completion(kernel, "device->comp", in: allocation)
    deviceSetLock = SleepingMutex(kernel, "dev_set->lock")
    openCount = OpenCount(kernel, in: allocation)
    kernel.keep(self)
    kernel.atEnd(.driversUnbind) {
      if try await !kernel.isFreed(allocation.object) { try await self.unregister() }
    }
  }

  // MARK: The registration

  /// Keeps the device registered unless it is going away.
  ///
  /// Atomic; any context. Undone by ``putRegistration(file:line:)``. The corresponding C function is
  /// `vfio_device_try_get_registration`.
  public func tryGetRegistration(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    try await registration.getUnlessZero(file: file, line: line)
  }

  /// Gives a registration back; after the last one the device may be gone when the call returns.
  ///
  /// Any context. The corresponding C function is `vfio_device_put_registration`.
  public func putRegistration(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    if try await registration.put(file: file, line: line) { try await unregistered.complete(file: file, line: line) }
  }

  /// Takes the device from its users and frees it.
  ///
  /// Sleeps until every file, every buffer and every fault has given its registration back, however long that takes
  /// (semantics VF3). The corresponding C function is `vfio_unregister_group_dev`.
  public func unregister() async throws(KernelFault) {
    try await putRegistration()  // vfio_device_put_registration
    try await unregistered.wait()  // wait_for_completion
    try await kernel.free(allocation)  // vfio_device_release
  }

  // MARK: Memory enable

  /// Whether the user may reach the device's memory: its power state, and the memory bit as the user has written it.
  ///
  /// `memory_lock` must be held, which nobody checks (semantics VF11). The corresponding C function is
  /// `__vfio_pci_memory_enabled`.
  public func isMemoryEnabled(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    let state = try await pci.currentState.load(file: file, line: line)
    guard state < .d3hot else { return false }
    return try await virtualConfig.command(file: file, line: line).contains(.memory)
  }

  /// Inserts a page of a BAR into the page table of a faulting area, if the device's memory is on.
  ///
  /// `memory_lock` must be held for reading. Semantics F11, F12. The corresponding C function is `vfio_pci_vmf_insert_pfn`.
  public func insertPfn(
    _ fault: Fault, _ pfn: Pfn, _ order: PageOrder, _ bar: BarMemory
  ) async throws(KernelFault) -> FaultResult {
    try memoryLock.assertHeldRead()  // lockdep_assert_held_read
    guard try await isMemoryEnabled() else { return .sigbus }  // __vfio_pci_memory_enabled
    return try await fault.area.insert(pfn, at: fault.address, order: order, of: bar)  // vmf_insert_pfn…
  }
}
