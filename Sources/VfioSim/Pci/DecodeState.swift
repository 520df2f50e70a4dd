// SPDX-License-Identifier: GPL-2.0-only

package import DmabufModel

/// What decides whether a device claims an access to its BARs: its command register and its power state.
///
/// This is the hardware's side. What VFIO shows to its user is `VirtualConfig`.
package actor DecodeState: KernelActor {
  /// The machine.
  package nonisolated let kernel: Kernel
  /// The registers' place in the machine's table.
  package nonisolated let object: ObjectID
  /// The machine's executor.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var command: CommandBits
  private var power = PowerState.d0

  init(_ kernel: Kernel, command: CommandBits) {
    self.kernel = kernel
    self.command = command
    object = kernel.register("PCI_COMMAND")
  }

  /// Whether an access to memory is claimed now (semantics PD5).
  ///
  /// For a step that has declared its access; not a step itself.
  var isDecodingMemory: Bool { power < .d3hot && command.contains(.memory) }

  /// The registers in a few words, for findings.
  var summary: String { "PCI_COMMAND is \(hex(command.rawValue)), power state \(power)" }

  /// Adds the registers.
  package func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(command.rawValue)
    fingerprint.add(power.rawValue)
  }

  /// Reads the command register.
  ///
  /// - Context: Any context; takes no lock.
  ///
  /// The corresponding C function is `pci_read_config_word`.
  package func readCommand(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> CommandBits {
    try await step(.read, "pci_read_config_word", file: file, line: line)
    note("= \(hex(command.rawValue))")
    return command
  }

  /// Writes the command register.
  ///
  /// - Context: Any context; takes no lock. VFIO holds `memory_lock` for writing, except when the device is opened and
  ///   closed.
  ///
  /// The corresponding C function is `pci_write_config_word`.
  package func writeCommand(
    _ new: CommandBits, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "pci_write_config_word", file: file, line: line)
    note("\(hex(command.rawValue)) -> \(hex(new.rawValue))")
    command = new
  }

  /// Moves the device to a power state.
  func setPower(_ new: PowerState, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "pci_write_config_word(PM_CTRL)", file: file, line: line)
    note("\(power) -> \(new)")
    power = new
  }
}
