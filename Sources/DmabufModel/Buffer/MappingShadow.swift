// SPDX-License-Identifier: GPL-2.0-only

/// The machine's own count of the importer mappings of a buffer, and whether a revoke has said that there are none.
///
/// Like KASAN's shadow memory this is no state of the modelled kernel: nothing in it is a step.
public actor MappingShadow: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The count's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var live = 0
  private var isSealed = false

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("importer mappings")
  }

  /// How many mappings are alive.
  public var count: Int { live }

  /// Notes a mapping; one of a buffer whose revoke has returned is a finding.
  func mapped() throws(KernelFault) {
    live += 1
    kernel.changed(self)
    kernel.hold(object, live)
    if isSealed {
      throw kernel.fail(.outlivesRevoke, "an importer has mapped a buffer after its revoke had returned")
    }
  }

  func unmapped() throws(KernelFault) {
    live -= 1
    kernel.changed(self)
    kernel.hold(object, max(0, live))
  }

  /// Notes that a revoke has returned; a mapping that is still there is a finding.
  public func seal() throws(KernelFault) {
    isSealed = true
    kernel.changed(self)
    if live > 0 {
      throw kernel.fail(
        .outlivesRevoke, "the revoke has returned while \(live) importer mapping\(live == 1 ? " is" : "s are") alive")
    }
  }

  /// Notes that the buffer may be mapped again.
  public func unseal() {
    isSealed = false
    kernel.changed(self)
  }

  /// Adds the count, and whether there may be any.
  public func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(live)
    fingerprint.add(isSealed)
  }
}
