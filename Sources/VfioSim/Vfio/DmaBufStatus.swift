// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// Whether a buffer may be used.
///
/// The corresponding C type is `enum vfio_pci_dma_buf_status`.
public enum DmaBufStatus: UInt8, Sendable, CustomStringConvertible {
  /// The buffer may be used.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_OK`.
  case ok
  /// The buffer may not be used until a reset has ended or the memory is on again.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_TEMP_REVOKED`.
  case temporarilyRevoked
  /// The buffer may never be used again.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_PERM_REVOKED`.
  case permanentlyRevoked

  /// The C name without its prefix.
  public var description: String {
    switch self {
    case .ok: "OK"
    case .temporarilyRevoked: "TEMP_REVOKED"
    case .permanentlyRevoked: "PERM_REVOKED"
    }
  }
}

/// The status of a buffer; written with `memory_lock` held for writing and the reservation lock, stable under either.
///
/// An actor of its own and no `Field`: it is read in each fault, and a step of a generic actor of another module costs
/// a look-up of its type.
public actor DmaBufStatusField: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The field's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private let memoryLock: ReadWriteSemaphore
  /// The lock of the buffer, from its export on.
  var reservation: Reservation?
  private var status = DmaBufStatus.ok

  init(_ kernel: Kernel, in owner: Allocation, under memoryLock: ReadWriteSemaphore) {
    self.kernel = kernel
    self.memoryLock = memoryLock
    object = kernel.register("priv->status", in: owner)
  }

  /// Reads the status, as a plain access: under one of its locks, or where an old value does no harm.
  ///
  /// - Context: Any context. The value stays as it is while `memory_lock` or the reservation lock is held.
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> DmaBufStatus {
    try await step(.read, "", file: file, line: line)
    note("== \(status)")
    return status
  }

  /// Reads the status where the compiler must not read it twice.
  ///
  /// It decides as ``load(file:line:)`` does; a trace tells the two apart.
  ///
  /// - Context: Any context. The value stays as it is while `memory_lock` or the reservation lock is held.
  ///
  /// The corresponding C macro is `READ_ONCE`.
  public func loadOnce(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> DmaBufStatus {
    try await step(.read, "READ_ONCE", file: file, line: line)
    note("= \(status)")
    return status
  }

  /// Writes the status.
  ///
  /// A thread that holds one of the two locks, in whichever way, may rely on what it has read.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, and the reservation lock as well, or it is a
  ///   finding.
  public func store(
    _ new: DmaBufStatus, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try memoryLock.assertHeldWrite(file: file, line: line)
    try reservation?.assertHeld(file: file, line: line)
    try await step(.write, "", file: file, line: line)
    note("\(status) -> \(new)")
    status = new
  }

  /// The status, for a look that declares it.
  var now: DmaBufStatus { status }

  /// Adds the status.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(status.rawValue) }
}

/// The device that a buffer belongs to, until the device is closed; written like the status.
public actor DeviceField: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The field's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  // The device knows its buffers, so a buffer does not own its device; the machine keeps devices until the execution
  // ends.
  private unowned var device: VfioPciDevice?
  private let memoryLock: ReadWriteSemaphore
  /// The lock of the buffer, from its export on.
  var reservation: Reservation?

  init(_ kernel: Kernel, _ device: VfioPciDevice, in owner: Allocation) {
    self.kernel = kernel
    self.device = device
    memoryLock = device.memoryLock
    object = kernel.register("priv->vdev", in: owner)
  }

  /// Reads the device, as a plain access.
  ///
  /// - Context: Any context. The value stays as it is while `memory_lock` or the reservation lock is held.
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> VfioPciDevice? {
    try await step(.read, "", file: file, line: line)
    note(device == nil ? "== NULL" : "== vdev")
    return device
  }

  /// Reads the device where the compiler must not read it twice.
  ///
  /// - Context: Any context. The value stays as it is while `memory_lock` or the reservation lock is held.
  ///
  /// The corresponding C macro is `READ_ONCE`.
  public func loadOnce(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> VfioPciDevice? {
    try await step(.read, "READ_ONCE", file: file, line: line)
    note(device == nil ? "= NULL" : "= vdev")
    return device
  }

  /// Forgets the device.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, and the reservation lock, or it is a finding.
  public func clear(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try memoryLock.assertHeldWrite(file: file, line: line)
    try reservation?.assertHeld(file: file, line: line)
    try await step(.write, "", file: file, line: line)
    note("vdev -> NULL")
    device = nil
  }

  /// Adds which device it is.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(device?.allocation.object) }
}
