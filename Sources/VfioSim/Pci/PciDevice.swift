// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// A running PCI function.
///
/// The corresponding C type is `struct pci_dev`.
public final class PciDevice: Sendable {
  /// The machine.
  public let kernel: Kernel
  /// What never changes about the function.
  public let function: PciFunction
  /// The registers that gate its BARs.
  package let decode: DecodeState
  /// The power state as the kernel believes it to be.
  ///
  /// The corresponding C member is `current_state`.
  package let currentState: PowerStateField
  /// The memory of each BAR that has any, by index.
  public let bars: [BarMemory?]

  /// Puts a function into the machine, as its dump describes it, in D0.
  public init(_ kernel: Kernel, _ function: PciFunction = .builtIn) {
    self.kernel = kernel
    self.function = function
    let decode = DecodeState(kernel, command: CommandBits(rawValue: function.command))
    self.decode = decode
    currentState = PowerStateField(kernel)
    bars = function.bars.map { bar in
      guard let bar, bar.isMemory && bar.isAssigned else { return nil }
      return BarMemory(kernel, bar, decode)
    }
  }

  /// The memory of a BAR; nothing for a BAR without memory or one that does not exist.
  public func bar(_ index: Int) -> BarMemory? { bars.indices.contains(index) ? bars[index] : nil }

  /// Makes the function answer to its BARs, of the kinds that it has.
  ///
  /// - Context: Waits for nothing and takes no lock. Reads the register and writes it, so the caller keeps other
  ///   threads out: VFIO holds `dev_set->lock`.
  ///
  /// The corresponding C function is `pci_enable_device`.
  public func enable() async throws(KernelFault) {
    let command = try await decode.readCommand()
    let kinds = function.bars.compactMap { $0 }.map { $0.isMemory ? CommandBits.memory : .io }
    try await decode.writeCommand(kinds.reduce(command) { $0.union($1) })
  }

  /// Makes the function start no more transactions.
  ///
  /// - Context: Waits for nothing and takes no lock. Reads the register and writes it, so the caller keeps other
  ///   threads out: VFIO holds `dev_set->lock`.
  ///
  /// The corresponding C function is `pci_clear_master`.
  public func clearMaster() async throws(KernelFault) {
    let command = try await decode.readCommand()
    if command.contains(.master) { try await decode.writeCommand(command.subtracting(.master)) }
  }

  /// Moves the function to a power state.
  ///
  /// A state that the function does not have is ignored, as is the way from a deeper state to any but D0 (semantics
  /// PD7).
  ///
  /// - Context: Waits for nothing and takes no lock. VFIO holds `memory_lock` for writing, or `dev_set->lock` when the
  ///   device is opened and closed.
  ///
  /// The corresponding C function is `pci_set_power_state`.
  public func setPowerState(_ new: PowerState) async throws(KernelFault) {
    let old = try await currentState.load()
    guard old != new, canEnter(new) else { return }
    if new != .d0 && old > new { return }
    try await decode.setPower(new)
    try await currentState.store(new)
  }

  /// Resets the function and restores its configuration.
  ///
  /// While it lasts the function decodes nothing (semantics VF21, PD6).
  ///
  /// - Returns: `Errno.notATerminal` for a function that cannot be reset alone, or nothing.
  /// - Context: Waits for nothing and takes no lock. VFIO holds `memory_lock` for writing.
  ///
  /// The corresponding C function is `pci_try_reset_function`.
  public func tryReset() async throws(KernelFault) -> Errno? {
    guard function.hasFunctionLevelReset else { return .notATerminal }
    try await setPowerState(.d0)
    let saved = try await decode.readCommand()  // pci_save_state
    try await decode.writeCommand(.interruptDisable)  // pci_dev_save_and_disable
    try await decode.writeCommand([])  // pcie_flr
    kernel.spend(.functionReset)
    try await decode.writeCommand(saved)  // pci_restore_state
    return nil
  }

  private func canEnter(_ state: PowerState) -> Bool {
    guard let power = function.powerManagement else { return state == .d0 }
    switch state {
    case .d0, .d3hot: return true
    case .d1: return power.supportsD1
    case .d2: return power.supportsD2
    }
  }
}

extension PowerState: Fingerprinted {}

/// The power state that the kernel believes a device to be in.
///
/// An actor of its own and no `Field`: an actor that is generic is not specialised in another module, which a fault
/// would pay for.
package actor PowerStateField: KernelActor {
  package nonisolated let kernel: Kernel
  package nonisolated let object: ObjectID
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var state = PowerState.d0

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("pdev->current_state")
  }

  package func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> PowerState {
    try await step(.read, "", file: file, line: line)
    note("== \(state)")
    return state
  }

  package func store(_ new: PowerState, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "", file: file, line: line)
    note("\(state) -> \(new)")
    state = new
  }

  /// Adds the state.
  package func describe(to fingerprint: inout Fingerprint) { fingerprint.add(state.rawValue) }
}
