// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel

/// A device with some memory, whose driver does what VFIO's does, in a few lines.
final class RamDevice: Sendable {
  /// What a driver can get wrong.
  enum Mistake: Sendable, CaseIterable {
    /// The fault handler looks whether the device is revoked before it takes the lock.
    case checksOutsideLock
    /// The fault handler inserts the page after it has given the lock back.
    case insertsAfterUnlock
    /// The revoke unmaps first, without the lock, and forbids new pages then.
    case zapsBeforeForbidding
  }

  let kernel: Kernel
  let memory: Ram
  let memoryLock: ReadWriteSemaphore
  let isRevoked: Shared<Bool>
  let calls: Shared<[PageOrder]>
  let mistake: Mistake?

  init(_ kernel: Kernel, at physicalAddress: UInt64 = 0x8000_0000, mistake: Mistake? = nil) {
    self.kernel = kernel
    self.mistake = mistake
    memory = Ram(kernel, at: physicalAddress)
    memoryLock = ReadWriteSemaphore(kernel, "memory_lock")
    isRevoked = Shared(kernel, "revoked", false)
    calls = Shared(kernel, "calls", [])
  }

  /// Opens the device; the file is closed at the end of the execution.
  func open(_ flags: OpenFlags = .readWrite) -> RamFile {
    let file = RamFile(self, flags)
    kernel.atEnd {
      try await file.put()
      try await self.kernel.returnToUserMode()
    }
    return file
  }

  func fault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    if mistake == .checksOutsideLock {
      if try await isRevoked.load() { return .sigbus }
      try await memoryLock.downRead()
      let result = try await insert(fault, order)
      try await memoryLock.upRead()
      return result
    }
    try await memoryLock.downRead()
    let mayMap = try await !isRevoked.load()
    if mistake == .insertsAfterUnlock { try await memoryLock.upRead() }
    let result = mayMap ? try await insert(fault, order) : .sigbus
    if mistake != .insertsAfterUnlock { try await memoryLock.upRead() }
    return result
  }

  private func insert(_ fault: PageFault, _ order: PageOrder) async throws(KernelFault) -> FaultResult {
    let page = order.alignDown(fault.address)
    let physical = memory.base + fault.area.pageOffset << Page.shift &+ (page &- fault.area.start)
    let frame = Pfn(containing: physical)
    if order != .page && !(fault.area.start...fault.area.end).contains(page + order.size) { return .fallback }
    if !order.isAligned(frame) { return .fallback }
    return try await fault.area.insert(frame, at: fault.address, order: order, of: memory)
  }

  /// When no page may be mapped any more.
  var revokeRule: RevokeRule {
    RevokeRule(memoryLock, after: "the revoke") { [isRevoked] look in look.load(isRevoked) }
  }

  /// Forbids new pages and unmaps those that are there.
  func revoke(_ file: RamFile, length: UInt64 = 0) async throws(KernelFault) {
    if mistake == .zapsBeforeForbidding {
      try await file.mapping.unmapMappingRange(start: 0, length: length)
      try await memoryLock.downWrite()
      try await isRevoked.store(true)
    } else {
      try await memoryLock.downWrite()
      try await isRevoked.store(true)
      try await file.mapping.unmapMappingRange(start: 0, length: length)
    }
    try await memoryLock.upWrite()
  }
}

/// An open file of a ``RamDevice``.
final class RamFile: File {
  let core: FileCore
  let device: RamDevice
  let releases: Shared<Int>
  /// What the driver answers instead of preparing the area.
  let refusal: Errno?
  /// The file that the driver puts in this one's place, and where in it the area then starts.
  let replacement: (file: RamFile, pageOffset: UInt64)?
  let handler: any VirtualMemoryOperations
  let areaFlags: AreaFlags
  let allowsPrivate: Bool

  init(
    _ device: RamDevice, _ flags: OpenFlags = .readWrite, areaFlags: AreaFlags = [.pfnMap, .io],
    allowsPrivate: Bool = false, refusal: Errno? = nil,
    replacement: (file: RamFile, pageOffset: UInt64)? = nil, handler: (any VirtualMemoryOperations)? = nil
  ) {
    core = FileCore(device.kernel, flags: flags, revokedWhen: [device.revokeRule])
    self.device = device
    self.refusal = refusal
    self.replacement = replacement
    self.handler = handler ?? RamOperations(device: device, usesHugePages: false)
    self.areaFlags = areaFlags
    self.allowsPrivate = allowsPrivate
    releases = Shared(device.kernel, "releases", 0)
  }

  func release() async throws(KernelFault) { try await releases.store(try await releases.load() + 1) }

  func mmap(_ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    try request.addressSpace.lock.assertHeldWrite()
    if let refusal { return .failure(refusal) }
    if !allowsPrivate && !request.flags.contains(.shared) { return .failure(.invalidArgument) }
    return .success(
      AreaSetup(
        operations: handler, privateData: device, flags: areaFlags, file: replacement?.file,
        pageOffset: replacement?.pageOffset))
  }
}

/// The fault handler of a ``RamDevice``.
struct RamOperations: VirtualMemoryOperations {
  let device: RamDevice
  let usesHugePages: Bool

  func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    if !usesHugePages { return .fallback }
    try await device.calls.store(try await device.calls.load() + [order])
    return try await device.fault(fault, order: order)
  }

  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult {
    if usesHugePages { try await device.calls.store(try await device.calls.load() + [.page]) }
    return try await device.fault(fault, order: .page)
  }
}

/// A fault handler that answers what it is told to, one answer a call, and notes the sizes it was asked for.
struct ScriptedOperations: VirtualMemoryOperations {
  let device: RamDevice
  let answers: [FaultResult]

  func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    try await answer(fault, order)
  }

  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult { try await answer(fault, .page) }

  private func answer(_ fault: PageFault, _ order: PageOrder) async throws(KernelFault) -> FaultResult {
    let calls = try await device.calls.load()
    try await device.calls.store(calls + [order])
    if calls.count < answers.count { return answers[calls.count] }
    return try await device.fault(fault, order: order)
  }
}

/// Memory of words behind a physical address; a word that was never written holds its own address.
actor Ram: KernelActor, PhysicalMemory {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated let base: UInt64
  private var words: [UInt64: UInt64] = [:]

  init(_ kernel: Kernel, at base: UInt64) {
    self.kernel = kernel
    self.base = base
    object = kernel.register("RAM")
  }

  nonisolated func accesses(isWrite: Bool) -> (ObjectAccess, ObjectAccess?) {
    (ObjectAccess(object, isWrite ? .write : .read), nil)
  }

  nonisolated func loadNow(_ address: UInt64, width: Int) throws(KernelFault) -> UInt64 {
    assumeIsolated { $0.words[address] ?? address }
  }

  nonisolated func storeNow(_ address: UInt64, width: Int, _ value: UInt64) throws(KernelFault) {
    assumeIsolated { $0.words[address] = value }
  }
}

extension Strategy where Self == RandomStrategy {
  /// One schedule is enough for a scenario with one thread.
  static var once: RandomStrategy { .random(seed: 1, schedules: 1) }
}

extension Result where Success == UInt64, Failure == Errno {
  /// The address, or the end of the execution as a failure.
  func address(_ kernel: Kernel) throws(KernelFault) -> UInt64 {
    switch self {
    case .success(let address): return address
    case .failure(let errno): throw kernel.fail(.check, "mmap failed: \(errno)")
    }
  }
}

extension Kernel {
  /// Memory of a process that exits at the end of the execution.
  func addressSpace() -> ProcessMemory {
    let memory = ProcessMemory(self)
    atEnd { try await memory.exit() }
    return memory
  }
}
