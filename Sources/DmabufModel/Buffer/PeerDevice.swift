// SPDX-License-Identifier: GPL-2.0-only

/// A device that imports a buffer, with one of the policies that real importers have (semantics IM4).
public final class PeerDevice: RevocableImporter {
  /// What the device does when it is told that its mapping is no longer good.
  public enum UnmapPolicy: Sendable {
    /// Unmaps in the callback.
    case unmapsAtOnce
    /// Only notes it; a thread calls ``PeerDevice/unmap(_:file:line:)`` later.
    case unmapsLater
  }

  /// The machine.
  public let kernel: Kernel
  /// What the device does when it is told.
  public let policy: UnmapPolicy
  /// The name by which reports know it.
  public let name: String
  /// Its mapping, if it has one.
  package let state: PeerDeviceState

  /// Makes a device.
  public init(_ kernel: Kernel, _ policy: UnmapPolicy = .unmapsAtOnce, name: String = "peer") {
    self.kernel = kernel
    self.name = name
    self.policy = policy
    state = PeerDeviceState(kernel)
  }

  /// The device is another PCI device, so it can reach memory of devices.
  public var allowsPeerToPeer: Bool { true }

  /// Notes that the mapping is no longer good, and unmaps if that is the policy.
  ///
  /// - Context: May sleep in the exporter's unmap. Runs with the reservation lock held.
  public func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    try await state.noteInvalidation()
    if policy == .unmapsAtOnce, let table = try await state.take() {
      try await attachment.dmabuf.unmapAttachment(attachment, table)
    }
  }

  /// Maps the buffer, under the reservation lock.
  ///
  /// - Returns: Why it could not, or nothing.
  /// - Context: May sleep for the reservation lock, which it takes and which must not be held. Undone by
  ///   ``unmap(_:file:line:)``.
  public func map(
    _ attachment: DmaBufAttachment, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Errno? {
    let reservation = attachment.dmabuf.reservation
    var errno: Errno?
    try await reservation.lock(file: file, line: line)
    switch try await attachment.dmabuf.mapAttachment(attachment, file: file, line: line) {
    case .success(let table): try await state.put(table)
    case .failure(let refused): errno = refused
    }
    try await reservation.unlock(file: file, line: line)
    return errno
  }

  /// Unmaps the buffer if it is mapped, under the reservation lock.
  ///
  /// - Returns: Whether it was mapped.
  /// - Context: May sleep for the reservation lock, which it takes and which must not be held.
  @discardableResult
  public func unmap(
    _ attachment: DmaBufAttachment, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Bool {
    let reservation = attachment.dmabuf.reservation
    try await reservation.lock(file: file, line: line)
    let table = try await state.take()
    if let table { try await attachment.dmabuf.unmapAttachment(attachment, table, file: file, line: line) }
    try await reservation.unlock(file: file, line: line)
    return table != nil
  }
}

/// What a peer device remembers; used with the reservation lock held.
package actor PeerDeviceState: KernelActor {
  /// The machine.
  package nonisolated let kernel: Kernel
  /// The state's place in the machine's table.
  package nonisolated let object: ObjectID
  /// The machine's executor.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var table: ScatterTable?
  private var invalidations = 0

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("importer->sgt")
  }

  func noteInvalidation(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "invalidate_mappings", file: file, line: line)
    invalidations += 1
  }

  func put(_ new: ScatterTable, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "WRITE_ONCE", file: file, line: line)
    table = new
  }

  func take(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> ScatterTable? {
    try await step(.write, "xchg", file: file, line: line)
    defer { table = nil }
    note(table == nil ? "= NULL" : "= sgt")
    return table
  }

  /// The number of times that the device was told that its mapping is no longer good.
  ///
  /// - Context: Any context. It takes no lock.
  package func invalidationCount(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await step(.read, "READ_ONCE", file: file, line: line)
    return invalidations
  }

  /// Adds the mapping and the number of times that it was told.
  package func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(table?.allocation.object)
    fingerprint.add(invalidations)
  }
}
