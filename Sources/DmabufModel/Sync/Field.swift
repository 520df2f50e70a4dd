// SPDX-License-Identifier: GPL-2.0-only

/// A member of a kernel structure that is read and written plainly, as locks allow: each load and each store is a step.
///
/// For a member that threads read and write without a lock take ``Shared``, whose accesses are all marked.
///
/// The corresponding C code is `p->member` and `p->member = value`.
public actor Field<Value: Sendable>: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The member's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  @inlinable public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  @usableFromInline var value: Value
  /// The locks that a thread must have the whole of to write.
  @usableFromInline var locks: (first: (any KernelLock)?, second: (any KernelLock)?)

  /// Makes a member with a first value.
  ///
  /// Not a step: no other thread knows the member yet.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - name: The C spelling, for traces and reports.
  ///   - value: The first value.
  ///   - owner: The structure that it is a member of.
  ///   - lock: A lock that a thread must have the whole of to write.
  @inlinable
  public init(
    _ kernel: Kernel, _ name: StaticString, _ value: Value, in owner: Allocation? = nil,
    writtenUnder lock: (any KernelLock)? = nil
  ) {
    self.kernel = kernel
    self.value = value
    locks = (lock, nil)
    object = kernel.register(name, in: owner)
  }

  /// Reads the member, as a plain access: under a lock, or where an old value does no harm.
  ///
  /// - Context: Never sleeps; any context.
  @inlinable
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Value {
    try await step(.read, "", file: file, line: line)
    note("== \(value)")
    return value
  }

  /// Reads the member where the compiler must not read it twice.
  ///
  /// It decides as ``load(file:line:)`` does; a trace tells the two apart.
  ///
  /// - Context: Never sleeps; any context.
  ///
  /// The corresponding C macro is `READ_ONCE`.
  @inlinable
  public func loadOnce(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Value {
    try await step(.read, "READ_ONCE", file: file, line: line)
    note("= \(value)")
    return value
  }

  /// Writes the member.
  ///
  /// - Throws: ``KernelFault`` if the thread has not the whole of each lock under which the member is written.
  /// - Context: Never sleeps. The locks that were named must be held for writing, or it is a finding.
  @inlinable
  public func store(_ new: Value, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try locks.first?.assertHeldAlone(file: file, line: line)
    try locks.second?.assertHeldAlone(file: file, line: line)
    try await step(.write, "", file: file, line: line)
    note("\(value) -> \(new)")
    value = new
  }

  /// Names a second lock that a thread must have the whole of to write; it is looked at after the first.
  ///
  /// Not a step: call it before other threads know the member.
  public nonisolated func isWritten(under lock: some KernelLock) { assumeIsolated { $0.locks.second = lock } }

  /// Adds the value, if its type is ``Fingerprinted``.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(any: value) }
}

extension Look {
  /// Reads a member.
  @inlinable
  public mutating func load<Value>(_ field: Field<Value>) -> Value { read(field) { $0.value } }
}
