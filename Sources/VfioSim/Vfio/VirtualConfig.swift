// SPDX-License-Identifier: GPL-2.0-only

package import DmabufModel

/// The command register as the user of the device sees it; there while the device is open.
///
/// Written with `memory_lock` held for writing. A look at it after the device was closed is a finding, as the kernel
/// would follow a NULL pointer (semantics VF9).
///
/// The corresponding C member is `vconfig`.
package actor VirtualConfig: KernelActor {
  /// The machine.
  package nonisolated let kernel: Kernel
  /// The register's place in the machine's table.
  package nonisolated let object: ObjectID
  /// The machine's executor.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var bits: CommandBits?

  init(_ kernel: Kernel, in owner: Allocation) {
    self.kernel = kernel
    object = kernel.register("vconfig[PCI_COMMAND]", in: owner)
  }

  /// Fills the register when the device is opened.
  ///
  /// The corresponding C function is `vfio_config_init`.
  func fill(_ command: CommandBits, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "vfio_config_init", file: file, line: line)
    bits = command
  }

  /// Frees the register when the device is closed.
  ///
  /// The corresponding C function is `vfio_config_free`.
  func clear(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "vfio_config_free", file: file, line: line)
    bits = nil
  }

  /// Reads the register; after the device was closed it is a finding (semantics VF9).
  ///
  /// - Context: Never sleeps. `memory_lock` must be held, which is not checked.
  package func command(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> CommandBits {
    try await step(.read, "le16_to_cpu", file: file, line: line)
    guard let bits else { throw missing() }
    note("= \(hex(bits.rawValue))")
    return bits
  }

  /// Writes the register.
  func setCommand(
    _ new: CommandBits, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "cpu_to_le16", file: file, line: line)
    guard let bits else { throw missing() }
    note("\(hex(bits.rawValue)) -> \(hex(new.rawValue))")
    self.bits = new
  }

  /// Adds the register.
  package func describe(to fingerprint: inout Fingerprint) { fingerprint.add(bits?.rawValue) }

  private func missing() -> KernelFault {
    kernel.fail(.oops, "NULL pointer dereference of vdev->vconfig: the device has been closed")
  }
}
