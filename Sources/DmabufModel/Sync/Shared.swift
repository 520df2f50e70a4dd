// SPDX-License-Identifier: GPL-2.0-only

/// A field that threads share: each load and each store is a step.
///
/// Concrete actors make cheaper steps than generic ones; give a field on a hot path an actor of its own.
///
/// The corresponding C macros are `READ_ONCE` and `WRITE_ONCE`.
public actor Shared<Value: Sendable>: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The field's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  private var value: Value

  /// Makes a field with a first value.
  ///
  /// Not a step: no other thread knows the field yet.
  public init(_ kernel: Kernel, _ name: StaticString, _ value: Value, in owner: Allocation? = nil) {
    self.kernel = kernel
    self.value = value
    object = kernel.register(name, in: owner)
  }

  /// Reads the field.
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C macro is `READ_ONCE`.
  public func load(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Value {
    try await step(.read, "READ_ONCE", file: file, line: line)
    note("= \(kernel.text(of: value))")
    returned(any: value)
    return value
  }

  /// Writes the field.
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C macro is `WRITE_ONCE`.
  public func store(_ new: Value, file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, "WRITE_ONCE", file: file, line: line)
    note("\(kernel.text(of: value)) -> \(kernel.text(of: new))")
    returned()
    value = new
  }

  /// The value, for a look that declares it.
  var now: Value { value }

  /// Adds the value, if its type is ``Fingerprinted``.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(any: value) }
}

extension Look {
  /// Reads a field.
  public mutating func load<Value>(_ field: Shared<Value>) -> Value { read(field) { $0.now } }
}
