// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// An exporter that refuses once it is revoked, as VFIO does, and writes down in what state it was called.
final class TestExporter: DmaBufOperations {
  let kernel: Kernel
  let isRevoked: Shared<Bool>
  let calls = Box<[String]>([])

  /// When nothing may reach a buffer of it.
  var revokeRule: RevokeRule {
    .underReservationLock(after: "the revoke") { [isRevoked] look in look.load(isRevoked) }
  }

  init(_ kernel: Kernel) {
    self.kernel = kernel
    isRevoked = Shared(kernel, "priv->status", false)
  }

  func attach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    note("attach", dmabuf)
    if !attachment.isPeerToPeer { return .notSupported }
    if try await isRevoked.load() { return .noSuchDevice }
    return attachment.isRevocable ? nil : .notSupported
  }

  func detach(_ dmabuf: DmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) { note("detach", dmabuf) }

  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    note("map", attachment.dmabuf)
    if try await isRevoked.load() { return .failure(.noSuchDevice) }
    return .success(ScatterTable(kernel, [PhysicalRange(address: 0xE000_0000, length: attachment.dmabuf.size)]))
  }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {
    note("unmap", attachment.dmabuf)
    try await table.free(kernel)
  }

  func mmap(_ dmabuf: DmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    .failure(.noSuchDevice)
  }

  func release(_ dmabuf: DmaBuf) async throws(KernelFault) { note("release", dmabuf) }

  private func note(_ call: String, _ dmabuf: DmaBuf) {
    let isLocked = dmabuf.reservation.isHeld
    calls.update { $0.append(call + (isLocked ? " with resv" : "")) }
  }
}

/// An importer that only writes down when it is told.
final class TestImporter: RevocableImporter {
  let name: String
  let allowsPeerToPeer: Bool
  private let told: Box<[String]>

  init(_ name: String = "importer", allowsPeerToPeer: Bool = true, told: Box<[String]> = Box([])) {
    self.name = name
    self.allowsPeerToPeer = allowsPeerToPeer
    self.told = told
  }

  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    let isLocked = attachment.dmabuf.reservation.isHeld
    told.update { $0.append(name + (isLocked ? "" : " without resv")) }
  }
}

/// An importer that cannot be told.
final class StaticImporter: Importer {
  var allowsPeerToPeer: Bool { true }
}

/// Accepts everybody and maps nothing.
final class PermissiveExporter: DmaBufOperations {
  func map(_ attachment: DmaBufAttachment) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    .failure(.noMemory)
  }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) async throws(KernelFault) {}

  func release(_ dmabuf: DmaBuf) async throws(KernelFault) {}
}
