// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// A process that has a device open and has lent one page of BAR 2 out.
struct Lending: Sendable {
  let kernel: Kernel
  let device: VfioPciDevice
  /// The process that drives the device.
  let driver: UserProcess
  let deviceFd: FileDescriptor
  let dmabufFd: FileDescriptor
  let dmabuf: DmaBuf

  /// Sets everything up, the device's memory on or off when the buffer is exported.
  static func start(
    _ kernel: Kernel, _ revision: any VfioDmaBufDriver = PostedV1(), memoryOn: Bool = true
  ) async throws -> Lending {
    let device = VfioPciDevice(kernel, driver: revision)
    let driver = UserProcess(kernel, "driver")
    let deviceFd = try await driver.open(device).get()
    if !memoryOn { try await driver.writeCommand(deviceFd, []) }
    let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
    let dmabuf = try await driver.importDmaBuf(dmabufFd).get()
    try await dmabuf.put()
    return Lending(
      kernel: kernel, device: device, driver: driver, deviceFd: deviceFd, dmabufFd: dmabufFd, dmabuf: dmabuf)
  }

  /// VFIO's part of the buffer.
  var buffer: VfioPciDmaBuf {
    get throws { try VfioPciDmaBuf(dmabuf).orThrow() }
  }

  /// Maps the buffer into the driver's own memory.
  func map() async throws -> UInt64 { try await driver.mmap(dmabufFd, length: Page.size).get() }

  /// A second process that has been given the buffer's descriptor, and nothing else.
  func client() async throws -> (process: UserProcess, descriptor: FileDescriptor) {
    let client = UserProcess(kernel, "client")
    let file = try await driver.importDmaBuf(dmabufFd).get()
    return (client, try await client.install(file).get())
  }
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
