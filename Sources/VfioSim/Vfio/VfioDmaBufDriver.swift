// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// The driver under test: its code for buffers.
///
/// The functions given here are those of the first posting, on which everything else is measured, faults included. A
/// later posting, a broken one or a better one is a type that replaces those functions in which it differs; the model
/// itself has no switches. The names are those of C in short; `applyRevoke` is the one with two underscores. A type
/// that wraps another one is a ``ForwardingDriver``.
///
/// ```swift
/// struct WithoutSecondLook: VfioDmaBufDriver {
///   func fault(
///     _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
///   ) async throws(KernelFault) -> FaultResult {
///     …
///   }
/// }
/// ```
public protocol VfioDmaBufDriver: Sendable {
  /// Makes a buffer and puts it on the device's list.
  ///
  /// - Returns: The buffer with one reference, or an errno.
  /// - Context: May sleep. No lock of the device or of a buffer is held; `mmap_lock` may be, for writing. Undone by
  ///   ``release(_:)``.
  ///
  /// The corresponding C function is `vfio_pci_dmabuf_export`.
  func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno>

  /// Looks at a device that wants to import the buffer.
  ///
  /// - Returns: Why it is refused, or nothing.
  /// - Context: May sleep. Runs without the reservation lock.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_attach`.
  func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno?

  /// Makes the memory reachable for an importer.
  ///
  /// - Returns: The mapping, or an errno.
  /// - Context: May sleep. Runs with the reservation lock held. Undone by ``unmap(_:_:_:)``.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_map`.
  func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno>

  /// Undoes a mapping.
  ///
  /// - Context: May sleep. Runs with the reservation lock held.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_unmap`.
  func unmap(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault)

  /// Prepares a mapping by user code.
  ///
  /// - Returns: What the area needs, or an errno.
  /// - Context: May sleep. Runs with `mmap_lock` held for writing and without the reservation lock.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_mmap`.
  func mmap(_ buffer: VfioPciDmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno>

  /// Answers a page fault.
  ///
  /// - Returns: Whether the page is mapped; only after `FaultResult.fallback` are smaller pages tried.
  /// - Context: May sleep. Runs with the lock of the area or `mmap_lock` held for reading.
  ///
  /// The corresponding C function is `vfio_pci_mmap_huge_fault`.
  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult

  /// Revokes a buffer, or ends a temporary revoke.
  ///
  /// - Context: May sleep until every importer has unmapped. Runs with `memory_lock` held for writing; the caller owns
  ///   a reference to the buffer.
  ///
  /// The corresponding C function is `__vfio_pci_dma_buf_revoke`.
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault)

  /// Revokes every buffer of a device temporarily, or ends that.
  ///
  /// - Context: May sleep until every importer has unmapped. Runs with `memory_lock` held for writing.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_move`.
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault)

  /// Revokes one buffer for good, for the ioctl.
  ///
  /// - Returns: What is wrong, or nothing.
  /// - Context: May sleep until every importer has unmapped. Runs in a system call, without any lock.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_revoke`.
  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno?

  /// Revokes every buffer for good and removes it from the list, when the device is closed.
  ///
  /// - Context: May sleep until every importer has unmapped. Runs with `dev_set->lock` held.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_cleanup`.
  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault)

  /// Takes a buffer back after its last reference.
  ///
  /// - Context: May sleep. Runs as task work, without any lock.
  ///
  /// The corresponding C function is `vfio_pci_dma_buf_release`.
  func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault)
}

/// The first posting: patch 8/9 of 2026-04-16 on patches 1/9 to 7/9 of its series.
public struct PostedV1: VfioDmaBufDriver {
  /// Makes the code; it has no state.
  public init() {}
}
