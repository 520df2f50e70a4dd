// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// A driver that is another one, except for what it gives itself.
///
/// ```swift
/// struct CountsReleases: ForwardingDriver {
///   let base: any VfioDmaBufDriver
///   let count: Shared<Int>
///   func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
///     try await count.store(try await count.load() + 1)
///     try await base.release(buffer)
///   }
/// }
/// ```
///
/// A call that the other driver makes to itself goes through the device's driver, which is this one.
public protocol ForwardingDriver: VfioDmaBufDriver {
  /// The driver that gets every call for which there is no function here.
  var base: any VfioDmaBufDriver { get }
}

extension ForwardingDriver {
  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    try await base.attach(buffer, attachment)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func mmap(
    _ buffer: VfioPciDmaBuf, _ request: MmapRequest
  ) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await base.mmap(buffer, request)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await base.map(buffer, attachment)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    try await base.unmap(buffer, attachment, table)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) { try await base.release(buffer) }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    try await base.export(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    try await base.applyRevoke(buffer, revoked: revoked, permanently: permanently)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try await base.move(vdev, revoked: revoked)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) { try await base.cleanup(vdev) }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    try await base.revoke(vdev, descriptor, of: process)
  }

  /// Passes the call on.
  ///
  /// - Context: That of the same function of ``base``.
  public func fault(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    try await base.fault(buffer, fault, order: order)
  }
}
