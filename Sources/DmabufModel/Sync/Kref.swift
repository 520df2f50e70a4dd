// SPDX-License-Identifier: GPL-2.0-only

/// A reference count that saturates instead of wrapping and warns when it is misused.
///
/// What the kernel only warns about is a line in the log and a finding; see ``Kernel/expectWarning(_:)`` (semantics RC1
/// to RC8).
///
/// The corresponding C types are `struct kref` and `refcount_t`.
public actor Kref: KernelActor {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The counter's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// The value to which a misused counter is forced, so that it never reaches zero again: INT_MIN / 2.
  public static let saturated: Int32 = .min / 2

  /// The names that the counter's functions go by in C, for traces.
  public enum Spelling: Sendable {
    /// `kref_get`, `kref_put`.
    case kref
    /// `refcount_inc`, `refcount_dec_and_test`.
    case refcount
  }

  private let spelling: Spelling
  /// The C function that the last put calls, for traces.
  private let release: StaticString?
  private var count: Int32

  /// Makes a counter with one reference.
  ///
  /// Not a step: no other thread knows the counter yet.
  ///
  /// The corresponding C function is `kref_init`.
  public init(
    _ kernel: Kernel, _ name: StaticString = "kref", spelling: Spelling = .kref,
    releasedBy release: StaticString? = nil, in owner: Allocation? = nil
  ) {
    self.kernel = kernel
    self.spelling = spelling
    self.release = release
    object = kernel.register(name, in: owner)
    count = 1
  }

  /// Sets the count back to one, whatever it was, without a check (semantics RC1).
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C function is `kref_init`.
  public func reset(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, spelling == .kref ? "kref_init" : "refcount_set", file: file, line: line)
    note("\(count) -> 1")
    returned()
    count = 1
  }

  /// Takes a reference; the caller must own one already.
  ///
  /// On a count of zero or a saturated one it warns and saturates (semantics RC2).
  ///
  /// - Context: Atomic; any context. Undone by ``put(file:line:)``.
  ///
  /// The corresponding C function is `kref_get`.
  public func get(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await step(.write, spelling == .kref ? "kref_get" : "refcount_inc", file: file, line: line)
    let old = count
    count &+= 1
    note("\(old) -> \(count)")
    returned()
    if old == 0 { return try saturate("addition on 0; use-after-free", from: old) }
    if old < 0 || count < 0 { return try saturate("saturated; leaking memory", from: old) }
  }

  /// Takes a reference unless the count is zero.
  ///
  /// On a saturated count it warns and succeeds (semantics RC3).
  ///
  /// - Returns: Whether a reference was taken.
  /// - Context: Atomic; any context. Undone by ``put(file:line:)``.
  ///
  /// The corresponding C function is `kref_get_unless_zero`.
  public func getUnlessZero(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    let label: StaticString = spelling == .kref ? "kref_get_unless_zero" : "refcount_inc_not_zero"
    try await step(.write, label, file: file, line: line)
    let old = count
    returned(old != 0)
    if old == 0 {
      kernel.changedNothing()
      note("0: refused")
      return false
    }
    count &+= 1
    note("\(old) -> \(count)")
    if old < 0 || count < 0 { try saturate("saturated; leaking memory", from: old) }
    return true
  }

  /// Puts a reference.
  ///
  /// On a count of zero or a saturated one it warns, saturates and answers false (semantics RC5, RC8).
  ///
  /// - Returns: Whether it was the last one. The caller then does what `release` would.
  /// - Context: Atomic; any context that the caller's release function may run in.
  ///
  /// The corresponding C function is `kref_put`.
  public func put(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Bool {
    let label: StaticString = spelling == .kref ? "kref_put" : "refcount_dec_and_test"
    try await step(.write, label, file: file, line: line)
    let old = count
    count &-= 1
    note("\(old) -> \(count)" + (old == 1 ? release.map { ", \($0)" } ?? "" : ""))
    returned(old == 1)
    if old == 1 { return true }
    if old <= 0 { try saturate("underflow; use-after-free", from: old) }
    return false
  }

  /// Puts a reference, and calls a function after the last one (semantics RC6).
  ///
  /// - Parameters:
  ///   - release: The function that is called when the count has reached zero.
  ///   - file: Where the reference is put.
  ///   - line: Where the reference is put.
  /// - Context: Atomic up to the call; any context that the function may run in. It runs with the caller's locks held.
  ///
  /// The corresponding C function is `kref_put`.
  @inlinable @inline(__always)
  public nonisolated func put(
    _ release: () async throws(KernelFault) -> Void, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    if try await put(file: file, line: line) { try await release() }
  }

  /// Reads the count.
  ///
  /// - Context: Atomic; any context.
  ///
  /// The corresponding C function is `kref_read`.
  public func read(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) -> Int32 {
    try await step(.read, spelling == .kref ? "kref_read" : "refcount_read", file: file, line: line)
    note("= \(count)")
    returned(count)
    return count
  }

  /// Adds the count.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(count) }

  private func saturate(_ text: String, from old: Int32) throws(KernelFault) {
    count = Self.saturated
    try kernel.warn("refcount_t: \(text) (\(kernel.name(of: object)) was \(old))", as: .refcount)
  }
}
