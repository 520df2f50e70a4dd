// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// The number of open files of a device; read and written with `dev_set->lock` held.
///
/// The corresponding C member is `open_count` of `struct vfio_device`.
public actor OpenCount: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The count's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var count = 0

  init(_ kernel: Kernel, in owner: Allocation) {
    self.kernel = kernel
    object = kernel.register("device->open_count", in: owner)
  }

  /// Reads the count.
  ///
  /// - Context: Never sleeps. `dev_set->lock` must be held, which is not checked.
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await step(.read, "", file: file, line: line)
    kernel.remark("== \(count)")
    return count
  }

  /// The count, for a look that declares it.
  var now: Int { count }

  /// Adds the count.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(count) }

  /// Writes the count.
  func store(_ new: Int, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "", file: file, line: line)
    kernel.remark("\(count) -> \(new)")
    count = new
  }
}
