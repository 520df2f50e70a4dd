// SPDX-License-Identifier: GPL-2.0-only

/// The reference count of an open file.
///
/// Once it has reached zero it stays dead: `getActive` refuses, and a plain `get` is a finding. The memory of files is
/// type-stable, so that a look-up may try its luck with a file that has just been freed.
///
/// The corresponding C type is `file_ref_t`.
package actor FileReferences: KernelActor {
  /// The machine.
  package nonisolated let kernel: Kernel
  /// The counter's place in the machine's table.
  package nonisolated let object: ObjectID
  /// The machine's executor.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private let owner: Allocation
  private var count = 1

  /// Makes a counter with one reference.
  init(_ kernel: Kernel, of owner: Allocation) {
    self.kernel = kernel
    self.owner = owner
    object = kernel.register("f_ref")
    hold(1)
  }

  func get(file: StaticString, line: UInt) async throws(KernelFault) {
    try await step(.write, "get_file", file: file, line: line)
    if count == 0 { throw kernel.fail(.refcount, "get_file on a file whose last reference is gone") }
    set(count + 1)
  }

  func getActive(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try await step(.write, "get_file_active", also: ObjectAccess(owner.object, .read), file: file, line: line)
    return getUnlessDead()
  }

  /// Takes a reference in a look-up under RCU, where the file may be gone already.
  ///
  /// The corresponding C function is `get_file_rcu`.
  func getInLookup(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try await step(.write, "get_file_rcu", file: file, line: line)
    return getUnlessDead()
  }

  func put(file: StaticString, line: UInt) async throws(KernelFault) -> Bool {
    try await step(.write, "fput", file: file, line: line)
    if count == 0 { throw kernel.fail(.refcount, "fput on a file whose last reference is gone") }
    set(count - 1)
    return count == 0
  }

  /// Reads the count.
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C function is `file_count`.
  package func read(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int {
    try await step(.read, "file_count", file: file, line: line)
    note("= \(count)")
    return count
  }

  /// Adds the count.
  package func describe(to fingerprint: inout Fingerprint) { fingerprint.add(count) }

  private func getUnlessDead() -> Bool {
    if count == 0 {
      kernel.changedNothing()
      note("= NULL")
      return false
    }
    set(count + 1)
    return true
  }

  private func set(_ new: Int) {
    note("\(count) -> \(new)")
    count = new
    hold(new)
  }
}
