// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// One thing that a driver can get wrong, or do in another order.
enum Mutation: Int, CaseIterable, Sendable {
  // The fault handler.
  case faultLooksOnce, faultLooksBeforeMemoryLock, faultLooksWithoutLock, faultTakesNoRegistration
  case faultForgetsUpRead, faultNeverLooks, faultBare
  // The revoke.
  case revokeWithoutZap, revokeWithoutInvalidation, revokeWithoutFences, revokeWithoutDrain, revokeWithoutPut
  case revokeZapsFirst, revokeZapsBeforeDrain, revokeStatusLast, revokeStatusFirst, revokeStatusUnlocked
  case revokeUnlocksEarly, revokeWaitsUnlocked, revokeWithoutComplete, revokeLooksOnce, revokeForgetsUnlock
  case revokeBare
  case unrevokeWithoutRearm, unrevokeOkFirst, unrevokeUnlocked
  // The ioctl and the walk.
  case ioctlOwnRevoke, ioctlWithoutLock, ioctlTwice, moveGetsDying, moveOwnRevoke
  // The cleanup.
  case cleanupWithoutZap, cleanupWithoutDrain, cleanupWithoutFences, cleanupKeepsDevice, cleanupKeepsRegistration
  case cleanupAlwaysDrains, cleanupWithoutLock, cleanupGetsDying
  // The importers, the areas and the rest.
  case mapsBlindly, mapWithoutGet, unmapWithoutPut, unmapWithoutComplete, unmapFreesLast, unmapTwice
  case attachBlindly, exportLooksEarly, exportWithoutLock, releaseWithoutLock, releaseKeepsList
}

/// The posted driver with some mutations.
struct MutantDriver: VfioDmaBufDriver, CustomStringConvertible {
  let mutations: Set<Mutation>

  init(_ mutations: Set<Mutation> = []) { self.mutations = mutations }

  var description: String {
    mutations.isEmpty ? "posted" : mutations.sorted { $0.rawValue < $1.rawValue }.map { "\($0)" }.joined(separator: "+")
  }

  func has(_ mutation: Mutation) -> Bool { mutations.contains(mutation) }
}

extension MutantDriver {
  func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    guard has(.exportLooksEarly) || has(.exportWithoutLock) else {
      return try await PostedV1().export(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
    }
    let isOn = try await vdev.isMemoryEnabled()
    let exported = try await PostedV1().export(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
    guard case .success(let buffer) = exported else { return exported }
    if !has(.exportWithoutLock) { try await vdev.memoryLock.downWrite() }
    try await buffer.status.store(isOn ? .ok : .temporarilyRevoked)
    if !has(.exportWithoutLock) { try await vdev.memoryLock.upWrite() }
    return exported
  }

  func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    if has(.attachBlindly) { return nil }
    return try await PostedV1().attach(buffer, attachment)
  }

  func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    if !has(.mapsBlindly), try await buffer.status.load() != .ok { return .failure(.noSuchDevice) }
    let table = ScatterTable(buffer.kernel, buffer.ranges)
    if !has(.mapWithoutGet) { try await buffer.kref.get() }
    return .success(table)
  }

  func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    if !has(.unmapFreesLast) { try await table.free(buffer.kernel) }
    for _ in 0..<(has(.unmapTwice) ? 2 : 1) where !has(.unmapWithoutPut) {
      if try await buffer.kref.put(), !has(.unmapWithoutComplete) { try await buffer.comp.complete() }
    }
    if has(.unmapFreesLast) { try await table.free(buffer.kernel) }
  }

  func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    guard has(.releaseWithoutLock) || has(.releaseKeepsList) else { return try await PostedV1().release(buffer) }
    if let vdev = try await buffer.vdev.load() {
      if !has(.releaseWithoutLock) { try await vdev.memoryLock.downWrite() }
      if !has(.releaseKeepsList) { try await vdev.dmabufs.remove(buffer) }
      if !has(.releaseWithoutLock) { try await vdev.memoryLock.upWrite() }
      try await vdev.putRegistration()
    }
    if let deviceFile = buffer.deviceFile { try await deviceFile.put() }
    try await buffer.kernel.free(buffer.allocation)
  }
}

extension MutantDriver {
  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    if has(.faultBare) { return try await faultInShort(buffer, fault, order) }
    let reservation = buffer.dmabuf.reservation
    if !has(.faultLooksWithoutLock) { try await reservation.lock() }
    let device = try await buffer.vdev.load()
    let status = try await buffer.status.load()
    let isOk = has(.faultNeverLooks) || status == .ok
    guard let vdev = device, isOk, try await register(vdev) else {
      if !has(.faultLooksWithoutLock) { try await reservation.unlock() }
      return .sigbus
    }
    if !has(.faultLooksWithoutLock) { try await reservation.unlock() }
    var mayMap = has(.faultLooksOnce) || has(.faultNeverLooks)
    if has(.faultLooksBeforeMemoryLock) { mayMap = try await buffer.status.load() == .ok }
    try await vdev.memoryLock.downRead()
    if !mayMap && !has(.faultLooksBeforeMemoryLock) { mayMap = try await buffer.status.load() == .ok }
    var result = FaultResult.sigbus
    if mayMap, case .found(let pfn) = try buffer.findPfn(fault, order) {
      result = try await vdev.insertPfn(fault, pfn, order, buffer.bar)
    }
    if !has(.faultForgetsUpRead) { try await vdev.memoryLock.upRead() }
    if !has(.faultTakesNoRegistration) { try await vdev.putRegistration() }
    return result
  }

  /// Keeps neither the device nor the reservation: a handler of a few steps, which can be right all the same.
  private func faultInShort(
    _ buffer: VfioPciDmaBuf, _ fault: PageFault, _ order: PageOrder
  ) async throws(KernelFault) -> FaultResult {
    guard order == .page, case .found(let pfn) = try buffer.findPfn(fault, order) else { return .sigbus }
    guard let vdev = try await buffer.vdev.load() else { return .sigbus }
    var mayMap = has(.faultNeverLooks)
    if has(.faultLooksBeforeMemoryLock) { mayMap = try await buffer.status.load() == .ok }
    try await vdev.memoryLock.downRead()
    if !mayMap && !has(.faultLooksBeforeMemoryLock) { mayMap = try await buffer.status.load() == .ok }
    var result = FaultResult.sigbus
    if mayMap { result = try await fault.area.insert(pfn, at: fault.address, order: order, of: buffer.bar) }
    try await vdev.memoryLock.upRead()
    return result
  }

  private func register(_ vdev: VfioPciDevice) async throws(KernelFault) -> Bool {
    if has(.faultTakesNoRegistration) { return true }
    return try await vdev.tryGetRegistration()
  }

  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    for buffer in try await vdev.dmabufs.all() {
      if has(.moveGetsDying) {
        try await buffer.dmabuf.get()
      } else {
        guard try await buffer.dmabuf.getActive() else { continue }
      }
      if has(.moveOwnRevoke) {
        try await applyRevoke(buffer, revoked: revoked, permanently: false)
      } else {
        try await vdev.driver.applyRevoke(buffer, revoked: revoked, permanently: false)
      }
      try await buffer.dmabuf.put()
    }
  }

  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    let dmabuf: DmaBuf
    switch try await process.files.dmaBuf(descriptor) {
    case .success(let found): dmabuf = found
    case .failure(let errno): return errno
    }
    guard let buffer = VfioPciDmaBuf(dmabuf) else {
      try await dmabuf.put()
      return .noSuchDevice
    }
    var errno: Errno?
    if !has(.ioctlWithoutLock) { try await vdev.memoryLock.downWrite() }
    for _ in 0..<(has(.ioctlTwice) ? 2 : 1) {
      let owner = try await buffer.vdev.load()
      if owner == nil || owner !== vdev {
        errno = .noSuchDevice
      } else if try await buffer.status.load() == .permanentlyRevoked {
        errno = .badFileDescriptorState
      } else if has(.ioctlOwnRevoke) {
        try await applyRevoke(buffer, revoked: true, permanently: true)
      } else {
        try await vdev.driver.applyRevoke(buffer, revoked: true, permanently: true)
      }
    }
    if !has(.ioctlWithoutLock) { try await vdev.memoryLock.upWrite() }
    try await dmabuf.put()
    return errno
  }
}
