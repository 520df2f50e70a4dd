// SPDX-License-Identifier: GPL-2.0-only

extension ProcessMemory {
  /// Handles a fault of user code, with the area's own lock (semantics MM2, MM3).
  ///
  /// The corresponding C function is `do_user_addr_fault`.
  ///
  /// - Returns: A signal, or nothing when the access is to be tried again.
  func handleUserFault(
    _ access: MemoryAccess, in found: VirtualMemoryArea?, _ levels: EmptyLevels, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> UserAccess? {
    kernel.spend(.pageFault)
    guard let area = try await lockArea(found, at: access.address, file, line) else { return .segv }
    let outcome = try await handleFault(access, in: area, levels)
    try await area.lock.endRead(file: file, line: line)
    return outcome
  }

  /// Handles a fault of the kernel at a user address, with `mmap_lock` (semantics MM3).
  ///
  /// The corresponding C function is `lock_mm_and_find_vma`.
  ///
  /// - Returns: A signal, or nothing when the access is to be tried again.
  func handleKernelFault(
    _ access: MemoryAccess, _ levels: EmptyLevels, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> UserAccess? {
    kernel.spend(.pageFault)
    try await lock.downRead(file: file, line: line)
    var outcome: UserAccess? = .segv
    if let area = await areas.area(at: access.address) { outcome = try await handleFault(access, in: area, levels) }
    try await lock.upRead(file: file, line: line)
    return outcome
  }

  /// Takes the lock of the area that was found around an address, or of the one that has taken its place.
  private func lockArea(
    _ area: VirtualMemoryArea?, at address: UInt64, _ file: StaticString, _ line: UInt
  ) async throws(KernelFault) -> VirtualMemoryArea? {
    var found = area
    while let area = found {
      if try await area.lock.startRead(file: file, line: line) { return area }
      found = try await areas.lookUp(address, file: file, line: line)
    }
    return nil
  }

  /// Asks the driver to map the page, in the largest size that it can (semantics MM10).
  ///
  /// The corresponding C function is `handle_mm_fault`.
  private func handleFault(
    _ access: MemoryAccess, in area: VirtualMemoryArea, _ levels: EmptyLevels
  ) async throws(KernelFault) -> UserAccess? {
    if area.flags.isDisjoint(with: access.isWrite ? .write : [.read, .write]) { return .segv }
    let fault = PageFault(area: area, address: Page.alignDown(access.address), isWrite: access.isWrite)
    var result = FaultResult.fallback
    if levels.contains(.pud) && isWorthTrying(.pud, for: fault) {
      result = try await area.operations.hugeFault(fault, order: .pud)
    }
    if result == .fallback && levels.contains(.pmd) && isWorthTrying(.pmd, for: fault) {
      result = try await area.operations.hugeFault(fault, order: .pmd)
    }
    if result == .fallback { result = try await area.operations.fault(fault) }
    switch result {
    case .noPage, .outOfMemory: return nil
    case .sigbus: return .sigbus
    case .fallback: throw kernel.fail(.warning, "a fault handler for the smallest page has asked for a smaller one")
    }
  }

  private func isWorthTrying(_ order: PageOrder, for fault: PageFault) -> Bool {
    let page = order.alignDown(fault.address)
    return triesEveryOrder || page >= fault.area.start && page + order.size <= fault.area.end
  }
}
