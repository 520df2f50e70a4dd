// SPDX-License-Identifier: GPL-2.0-only

/// The reference count of an open file.
///
/// Once it has reached zero it stays dead: ``getActive(file:line:)`` refuses, and a plain ``get(file:line:)`` is a
/// finding. The corresponding C type is `file_ref_t`.
public actor FileReferences: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The counter's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var count = 1

  /// Makes a counter with one reference.
  init(_ kernel: Kernel, in owner: Allocation) {
    self.kernel = kernel
    object = kernel.register("f_ref", in: owner)
    kernel.hold(object, 1)
  }

  func get(file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.write, "get_file", file: file, line: line)
    if count == 0 { throw kernel.fail(.refcount, "get_file on a file whose last reference is gone") }
    set(count + 1)
  }

  func getActive(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try await step(.write, "get_file_active", file: file, line: line)
    if count == 0 {
      kernel.remark("= NULL")
      return false
    }
    set(count + 1)
    return true
  }

  func put(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try await step(.write, "fput", file: file, line: line)
    if count == 0 { throw kernel.fail(.refcount, "fput on a file whose last reference is gone") }
    set(count - 1)
    return count == 0
  }

  /// Reads the count. Any context. The corresponding C function is `file_count`.
  public func read(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await step(.read, "file_count", file: file, line: line)
    kernel.remark("= \(count)")
    return count
  }

  private func set(_ new: Int) {
    kernel.remark("\(count) -> \(new)")
    count = new
    kernel.hold(object, new)
  }
}
