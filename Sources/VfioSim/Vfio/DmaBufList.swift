// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// The buffers of a device; read and written with `memory_lock` held for writing.
///
/// The corresponding C member is `dmabufs` of `struct vfio_pci_core_device`.
public actor DmaBufList: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The list's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  // The actor is the machine's: nothing else can be in the middle of an access, so that it need not be asked for.
  @safe @exclusivity(unchecked) private var buffers: [VfioPciDmaBuf] = []

  init(_ kernel: Kernel, in owner: Allocation) {
    self.kernel = kernel
    object = kernel.register("vdev->dmabufs", in: owner)
  }

  /// The buffers, the oldest first, for a walk that may remove the one it stands at.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, which is not checked.
  ///
  /// The corresponding C macro is `list_for_each_entry_safe`.
  public func all(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> [VfioPciDmaBuf] {
    try await step(.read, "list_for_each_entry_safe", file: file, line: line)
    note("\(buffers.count) buffers")
    return buffers
  }

  /// Adds a buffer at the end.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, which is not checked. Undone by
  ///   ``remove(_:file:line:)``.
  ///
  /// The corresponding C function is `list_add_tail`.
  public func append(
    _ buffer: VfioPciDmaBuf, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "list_add_tail", file: file, line: line)
    buffers.append(buffer)
  }

  /// Removes a buffer; one that is not on the list is a finding.
  ///
  /// - Context: Never sleeps. `memory_lock` must be held for writing, which is not checked.
  ///
  /// The corresponding C function is `list_del_init`.
  public func remove(
    _ buffer: VfioPciDmaBuf, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await step(.write, "list_del_init", file: file, line: line)
    guard let place = buffers.firstIndex(where: { $0.dmabuf === buffer.dmabuf }) else {
      throw kernel.fail(.warning, "list_del corruption: the buffer is not on vdev->dmabufs")
    }
    buffers.remove(at: place)
  }

  /// Adds which buffers there are, in order.
  public func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(buffers.map(\.allocation.object))
  }
}
