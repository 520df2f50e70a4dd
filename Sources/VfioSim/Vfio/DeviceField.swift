// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// The device that a buffer belongs to, until the device is closed; written like the status.
///
/// The corresponding C member is `vdev` of `struct vfio_pci_dma_buf`.
public struct DeviceField: Sendable {
  let field: Field<DevicePointer>

  init(_ kernel: Kernel, _ device: VfioPciDevice, in owner: Allocation) {
    field = Field(kernel, "priv->vdev", DevicePointer(device), in: owner, writtenUnder: device.memoryLock)
  }

  /// Reads the device, as a plain access.
  ///
  /// - Context: Never sleeps; any context.
  @inline(__always)
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> VfioPciDevice? {
    try await field.load(file: file, line: line).device
  }

  /// Reads the device where the compiler must not read it twice.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C macro is `READ_ONCE`.
  @inline(__always)
  public func loadOnce(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> VfioPciDevice? {
    try await field.loadOnce(file: file, line: line).device
  }

  /// Forgets the device.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, and the reservation lock, or it is a finding.
  public func clear(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await field.store(DevicePointer(nil), file: file, line: line)
  }

  /// Names the reservation lock of the buffer, from its export on.
  func isWritten(under lock: Reservation) { field.isWritten(under: lock) }
}

/// What the field holds.
struct DevicePointer: Sendable, CustomStringConvertible, Fingerprinted {
  // The device knows its buffers, so a buffer does not own its device; the machine keeps devices until the execution
  // ends.
  unowned let device: VfioPciDevice?

  init(_ device: VfioPciDevice?) { self.device = device }

  var description: String { device == nil ? "NULL" : "vdev" }

  func add(to fingerprint: inout Fingerprint) { fingerprint.add(device?.allocation.object) }
}
