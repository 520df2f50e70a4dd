// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// A buffer over BAR memory, as its exporter knows it.
///
/// The corresponding C type is `struct vfio_pci_dma_buf`.
public struct VfioPciDmaBuf: Sendable {
  /// The buffer that importers and files know.
  public let dmabuf: DmaBuf
  private let operations: VfioPciDmaBufOperations

  /// Makes a buffer, which no other thread knows yet.
  ///
  /// Not a step. Its first reference belongs to the caller.
  ///
  /// The corresponding C functions are `dma_buf_export`, `kref_init` and `init_completion`.
  init(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) {
    let size = ranges.reduce(0) { $0 &+ $1.length }
    operations = VfioPciDmaBufOperations(vdev, ranges, bar, size, deviceFile)
    dmabuf = DmaBuf(vdev.kernel, operations, size: size, flags: flags, revokedWhen: operations.revokeRules(vdev))
  }

  fileprivate init(_ dmabuf: DmaBuf, _ operations: VfioPciDmaBufOperations) {
    self.dmabuf = dmabuf
    self.operations = operations
  }

  /// The exporter's side of a buffer, if VFIO has exported it.
  ///
  /// The corresponding C check is `dmabuf->ops != &vfio_pci_dmabuf_ops`.
  public init?(_ dmabuf: DmaBuf) {
    guard let operations = dmabuf.operations as? VfioPciDmaBufOperations else { return nil }
    self.init(dmabuf, operations)
  }

  /// The machine.
  public var kernel: Kernel { dmabuf.kernel }
  /// The structure itself.
  public var allocation: Allocation { operations.allocation }
  /// The device that it belongs to, until the device is closed.
  public var vdev: DeviceField { operations.vdev }
  /// Whether the buffer may be used; written with `memory_lock` held for writing and the reservation lock, stable under
  /// either.
  public var status: DmaBufStatusField { operations.status }
  /// One reference for being usable, and one for each mapping of an importer.
  public var kref: Kref { operations.kref }
  /// Done when ``kref`` has reached zero.
  public var comp: Completion { operations.comp }
  /// The length in bytes.
  public var size: UInt64 { operations.size }
  /// The memory.
  ///
  /// The corresponding C member is `phys_vec`.
  public var ranges: [PhysicalRange] { operations.ranges }
  /// The BAR that the memory belongs to.
  public var bar: BarMemory { operations.bar }
  /// The device's file, where the buffer stands behind a mapping of a BAR.
  ///
  /// The corresponding C member is `vfile`.
  public var deviceFile: VfioDeviceFile? { operations.deviceFile }
  /// The driver under test.
  public var driver: any VfioDmaBufDriver { operations.driver }
}

/// What the buffer core calls, and the members of the structure that it hands over.
///
/// In C the structure and the buffer point at each other. Here nothing that can change lies outside of an actor, so the
/// members are here with the calls, and a ``VfioPciDmaBuf`` is both together.
///
/// The corresponding C variable is `vfio_pci_dmabuf_ops`.
private final class VfioPciDmaBufOperations: DmaBufOperations {
  let allocation: Allocation
  let vdev: DeviceField
  let status: DmaBufStatusField
  let kref: Kref
  let comp: Completion
  let size: UInt64
  let ranges: [PhysicalRange]
  let bar: BarMemory
  let deviceFile: VfioDeviceFile?
  let driver: any VfioDmaBufDriver

  init(
    _ device: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, _ size: UInt64, _ deviceFile: VfioDeviceFile?
  ) {
    let kernel = device.kernel
    allocation = kernel.allocate("struct vfio_pci_dma_buf")
    vdev = DeviceField(kernel, device, in: allocation)
    status = DmaBufStatusField(kernel, in: allocation, under: device.memoryLock)
    kref = Kref(kernel, "priv->kref", releasedBy: "vfio_pci_dma_buf_done", in: allocation)
    comp = Completion(kernel, "priv->comp", in: allocation)
    self.size = size
    self.ranges = ranges
    self.bar = bar
    self.deviceFile = deviceFile
    driver = device.driver
  }

  /// When nothing may reach the memory any more: after a revoke has returned, and after the device was closed.
  func revokeRules(_ device: VfioPciDevice) -> [RevokeRule] {
    let (status, openCount) = (status, device.openCount)
    return [
      RevokeRule(device.memoryLock, after: "the revoke") { look in look.read(status) { $0.now } != .ok },
      RevokeRule(device.deviceSetLock, after: "the device was closed") { look in look.load(openCount) == 0 },
    ]
  }

  /// Names the reservation lock, under which status and device are written from here on.
  func exported(as dmabuf: DmaBuf) {
    status.assumeIsolated { $0.reservation = dmabuf.reservation }
    vdev.assumeIsolated { $0.reservation = dmabuf.reservation }
  }

  func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    try await driver.attach(VfioPciDmaBuf(dmabuf, self), attachment)
  }

  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await driver.map(VfioPciDmaBuf(attachment.dmabuf, self), attachment)
  }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {
    try await driver.unmap(VfioPciDmaBuf(attachment.dmabuf, self), attachment, table)
  }

  func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await driver.mmap(VfioPciDmaBuf(dmabuf, self), request)
  }

  func release(_ dmabuf: DmaBuf) async throws(KernelFault) {
    try await driver.release(VfioPciDmaBuf(dmabuf, self))
  }
}
