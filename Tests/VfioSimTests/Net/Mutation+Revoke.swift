// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

extension MutantDriver {
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    let status = try await buffer.status.load()
    if status == .permanentlyRevoked || (status == .ok && !revoked)
      || (status == .temporarilyRevoked && revoked && !permanently)
    {
      return
    }
    if has(.revokeBare) {
      if has(.revokeZapsFirst) { try await zap(buffer) }
      if !has(.revokeStatusLast) { try await buffer.status.store(new(revoked, permanently)) }
      if !has(.revokeZapsFirst) && revoked { try await zap(buffer) }
      if has(.revokeStatusLast) { try await buffer.status.store(new(revoked, permanently)) }
    } else if revoked {
      try await takeAway(buffer, permanently ? .permanentlyRevoked : .temporarilyRevoked)
    } else {
      try await giveBack(buffer)
    }
  }

  private func new(_ revoked: Bool, _ permanently: Bool) -> DmaBufStatus {
    !revoked ? .ok : permanently ? .permanentlyRevoked : .temporarilyRevoked
  }

  private func takeAway(_ buffer: VfioPciDmaBuf, _ new: DmaBufStatus) async throws(KernelFault) {
    let reservation = buffer.dmabuf.reservation
    if has(.revokeZapsFirst) { try await zap(buffer) }
    if has(.revokeStatusFirst) || has(.revokeStatusUnlocked) { try await buffer.status.store(new) }
    try await reservation.lock()
    if !has(.revokeLooksOnce) && !has(.revokeStatusFirst) && !has(.revokeStatusUnlocked) {
      let wasRevoked = try await buffer.status.load() != .ok
      if !has(.revokeStatusLast) || wasRevoked { try await buffer.status.store(new) }
      if wasRevoked { return try await reservation.unlock() }
    } else if has(.revokeLooksOnce) && !has(.revokeStatusLast) {
      try await buffer.status.store(new)
    }
    if has(.revokeUnlocksEarly) {
      try await reservation.unlock()
      try await reservation.lock()
    }
    if !has(.revokeWithoutInvalidation) { try await buffer.dmabuf.invalidateMappings() }
    if !has(.revokeWithoutFences) && !has(.revokeWaitsUnlocked) { try await reservation.wait(.bookkeep) }
    if !has(.revokeForgetsUnlock) { try await reservation.unlock() }
    if !has(.revokeWithoutFences) && has(.revokeWaitsUnlocked) { try await reservation.wait(.bookkeep) }
    if has(.revokeZapsBeforeDrain) { try await zap(buffer) }
    if !has(.revokeWithoutPut), try await buffer.kref.put(), !has(.revokeWithoutComplete) {
      try await buffer.comp.complete()
    }
    if !has(.revokeWithoutDrain) && !has(.revokeWithoutPut) { try await buffer.comp.wait() }
    if !has(.revokeZapsFirst) && !has(.revokeZapsBeforeDrain) { try await zap(buffer) }
    if has(.revokeStatusLast) { try await buffer.status.store(new) }
  }

  private func zap(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    if has(.revokeWithoutZap) { return }
    try await buffer.dmabuf.mapping.unmapMappingRange(start: 0, length: buffer.dmabuf.size)
  }

  private func giveBack(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    let reservation = buffer.dmabuf.reservation
    try await reservation.lock()
    try await buffer.dmabuf.invalidateMappings()
    try await reservation.wait(.bookkeep)
    if has(.unrevokeOkFirst) { try await buffer.status.store(.ok) }
    try await reservation.unlock()
    if !has(.unrevokeWithoutRearm) {
      try await buffer.kref.reset()
      try await buffer.comp.reset()
    }
    if has(.unrevokeOkFirst) { return }
    if !has(.unrevokeUnlocked) { try await reservation.lock() }
    try await buffer.status.store(.ok)
    if !has(.unrevokeUnlocked) { try await reservation.unlock() }
  }

  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
    if !has(.cleanupWithoutLock) { try await vdev.memoryLock.downWrite() }
    for buffer in try await vdev.dmabufs.all() {
      let dmabuf = buffer.dmabuf
      if has(.cleanupGetsDying) {
        try await dmabuf.get()
      } else {
        guard try await dmabuf.getActive() else { continue }
      }
      try await dmabuf.reservation.lock()
      try await vdev.dmabufs.remove(buffer)
      if !has(.cleanupKeepsDevice) { try await buffer.vdev.clear() }
      let wasRevoked = try await buffer.status.load() != .ok
      try await buffer.status.store(.permanentlyRevoked)
      try await dmabuf.invalidateMappings()
      if !has(.cleanupWithoutFences) { try await dmabuf.reservation.wait(.bookkeep) }
      try await dmabuf.reservation.unlock()
      if !wasRevoked || has(.cleanupAlwaysDrains) {
        if try await buffer.kref.put() { try await buffer.comp.complete() }
        if !has(.cleanupWithoutDrain) { try await buffer.comp.wait() }
        if !has(.cleanupWithoutZap) { try await dmabuf.mapping.unmapMappingRange(start: 0, length: dmabuf.size) }
      }
      if !has(.cleanupKeepsRegistration) { try await vdev.putRegistration() }
      try await dmabuf.put()
    }
    if !has(.cleanupWithoutLock) { try await vdev.memoryLock.upWrite() }
  }
}
