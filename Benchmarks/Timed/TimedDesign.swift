// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// A design of the driver, or of the fault path around it, in which one function differs from what was posted.
enum TimedDesign: String, CaseIterable, Sendable {
  /// As posted.
  case posted
  /// A fault takes `memory_lock` alone, and leaves the reservation lock out.
  case onelock
  /// A revoke clears the page table entries before it waits for importers.
  case zapfirst
  /// A fault during a temporary revoke waits for its end, where the posted one ends with SIGBUS.
  case stall
  /// Faults lock `mmap_lock` for reading, as before there was a lock for each area.
  case mmaplock

  /// One line for the help.
  var purpose: String {
    switch self {
    case .posted: "as posted"
    case .onelock: "a fault takes memory_lock alone; fast, but it can touch a device that has been freed"
    case .zapfirst: "a revoke clears page table entries before it waits for importers"
    case .stall: "a fault during a reset waits for its end instead of SIGBUS"
    case .mmaplock: "a fault locks mmap_lock for reading instead of the lock of the area"
    }
  }

  /// The driver.
  var driver: any VfioDmaBufDriver {
    switch self {
    case .posted, .mmaplock: PostedV1()
    case .onelock: OneLock(base: PostedV1())
    case .zapfirst: ZapFirst(base: PostedV1())
    case .stall: StallingFaults(base: PostedV1())
    }
  }

  /// Touches a page as a user does.
  func touch(_ process: UserProcess, _ address: UInt64) async throws -> UserAccess {
    guard self == .mmaplock else { return try await process.load(address) }
    // An access of the kernel to user memory is handled under mmap_lock.
    switch try await process.memory.copyFromUser(address) {
    case .success(let value): return .value(value)
    case .failure: return .sigbus
    }
  }
}

/// A fault with one lock: what the first look was for, the device, is read without one.
///
/// It is here for its timing, and it is wrong: between the look and the reference to the device a close and an unbind can
/// free that. `TimedDesignTests` has the search that finds it.
struct OneLock: ForwardingDriver {
  let base: any VfioDmaBufDriver

  func fault(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    guard let vdev = try await buffer.vdev.loadOnce() else { return .sigbus }
    guard try await vdev.tryGetRegistration() else { return .sigbus }
    let result = try await buffer.insertUnderMemoryLock(fault, order, vdev)
    try await vdev.putRegistration()
    return result
  }
}

/// A fault that waits while the buffer is revoked for a time.
struct StallingFaults: ForwardingDriver {
  let base: any VfioDmaBufDriver

  func fault(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    let reservation = buffer.dmabuf.reservation
    try await reservation.lock()
    let device = try await buffer.vdev.loadOnce()
    let status = try await buffer.status.loadOnce()
    guard status != .permanentlyRevoked, let vdev = device, try await vdev.tryGetRegistration() else {
      try await reservation.unlock()
      return .sigbus
    }
    try await reservation.unlock()
    // A reset holds the lock for writing until the buffer is usable again.
    let result = try await buffer.insertUnderMemoryLock(fault, order, vdev)
    try await vdev.putRegistration()
    return result
  }
}

/// A revoke that clears page table entries first: no thread can have a page while importers are waited for.
struct ZapFirst: ForwardingDriver {
  let base: any VfioDmaBufDriver

  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    if revoked { try await buffer.dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.size) }
    try await base.applyRevoke(buffer, revoked: revoked, permanently: permanently)
  }
}

extension VfioPciDmaBuf {
  /// Inserts the page of a fault, if the buffer may be used.
  fileprivate func insertUnderMemoryLock(
    _ fault: PageFault, _ order: PageOrder, _ vdev: VfioPciDevice
  ) async throws(KernelFault) -> FaultResult {
    var result = FaultResult.sigbus
    try await vdev.memoryLock.downRead()
    if try await status.loadOnce() == .ok {
      switch try findPfn(fault, order) {
      case .found(let pfn): result = try await vdev.insertPfn(fault, pfn, order, bar)
      case .tryAgainSmaller: result = .fallback
      case .outside: result = .sigbus
      }
    }
    try await vdev.memoryLock.upRead()
    return result
  }
}
