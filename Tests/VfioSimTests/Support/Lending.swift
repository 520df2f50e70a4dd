// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// A rig with one page of BAR 2 lent out.
struct Lending: Sendable {
  let rig: Rig
  let dmabufFd: FileDescriptor
  let dmabuf: DmaBuf

  var kernel: Kernel { rig.kernel }
  var device: VfioPciDevice { rig.device }
  /// The process that drives the device.
  var driver: UserProcess { rig.driver }
  var deviceFd: FileDescriptor { rig.fd }

  /// Sets everything up, the device's memory on or off when the buffer is exported.
  static func start(
    _ kernel: Kernel, _ revision: any VfioDmaBufDriver = PostedV1(), memoryOn: Bool = true
  ) async throws -> Lending {
    let rig = try await Rig.open(kernel, driver: revision)
    if !memoryOn { try await rig.driver.writeCommand(rig.fd, []) }
    let dmabufFd = try await rig.export().get()
    return Lending(rig: rig, dmabufFd: dmabufFd, dmabuf: try await rig.buffer(dmabufFd).dmabuf)
  }

  /// VFIO's part of the buffer.
  var buffer: VfioPciDmaBuf {
    get throws { try VfioPciDmaBuf(dmabuf).orThrow() }
  }

  /// Maps the buffer into the driver's own memory.
  func map() async throws -> UInt64 { try await rig.map(dmabufFd).get() }

  /// A second process that has been given the buffer's descriptor, and nothing else.
  func client() async throws -> (process: UserProcess, descriptor: FileDescriptor) { try await rig.client(dmabufFd) }
}

/// An importer with its attachment.
struct Import: Sendable {
  let peer: PeerDevice
  let dmabuf: DmaBuf
  let attachment: DmaBufAttachment

  /// Attaches a new device to a buffer; keeps a reference to the buffer, as importers do.
  static func attach(_ dmabuf: DmaBuf, _ habit: PeerDevice.UnmapPolicy = .unmapsAtOnce) async throws -> Import {
    let peer = PeerDevice(dmabuf.kernel, habit)
    try await dmabuf.get()
    return Import(peer: peer, dmabuf: dmabuf, attachment: try await dmabuf.attach(peer).get())
  }

  func map() async throws -> Errno? { try await peer.map(attachment) }

  func unmap() async throws { try await peer.unmap(attachment) }

  /// Gives everything back.
  func end() async throws {
    try await unmap()
    try await dmabuf.detach(attachment)
    try await dmabuf.put()
    try await dmabuf.kernel.returnToUserMode()
  }
}

extension Kernel {
  /// Starts threads in the order in which they are written, or in the opposite one: a proof takes the same executions.
  func start(reversed isReversed: Bool, _ starts: () -> Void...) {
    for start in isReversed ? starts.reversed() : starts { start() }
  }
}

struct Missing: Error {}

extension Optional {
  func orThrow() throws -> Wrapped {
    guard let self else { throw Missing() }
    return self
  }
}
