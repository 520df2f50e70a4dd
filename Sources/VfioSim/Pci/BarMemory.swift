// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// The bytes of a memory BAR.
///
/// Sparse: a page takes memory when it is first written, so that a BAR of 64 GiB costs nothing. A page that was never
/// written reads as zero. A reset leaves the bytes as they are. An access that the device does not decode is a finding:
/// on real machines it reads as all ones or stops the host (semantics PD5).
public actor BarMemory: KernelActor, PhysicalMemory {
  /// The machine.
  public nonisolated let kernel: Kernel
  /// The memory's place in the machine's table.
  public nonisolated let object: ObjectID
  /// The machine's executor.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }
  /// The BAR.
  public nonisolated let bar: PciBar
  /// What decides whether the device claims an access.
  package nonisolated let decode: DecodeState

  private var pages: [UInt64: [UInt8]] = [:]
  /// A digest of the bytes, kept up with each store: two memories with the same bytes have the same one.
  private var digest: UInt64 = 0

  init(_ kernel: Kernel, _ bar: PciBar, _ decode: DecodeState) {
    self.kernel = kernel
    self.bar = bar
    self.decode = decode
    object = kernel.register(Self.names[bar.index & 7])
  }

  /// The number of pages that have been written; for tests of this model.
  var touchedPages: Int { pages.count }

  /// Adds a digest of the bytes.
  public func describe(to fingerprint: inout Fingerprint) { fingerprint.add(digest) }

  // MARK: PhysicalMemory

  /// An access touches the bytes and depends on the registers that gate it.
  public nonisolated func accesses(isWrite: Bool) -> (ObjectAccess, ObjectAccess?) {
    (ObjectAccess(object, isWrite ? .write : .read), ObjectAccess(decode.object, .read))
  }

  /// Reads in a step that has declared it; all ones, and a finding, where the device does not decode.
  public nonisolated func loadNow(_ address: UInt64, width: Int) throws(KernelFault) -> UInt64 {
    try checkDecode("load", address)
    return assumeIsolated { $0.bytes(at: address &- bar.address, width) }
  }

  /// Writes in a step that has declared it; dropped, and a finding, where the device does not decode.
  public nonisolated func storeNow(_ address: UInt64, width: Int, _ value: UInt64) throws(KernelFault) {
    try checkDecode("store", address)
    assumeIsolated { $0.setBytes(at: address &- bar.address, width, value) }
  }

  // MARK: Accesses by the host

  /// Reads at an offset, as `ioread` does.
  ///
  /// A width other than 1 to 8 bytes is a finding, and so is an access that the device does not decode (semantics PD5).
  ///
  /// - Context: Any context; takes no lock. VFIO holds `memory_lock` for reading, so that the memory stays on.
  public func read(
    at offset: UInt64, width: Int, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> UInt64 {
    try checkWidth(width, file, line)
    try await step(.read, "ioread", also: ObjectAccess(decode.object, .read), file: file, line: line)
    try checkDecode("ioread", bar.address &+ offset)
    let value = bytes(at: offset, width)
    note("[\(hex(offset))] = \(hex(value))")
    return value
  }

  /// Writes at an offset, as `iowrite` does.
  ///
  /// A width other than 1 to 8 bytes is a finding, and so is an access that the device does not decode (semantics PD5).
  ///
  /// - Context: Any context; takes no lock. VFIO holds `memory_lock` for reading, so that the memory stays on.
  public func write(
    at offset: UInt64, width: Int, _ value: UInt64, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try checkWidth(width, file, line)
    try await step(.write, "iowrite", also: ObjectAccess(decode.object, .read), file: file, line: line)
    try checkDecode("iowrite", bar.address &+ offset)
    note("[\(hex(offset))] = \(hex(value))")
    setBytes(at: offset, width, value)
  }

  // MARK: The bytes

  private nonisolated func checkWidth(_ width: Int, _ file: StaticString, _ line: UInt) throws(KernelFault) {
    if (1...8).contains(width) { return }
    throw kernel.fail(.check, "an access to BAR\(bar.index) has \(width) bytes; expected 1 to 8", at: "\(file):\(line)")
  }

  private nonisolated func checkDecode(_ what: String, _ address: UInt64) throws(KernelFault) {
    guard !decode.assumeIsolated({ $0.isDecodingMemory }) else { return }
    let registers = decode.assumeIsolated { $0.summary }
    throw kernel.fail(.barViolation, "\(what) at BAR\(bar.index) + \(hex(address &- bar.address)) while \(registers)")
  }

  private func bytes(at offset: UInt64, _ width: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<UInt64(width)).reversed() {
      let at = offset &+ index
      value = value << 8 | UInt64(pages[at / Page.size]?[Int(at % Page.size)] ?? 0)
    }
    return value
  }

  private func setBytes(at offset: UInt64, _ width: Int, _ value: UInt64) {
    var rest = value
    for index in 0..<UInt64(width) {
      let at = offset &+ index
      let byte = UInt8(truncatingIfNeeded: rest)
      let old = pages[at / Page.size]?[Int(at % Page.size)] ?? 0
      digest ^= Self.digest(of: old, at: at) ^ Self.digest(of: byte, at: at)
      pages[at / Page.size, default: Self.emptyPage][Int(at % Page.size)] = byte
      rest >>= 8
    }
  }

  /// What a byte adds to the digest; nothing for a zero, so that untouched memory adds nothing.
  private static func digest(of byte: UInt8, at offset: UInt64) -> UInt64 {
    if byte == 0 { return 0 }
    var numbers = SplitMix64(seed: offset &* 256 &+ UInt64(byte))
    return numbers.next()
  }

  private static let emptyPage = [UInt8](repeating: 0, count: Int(Page.size))
  private static let names: [StaticString] = ["BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "BAR"]
}

extension Finding.Kind {
  /// An access that reached a BAR while the device did not decode it.
  public static let barViolation = Self("BAR access with decode off")
}
