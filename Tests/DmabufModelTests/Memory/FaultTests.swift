// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("Faults")
struct FaultTests {
  static let gigabyte: UInt64 = 1 << 30

  /// Maps a file whose fault handler uses huge pages.
  static func map(
    _ kernel: Kernel, _ device: RamDevice, _ memory: ProcessMemory, length: UInt64, offset: UInt64 = 0,
    answers: [FaultResult]? = nil
  ) async throws -> (file: RamFile, address: UInt64) {
    let handler: any VirtualMemoryOperations =
      answers.map { ScriptedOperations(device: device, answers: $0) }
      ?? RamOperations(device: device, usesHugePages: true)
    let file = RamFile(device, handler: handler)
    kernel.atEnd {
      try await file.put()
      try await kernel.returnToUserMode()
    }
    return (file, try await memory.mmap(file, length: length, offset: offset).address(kernel))
  }

  @Test("map the page once and then go straight to the device")
  func faultOnce() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(device.open(), length: 0x2000).address(kernel)
      let start = kernel.stepCount
      try await memory.store(address + 0x1008, 42)
      // The walk, the area's lock, the entry, the unlock, the walk again; and three of the driver.
      try kernel.check(kernel.stepCount == start + 8, "a fault has become longer: \(kernel.stepCount - start) steps")
      let before = kernel.stepCount
      try kernel.check(try await memory.load(address + 0x1008) == .value(42), "lost")
      try kernel.check(kernel.stepCount == before + 1, "a load of a mapped page is one step")
      try kernel.check(try await memory.load(address + 8) == .value(0x8000_0008), "the wrong page")
    }
  }

  @Test(
    "try the largest page first, and a smaller one only on FALLBACK (MM10)",
    arguments: [
      ([], [.pud]), ([.fallback], [.pud, .pmd]), ([.fallback, .fallback], [.pud, .pmd, .page]),
    ] as [([FaultResult], [PageOrder])])
  func orders(answers: [FaultResult], asked: [PageOrder]) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (file, address) = try await Self.map(kernel, device, memory, length: Self.gigabyte, answers: answers)
      try kernel.check(try await memory.load(address + 0x30_0004) == .value(0x8030_0004), "the wrong memory")
      try kernel.check(try await device.calls.load() == asked, "asked for other sizes")
      try kernel.check(try await file.mapping.entryCount() == 1, "not one entry")
    }
  }

  @Test(
    "end with a signal at the first size that gives one (MM10, MM13)",
    arguments: [[.sigbus], [.fallback, .sigbus], [.fallback, .fallback, .sigbus]] as [[FaultResult]])
  func sigbusEndsIt(answers: [FaultResult]) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (_, address) = try await Self.map(kernel, device, memory, length: Self.gigabyte, answers: answers)
      try kernel.check(try await memory.load(address) == .sigbus, "no signal")
      try kernel.check(try await device.calls.load().count == answers.count, "asked on after the signal")
    }
  }

  @Test("leave out sizes that do not fit into the area, unless told to be as thorough as the kernel")
  func fittingOrders() throws {
    for (length, thorough, asked) in [
      (UInt64(0x1000), false, [PageOrder.page]), (0x20_0000, false, [.pmd]), (0x1000, true, [.pud, .pmd, .page]),
    ] {
      try explore(.once) { kernel in
        let device = RamDevice(kernel)
        let memory = ProcessMemory(kernel, triesEveryOrder: thorough)
        kernel.atEnd { try await memory.exit() }
        let (_, address) = try await Self.map(kernel, device, memory, length: length)
        _ = try await memory.load(address)
        try kernel.check(try await device.calls.load() == asked, "asked for other sizes")
      }
    }
  }

  @Test("do not try a size where there is a table of smaller pages, even an empty one (MM10)")
  func tableInPlace() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (file, address) = try await Self.map(
        kernel, device, memory, length: Self.gigabyte, answers: [.fallback, .fallback])
      _ = try await memory.load(address)
      try await file.mapping.unmapMappingRange()
      try await device.calls.store([.pud, .pud])
      _ = try await memory.load(address)
      try kernel.check(try await device.calls.load() == [.pud, .pud, .page], "a huge page in place of a table")
      try kernel.check(try await memory.load(address + 0x20_0000) == .value(0x8020_0000), "not mapped")
      try kernel.check(try await device.calls.load() == [.pud, .pud, .page, .pmd], "the next 2 MiB had no table")
    }
  }

  @Test("leave 2 MiB pages as they are where a gigabyte would lie over them (MM10, MM12)")
  func hugerPage() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (file, address) = try await Self.map(
        kernel, device, memory, length: Self.gigabyte, answers: [.fallback])
      // The first fault is put off from a gigabyte to 2 MiB, and the next one is not even asked for a gigabyte.
      _ = try await memory.load(address)
      _ = try await memory.load(address + 0x20_0000)
      try kernel.check(try await device.calls.load() == [.pud, .pmd, .pmd], "asked for other sizes")
      try kernel.check(try await file.mapping.entryCount() == 2, "not two entries")
      // A handler that inserts a gigabyte all the same changes nothing.
      let fault = PageFault(area: try #require(await memory.areas.area(at: address)), address: address, isWrite: false)
      let result = try await fault.area.insert(
        Pfn(containing: device.memory.base + Self.gigabyte), at: address, order: .pud, of: device.memory)
      try kernel.check(result == .noPage, "the insertion answers \(result)")
      try kernel.check(try await file.mapping.entryCount() == 2, "a gigabyte lies over 2 MiB")
      try kernel.check(try await memory.load(address + 8) == .value(0x8000_0008), "the first page has changed")
      try kernel.check(try await memory.load(address + 0x20_0008) == .value(0x8020_0008), "the second page has changed")
      try await file.mapping.unmapMappingRange()
      try kernel.check(try await file.mapping.entryCount() == 0, "an entry is left")
    }
  }

  @Test("try again after a lack of memory (MM13)")
  func outOfMemory() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (_, address) = try await Self.map(kernel, device, memory, length: 0x1000, answers: [.outOfMemory])
      try kernel.check(try await memory.load(address) == .value(0x8000_0000), "not tried again")
      try kernel.check(try await device.calls.load() == [.page, .page], "not two faults")
    }
  }

  @Test("leave an entry that is there as it is (MM11, MM12)", arguments: PageOrder.allCases)
  func entryStays(order: PageOrder) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let handler = SecondPageOperations(device: device, order: order)
      let file = RamFile(device, handler: handler)
      let address = try await memory.mmap(file, length: Self.gigabyte).address(kernel)
      try await file.put()
      try kernel.check(try await memory.load(address) == .value(0x8000_0000), "the second insertion has won")
      try kernel.check(try await file.mapping.entryCount() == 1, "not one entry")
    }
  }

  @Test("end in SIGSEGV outside of areas and against their protection")
  func segv() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      try kernel.check(try await memory.load(0x1000) == .segv, "there was nothing")
      let readOnly = try await memory.mmap(file, length: 0x1000, protection: .read).address(kernel)
      try kernel.check(try await memory.load(readOnly) == .value(0x8000_0000), "PROT_READ")
      try kernel.check(try await memory.store(readOnly, 1) == .segv, "not PROT_WRITE")
      let none = try await memory.mmap(file, length: 0x1000, protection: []).address(kernel)
      try kernel.check(try await memory.load(none) == .segv, "PROT_NONE")
    }
  }

  @Test("do not reach memory behind a gate that has been freed, with one thread too", arguments: [false, true])
  func freedGate(isWrite: Bool) throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.once, name: "\(isWrite)") { kernel in
        let owner = kernel.allocate("struct gate")
        let memory = kernel.addressSpace()
        let device = RamDevice(kernel)
        let file = RamFile(device, handler: GatedOperations(memory: GatedRam(kernel, in: owner)))
        let address = try await memory.mmap(file, length: Page.size).address(kernel)
        try await file.put()
        try kernel.check(try await memory.load(address) == .value(7), "not mapped")
        try await kernel.free(owner)
        if isWrite { try await memory.store(address, 8) } else { _ = try await memory.load(address) }
      }
    }
    #expect(failure?.finding.kind == .useAfterFree)
  }

  @Test("of the kernel take mmap_lock, and fail the system call (MM3, MM13)")
  func kernelMode() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (_, address) = try await Self.map(kernel, device, memory, length: 0x2000, answers: [.sigbus])
      try kernel.check(try await memory.copyFromUser(address) == .failure(.badAddress), "no EFAULT")
      try kernel.check(try await memory.copyToUser(address, 7) == nil, "EFAULT")
      try kernel.check(try await memory.copyFromUser(address) == .success(7), "lost")
      try kernel.check(try await memory.copyToUser(0x1000, 7) == .badAddress, "there was nothing")
    }
  }

  @Test("of the kernel are a lock order problem under a lock that faults take")
  func copyUnderDriverLock() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.once) { kernel in
        let device = RamDevice(kernel)
        let memory = kernel.addressSpace()
        let address = try await memory.mmap(device.open(), length: 0x2000).address(kernel)
        _ = try await memory.copyFromUser(address)
        // The page is mapped, so that nothing would be taken this time.
        try await device.memoryLock.downRead()
        _ = try await memory.copyFromUser(address)
        try await device.memoryLock.upRead()
      }
    }
    #expect(failure?.finding.kind == .lockOrder)
  }

  @Test("are a kernel bug where page frames may not be inserted (MM11)")
  func insertWhereNotAllowed() throws {
    for (flags, sharing) in [(AreaFlags.io, Sharing.shared), (.pfnMap, .private)] {
      let failure = #expect(throws: ScheduleFailure.self) {
        try explore(.once) { kernel in
          let file = RamFile(RamDevice(kernel), areaFlags: flags, allowsPrivate: true)
          let memory = kernel.addressSpace()
          let address = try await memory.mmap(file, length: 0x1000, sharing: sharing).address(kernel)
          _ = try await memory.load(address)
        }
      }
      #expect(failure?.finding.summary.contains("kernel BUG: vmf_insert_pfn") == true)
    }
  }
}

/// Memory that is reached through a field of a structure, and always holds seven.
private final class GatedRam: PhysicalMemory {
  private let memory: ObjectID
  private let gate: ObjectID

  init(_ kernel: Kernel, in owner: Allocation) {
    memory = kernel.register("RAM")
    gate = kernel.register("gate", in: owner)
  }

  func accesses(isWrite: Bool) -> (ObjectAccess, ObjectAccess?) {
    (ObjectAccess(memory, isWrite ? .write : .read), ObjectAccess(gate, .read))
  }

  func loadNow(_ address: UInt64, width: Int) -> UInt64 { 7 }

  func storeNow(_ address: UInt64, width: Int, _ value: UInt64) {}
}

/// A fault handler that inserts the one page of a memory.
private struct GatedOperations: VirtualMemoryOperations {
  let memory: GatedRam

  func hugeFault(_ fault: PageFault, order: PageOrder) -> FaultResult { .fallback }

  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult {
    try await fault.area.insert(Pfn(rawValue: 1), at: fault.address, of: memory)
  }
}

/// A fault handler that inserts two different page frames at the same address.
private struct SecondPageOperations: VirtualMemoryOperations {
  let device: RamDevice
  let order: PageOrder

  func hugeFault(_ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    order == self.order ? try await insertTwice(fault) : .fallback
  }

  func fault(_ fault: PageFault) async throws(KernelFault) -> FaultResult { try await insertTwice(fault) }

  private func insertTwice(_ fault: PageFault) async throws(KernelFault) -> FaultResult {
    let first = Pfn(containing: device.memory.base)
    let second = Pfn(rawValue: first.rawValue + order.size >> Page.shift)
    _ = try await fault.area.insert(first, at: fault.address, order: order, of: device.memory)
    return try await fault.area.insert(second, at: fault.address, order: order, of: device.memory)
  }
}
