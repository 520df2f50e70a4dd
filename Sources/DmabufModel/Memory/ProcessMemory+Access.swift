// SPDX-License-Identifier: GPL-2.0-only

/// What happens to a thread that touches its memory.
public enum UserAccess: Sendable, Hashable {
  /// The access went through: what was loaded or stored.
  case value(UInt64)
  /// There is no memory at the address now.
  ///
  /// The corresponding C constants are `SIGBUS` and `BUS_ADRERR`.
  case sigbus
  /// The address is not the process's, or not for this use.
  ///
  /// The corresponding C constant is `SIGSEGV`.
  case segv
}

extension ProcessMemory {
  /// Loads from an address, as user code does.
  ///
  /// One step if the page is mapped. Otherwise a look at the page table, a fault, and another try. An access that
  /// crosses the end of a page is a finding.
  ///
  /// - Returns: The value, or the signal that the access ends with.
  /// - Context: May sleep: a fault takes the lock of the area for reading, and under it what the driver's handler
  ///   takes. User code holds no lock, which is not checked.
  public func load(
    _ address: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> UserAccess {
    let access = MemoryAccess(address: address, width: width, value: nil)
    return try await perform(access, "load", inKernelMode: false, file, line)
  }

  /// Stores to an address, as user code does.
  ///
  /// One step if the page is mapped. Otherwise a look at the page table, a fault, and another try. An access that
  /// crosses the end of a page is a finding.
  ///
  /// - Returns: The value, or the signal that the access ends with.
  /// - Context: May sleep: a fault takes the lock of the area for reading, and under it what the driver's handler
  ///   takes. User code holds no lock, which is not checked.
  @discardableResult
  public func store(
    _ address: UInt64, _ value: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> UserAccess {
    let access = MemoryAccess(address: address, width: width, value: value)
    return try await perform(access, "store", inKernelMode: false, file, line)
  }

  /// Loads from an address of the process, as the kernel does.
  ///
  /// - Returns: The value, or ``Errno/badAddress``.
  /// - Context: May sleep: a fault takes `mmap_lock` for reading. No lock may be held that is also taken under
  ///   `mmap_lock`, whether or not the page is mapped.
  ///
  /// The corresponding C function is `copy_from_user`.
  public func copyFromUser(
    _ address: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<UInt64, Errno> {
    let access = MemoryAccess(address: address, width: width, value: nil)
    try mightFault()
    guard case .value(let value) = try await perform(access, "copy_from_user", inKernelMode: true, file, line) else {
      return .failure(.badAddress)
    }
    return .success(value)
  }

  /// Stores to an address of the process, as the kernel does.
  ///
  /// - Returns: Nothing, or ``Errno/badAddress``.
  /// - Context: May sleep: a fault takes `mmap_lock` for reading. No lock may be held that is also taken under
  ///   `mmap_lock`, whether or not the page is mapped.
  ///
  /// The corresponding C function is `copy_to_user`.
  public func copyToUser(
    _ address: UInt64, _ value: UInt64, width: Int = 4, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Errno? {
    let access = MemoryAccess(address: address, width: width, value: value)
    try mightFault()
    guard case .value = try await perform(access, "copy_to_user", inKernelMode: true, file, line) else {
      return .badAddress
    }
    return nil
  }

  /// Tells the lock checker that `mmap_lock` may be taken.
  ///
  /// The corresponding C function is `might_fault`.
  private func mightFault() throws(KernelFault) { try lock.willAcquire("might_fault") }

  /// Tries an access, and handles faults until it goes through or a signal ends it (semantics MM13).
  private func perform(
    _ access: MemoryAccess, _ label: StaticString, inKernelMode: Bool, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> UserAccess {
    if kernel.isUnwinding { try await kernel.unwind() }
    if !(1...8).contains(access.width) {
      throw kernel.fail(.check, "an access has \(access.width) bytes; expected 1 to 8", at: "\(file):\(line)")
    }
    if Page.alignDown(access.address) != Page.alignDown(access.address &+ UInt64(access.width) &- 1) {
      throw kernel.fail(.check, "an access of \(access.width) bytes crosses the end of a page", at: "\(file):\(line)")
    }
    while true {
      switch try await pageTable.access(access, of: areas, label, file: file, line: line) {
      case .value(let value): return .value(value)
      case .miss(let levels, let area):
        let signal =
          inKernelMode
          ? try await handleKernelFault(access, levels, file, line)
          : try await handleUserFault(access, in: area, levels, file, line)
        if let signal { return signal }
      }
    }
  }
}
