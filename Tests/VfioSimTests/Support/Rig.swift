// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// A device in a machine, opened by one process, and what tests do with it again and again.
struct Rig: Sendable {
  let kernel: Kernel
  let device: VfioPciDevice
  let driver: UserProcess
  let fd: FileDescriptor
  /// The BAR that is lent out.
  let bar: Int

  /// Binds a function to VFIO and opens it.
  static func open(
    _ kernel: Kernel, _ function: PciFunction = .builtIn, bar: Int = 2, driver code: any VfioDmaBufDriver = PostedV1(),
    fileLimit: Int = 1024
  ) async throws -> Rig {
    let device = VfioPciDevice(kernel, function, driver: code)
    let driver = UserProcess(kernel, "driver", fileLimit: fileLimit)
    let fd = try await driver.open(device).get()
    return Rig(kernel: kernel, device: device, driver: driver, fd: fd, bar: bar)
  }

  /// Writes to the start of each page its number, as the device of the reference answers has it.
  func number(_ pages: Range<UInt64>) async throws {
    let memory = try device.pci.bar(bar).orThrow()
    for page in pages { try await memory.write(at: page * Page.size, width: 4, 0xa000_0000 + page) }
  }

  /// Exports pages of the BAR.
  func export(
    _ first: UInt64 = 0, pages: UInt64 = 1, flags: OpenFlags = .readWrite
  ) async throws -> Result<FileDescriptor, Errno> {
    try await driver.exportDmaBuf(
      fd, bar: bar, offset: first * Page.size, length: pages * Page.size, flags: flags)
  }

  /// Exports ranges, each of a first page and a number of pages.
  func export(ranges: [(UInt64, UInt64)]) async throws -> Result<FileDescriptor, Errno> {
    let bytes = ranges.map { PhysicalRange(address: $0.0 * Page.size, length: $0.1 * Page.size) }
    return try await feature(ExportArguments(region: bar, ranges: bytes))
  }

  func feature(_ feature: ExportArguments) async throws -> Result<FileDescriptor, Errno> {
    try await driver.ioctl(fd, VfioDeviceRequest.featureDmaBuf(feature)).map { FileDescriptor(rawValue: Int32($0)) }
  }

  /// Maps pages of a descriptor.
  func map(_ descriptor: FileDescriptor, _ first: UInt64 = 0, pages: UInt64 = 1) async throws -> Result<UInt64, Errno> {
    try await driver.mmap(descriptor, length: pages * Page.size, offset: first * Page.size)
  }

  /// Maps pages of the BAR through the device's own file.
  func mapBar(_ first: UInt64 = 0, pages: UInt64 = 1) async throws -> Result<UInt64, Errno> {
    try await driver.mmap(fd, length: pages * Page.size, offset: VfioRegion.offset(of: bar) + first * Page.size)
  }

  func revoke(_ descriptor: FileDescriptor) async throws -> Errno? { try await driver.revokeDmaBuf(descriptor, on: fd) }

  /// The buffer of a descriptor; the machine keeps it until the end, so no reference is needed to look at it.
  func buffer(_ descriptor: FileDescriptor) async throws -> VfioPciDmaBuf {
    let dmabuf = try await driver.importDmaBuf(descriptor).get()
    try await dmabuf.put()
    return try VfioPciDmaBuf(dmabuf).orThrow()
  }

  func attach(_ descriptor: FileDescriptor, _ habit: PeerDevice.UnmapPolicy = .unmapsAtOnce) async throws -> Import {
    try await Import.attach(buffer(descriptor).dmabuf, habit)
  }

  /// Gives another process a descriptor of its own.
  func client(_ descriptor: FileDescriptor) async throws -> (process: UserProcess, descriptor: FileDescriptor) {
    let client = UserProcess(kernel, "client")
    let file = try await driver.importDmaBuf(descriptor).get()
    return (client, try await client.install(file).get())
  }
}

/// A file that is nothing special.
final class PlainFile: File {
  let core: FileCore

  init(_ kernel: Kernel) { core = FileCore(kernel) }

  func release() {}
}

/// A request that no file knows.
struct UnknownRequest: IoctlRequest {}

/// An importer whose callback is the test's.
final class HookedImporter: RevocableImporter {
  let allowsPeerToPeer = true
  let hook: @Sendable (DmaBufAttachment) async throws(KernelFault) -> Void

  init(_ hook: @escaping @Sendable (DmaBufAttachment) async throws(KernelFault) -> Void) { self.hook = hook }

  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) { try await hook(attachment) }
}

/// A buffer of an exporter that is not VFIO.
final class ForeignExporter: DmaBufOperations {
  func map(_ attachment: DmaBufAttachment) -> Result<ScatterTable, Errno> { .failure(.invalidArgument) }

  func unmap(_ attachment: DmaBufAttachment, _ table: ScatterTable) {}

  func release(_ dmabuf: DmaBuf) {}
}

extension DmaBuf {
  /// Gives the buffer a fence that has not been signalled.
  func addFence(_ usage: FenceUsage = .bookkeep) async throws -> Fence {
    let fence = Fence(kernel, "fence", context: 1)
    try await reservation.lock()
    _ = try await reservation.reserveFences(1)
    try await reservation.add(fence, usage: usage)
    try await reservation.unlock()
    return fence
  }
}
