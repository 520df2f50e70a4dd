// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// A buffer over BAR memory, seen from its exporter: the buffer itself and VFIO's part of it.
///
/// The corresponding C type is `struct vfio_pci_dma_buf`; the C member `dmabuf` is ``dmabuf``.
public struct VfioPciDmaBuf: Sendable {
  /// The buffer.
  public let dmabuf: DmaBuf
  /// VFIO's part of it.
  public let priv: VfioPciDmaBufPrivate

  init(_ dmabuf: DmaBuf, _ priv: VfioPciDmaBufPrivate) {
    self.dmabuf = dmabuf
    self.priv = priv
  }

  /// The buffer behind a file, if VFIO has exported it.
  ///
  /// The corresponding C check is of `dmabuf->ops`.
  public init?(_ dmabuf: DmaBuf) {
    guard let priv = dmabuf.operations as? VfioPciDmaBufPrivate else { return nil }
    self.init(dmabuf, priv)
  }

  /// The machine.
  public var kernel: Kernel { dmabuf.kernel }
  /// Whether the buffer may be used.
  public var status: DmaBufStatusField { priv.status }
  /// The device that it belongs to, until the device is closed.
  public var vdev: DeviceField { priv.vdev }
  /// One reference for being usable, and one for each mapping of an importer.
  public var kref: Kref { priv.kref }
  /// Done when ``kref`` has reached zero.
  public var comp: Completion { priv.comp }
}

/// VFIO's part of a buffer.
///
/// The corresponding C type is `struct vfio_pci_dma_buf`.
public final class VfioPciDmaBufPrivate: DmaBufOperations {
  /// The structure itself.
  public let allocation: Allocation
  /// The device that the buffer belongs to, until the device is closed.
  public let vdev: DeviceField
  /// Whether the buffer may be used.
  public let status: DmaBufStatusField
  /// One reference for being usable, and one for each mapping of an importer.
  public let kref: Kref
  /// Done when ``kref`` has reached zero.
  public let comp: Completion
  /// The memory.
  ///
  /// The corresponding C member is `phys_vec`.
  public let ranges: [PhysicalRange]
  /// The BAR that the memory is of.
  public let bar: BarMemory
  /// The device's file, where the buffer stands behind a mapping of a BAR.
  ///
  /// The corresponding C member is `vfile`.
  public let deviceFile: VfioDeviceFile?
  /// The code of the driver.
  public let revision: any DmaBufRevision

  init(_ device: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, deviceFile: VfioDeviceFile?) {
    let kernel = device.kernel
    allocation = kernel.allocate("struct vfio_pci_dma_buf")
    vdev = DeviceField(kernel, device, in: allocation)
    status = DmaBufStatusField(kernel, in: allocation, under: device.memoryLock)
    kref = Kref(kernel, "priv->kref", in: allocation)
    comp = Completion(kernel, "priv->comp", in: allocation)
    self.ranges = ranges
    self.bar = bar
    self.deviceFile = deviceFile
    revision = device.revision
  }

  /// How long the buffer is, in bytes.
  public var size: UInt64 { ranges.reduce(0) { $0 &+ $1.length } }

  /// When nothing may reach the memory any more: after a revoke has returned, and after the device was closed.
  func revokeRules(_ device: VfioPciDevice) -> [RevokeRule] {
    let (status, openCount) = (status, device.openCount)
    return [
      RevokeRule(device.memoryLock, after: "the revoke") { look in look.read(status) { $0.now } != .ok },
      RevokeRule(device.deviceSetLock, after: "the device was closed") { look in look.read(openCount) { $0.now } == 0 },
    ]
  }

  // MARK: DmaBufOperations

  /// Learns by which reservation lock the status is protected.
  public func exported(as dmabuf: DmaBuf) { status.assumeIsolated { $0.reservation = dmabuf.reservation } }

  /// Looks at a device that wants to import the buffer.
  public func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    try await revision.attach(VfioPciDmaBuf(dmabuf, self), attachment)
  }

  /// Makes the memory reachable for an importer's device.
  public func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await revision.map(VfioPciDmaBuf(attachment.dmabuf, self), attachment)
  }

  /// Undoes a mapping.
  public func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {
    try await revision.unmap(VfioPciDmaBuf(attachment.dmabuf, self), attachment, table)
  }

  /// Prepares a mapping by user code.
  public func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await revision.mmap(VfioPciDmaBuf(dmabuf, self), request)
  }

  /// Takes the buffer back for good.
  public func release(_ dmabuf: DmaBuf) async throws(KernelFault) {
    try await revision.release(VfioPciDmaBuf(dmabuf, self))
  }
}
