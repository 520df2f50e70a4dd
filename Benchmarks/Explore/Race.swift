// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel

/// The race on which explorers are measured: one buffer, page faults, a revoke and importers.
///
/// It is made of the package's general primitives only, and is small enough to be written for other tools too. The
/// whole model of the driver is another matter; see the library `VfioSim`.
struct Race: Sendable {
  let resv: SleepingMutex
  let memoryLock: ReadWriteSemaphore
  let status: Shared<Int>
  let kref: Kref
  let done: Completion
  let pte: Shared<Int>
  /// The seeded bug is that a fault does not look at the status again under the memory lock.
  let looksTwice: Bool

  static let ok = 0
  static let revoked = 2

  init(_ kernel: Kernel, looksTwice: Bool) {
    resv = SleepingMutex(kernel, "resv")
    memoryLock = ReadWriteSemaphore(kernel, "memory_lock")
    status = Shared(kernel, "status", Self.ok)
    kref = Kref(kernel)
    done = Completion(kernel, "comp")
    pte = Shared(kernel, "pte", 0)
    self.looksTwice = looksTwice
  }

  /// A scenario with one thread for each letter: F a fault, R the revoke, M an importer.
  ///
  /// - Parameters:
  ///   - word: The threads in the order of their numbers, such as `FFRM`; R once at most.
  ///   - looksTwice: False seeds the bug.
  static func scenario(_ word: String, looksTwice: Bool = true) -> Scenario {
    let letters = Array(word)
    return { kernel in
      let race = Race(kernel, looksTwice: looksTwice)
      for letter in letters {
        switch letter {
        case "F": kernel.thread("F") { try await race.fault() }
        case "R": kernel.thread("R") { try await race.revoke() }
        default: kernel.thread("M") { try await race.importAndRelease() }
        }
      }
      try await kernel.join()
      if letters.contains("R") { try await race.checkRevoked(kernel) }
    }
  }

  /// Puts a page in, if the buffer may still be touched.
  func fault() async throws(KernelFault) {
    try await resv.lock()
    let isOk = try await status.load() == Self.ok
    try await resv.unlock()
    if !isOk { return }
    try await memoryLock.downRead()
    var mayMap = true
    if looksTwice { mayMap = try await status.load() == Self.ok }
    if mayMap { try await pte.store(1) }
    try await memoryLock.upRead()
  }

  /// Revokes the buffer for good and waits until no importer has it.
  func revoke() async throws(KernelFault) {
    try await memoryLock.downWrite()
    try await resv.lock()
    try await status.store(Self.revoked)
    try await resv.unlock()
    if try await kref.put() { try await done.complete() }
    try await done.wait()
    try await pte.store(0)
    try await memoryLock.upWrite()
  }

  /// Has the buffer for a while.
  func importAndRelease() async throws(KernelFault) {
    try await resv.lock()
    let isOk = try await status.load() == Self.ok
    if isOk { try await kref.get() }
    try await resv.unlock()
    if !isOk { return }
    try await resv.lock()
    if try await kref.put() { try await done.complete() }
    try await resv.unlock()
  }

  private func checkRevoked(_ kernel: Kernel) async throws {
    try kernel.check(await status.load() == Self.revoked, "the buffer is not revoked")
    try kernel.check(await pte.load() == 0, "a page table entry has outlived the revoke")
    try kernel.check(await kref.read() == 0, "somebody still has the buffer")
  }
}
