// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// A driver with its answers to faults counted.
struct CountingDriver: DmaBufRevision {
  /// The driver.
  let base: any DmaBufRevision
  /// The counters.
  let tally: FaultTally

  /// Passes the fault on and counts the answer; a fall back to smaller pages is not the last one.
  func fault(_ buffer: VfioPciDmaBuf, _ fault: Fault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    let result = try await base.fault(buffer, fault, order: order)
    switch result {
    case .noPage: tally.note(.mapped)
    case .sigbus: tally.note(.refused)
    case .outOfMemory, .fallback: break
    }
    return result
  }

  // MARK: Everything else is the driver's own

  func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    try await base.export(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
  }

  func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    try await base.attach(buffer, attachment)
  }

  func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    try await base.map(buffer, attachment)
  }

  func unmap(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {
    try await base.unmap(buffer, attachment, table)
  }

  func mmap(_ buffer: VfioPciDmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try await base.mmap(buffer, request)
  }

  func revoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    try await base.revoke(buffer, revoked: revoked, permanently: permanently)
  }

  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    try await base.move(vdev, revoked: revoked)
  }

  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: Process
  ) async throws(KernelFault) -> Errno? {
    try await base.revoke(vdev, descriptor, of: process)
  }

  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) { try await base.cleanup(vdev) }

  func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) { try await base.release(buffer) }
}
