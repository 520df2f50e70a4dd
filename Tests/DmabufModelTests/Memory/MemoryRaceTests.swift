// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Synchronization
import Testing

@Suite("Memory races")
struct MemoryRaceTests {
  /// Two threads of a process that use a device's memory while it is being revoked.
  static func faultRace(_ mistake: RamDevice.Mistake?) -> Scenario {
    { kernel in
      let device = RamDevice(kernel, mistake: mistake)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x2000).address(kernel)
      for thread in 0..<UInt64(2) {
        kernel.thread("user\(thread)") {
          let first = try await memory.load(address + thread << 12)
          let second = try await memory.load(address)
          kernel.sometimes("mapped, then revoked", first != .sigbus && second == .sigbus)
          kernel.sometimes("revoked first", first == .sigbus)
          try kernel.check(first != .segv && second != .segv, "the area is gone")
        }
      }
      kernel.thread("revoker") { try await device.revoke(file) }
      try await kernel.join()
      try kernel.check(try await memory.load(address) == .sigbus, "still mapped")
    }
  }

  @Test("no entry outlives a revoke that forbids first and unmaps then, under the lock of the faults (MM18)")
  func faultAgainstRevoke() async throws {
    try await explore(.exhaustive, Self.faultRace(nil))
  }

  @Test("an entry that outlives a revoke is found (MM17, MM18)", arguments: RamDevice.Mistake.allCases)
  func wrongFaultAgainstRevoke(mistake: RamDevice.Mistake) async throws {
    let failure = await #expect(throws: ScheduleFailure.self) {
      try await explore(.exhaustive, Self.faultRace(mistake))
    }
    #expect(failure?.finding.kind == .outlivesRevoke)
  }

  @Test("other pages and areas work on while a file is being unmapped (MM17, T34)")
  func notAtomic() async throws {
    try await explore(.exhaustive) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x2000).address(kernel)
      _ = try await memory.load(address)
      _ = try await memory.load(address + 0x1000)
      kernel.thread("user") {
        let access = try await memory.load(address + 0x1000)
        let left = try await file.mapping.entryCount()
        kernel.sometimes("a page that is left works", access != .sigbus && left == 1)
      }
      kernel.thread("revoker") { try await device.revoke(file) }
      try await kernel.join()
    }
  }

  @Test("munmap waits for the faults on the area, and the next access finds nothing (MM2, MM14)")
  func munmapAgainstFault() async throws {
    try await explore(.exhaustive) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x2000).address(kernel)
      kernel.thread("user") {
        let access = try await memory.load(address)
        kernel.sometimes("went through", access == .value(0x8000_0000))
        kernel.sometimes("came too late", access == .segv)
        try kernel.check(access != .sigbus, "neither mapped nor unmapped")
      }
      kernel.thread("copier") {
        let copied = try await memory.copyFromUser(address)
        kernel.sometimes("copied", copied == .success(0x8000_0000))
        kernel.sometimes("EFAULT", copied == .failure(.badAddress))
      }
      kernel.thread("unmapper") { try await memory.munmap(address, length: 0x2000) }
      try await kernel.join()
      try kernel.check(try await file.mapping.entryCount() == 0, "a fault has got behind munmap")
      try kernel.check(try await memory.load(address) == .segv, "still there")
    }
  }

  @Test("a fault that is stuck keeps munmap waiting (MM14, T3)")
  func stuckFault() async throws {
    let failure = await #expect(throws: ScheduleFailure.self) {
      try await explore(.exhaustive) { kernel in
        let device = RamDevice(kernel)
        let memory = kernel.addressSpace()
        let address = try await memory.mmap(device.open(), length: 0x1000).address(kernel)
        let never = Completion(kernel, "never")
        kernel.thread("revoker") {
          try await device.memoryLock.downWrite()
          try await never.wait()
          try await device.memoryLock.upWrite()
        }
        kernel.thread("user") { _ = try await memory.load(address) }
        kernel.thread("unmapper") { try await memory.munmap(address, length: 0x1000) }
        try await kernel.join()
      }
    }
    #expect(failure?.finding.kind == .deadlock)
  }

  @Test("an area that is split while its file is unmapped hides no entry (B7, MM8)")
  func splitAgainstRevoke() async throws {
    try await explore(.exhaustive) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      // The area starts at page 5 of the file, and its middle goes.
      let address = try await memory.mmap(file, length: 0x3000, offset: 0x5000).address(kernel)
      _ = try await memory.load(address)
      kernel.thread("splitter") { try await memory.munmap(address + 0x1000, length: 0x1000) }
      kernel.thread("user") {
        let access = try await memory.load(address + 0x2000)
        kernel.sometimes("the upper part works", access == .value(0x8000_7000))
        kernel.sometimes("the upper part is revoked", access == .sigbus)
        try kernel.check(access != .segv, "the upper part is gone")
      }
      kernel.thread("revoker") { try await device.revoke(file, length: 0x8000) }
      try await kernel.join()
      try kernel.check(try await file.mapping.entryCount() == 0, "an entry was overlooked")
      try kernel.check(try await file.core.references.read() == 3, "not one reference for each half")
    }
  }

  @Test("mmap that passes a revoke leads to SIGBUS at the first touch (MM7, B11, T22)")
  func mmapAgainstRevoke() async throws {
    try await explore(.exhaustive) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      kernel.thread("mapper") {
        let address = try await memory.mmap(file, length: 0x1000).address(kernel)
        let access = try await memory.load(address)
        kernel.sometimes("mapped too late", access == .sigbus)
        kernel.sometimes("mapped in time", access != .sigbus)
      }
      kernel.thread("revoker") { try await device.revoke(file) }
      try await kernel.join()
    }
  }

  @Test("nobody can fault on an area that those who unmap its file do not see yet (MM7)")
  func faultAgainstMmap() async throws {
    try await explore(.exhaustive) { kernel in
      let file = RamDevice(kernel).open()
      let memory = kernel.addressSpace()
      let address: UInt64 = 0x4000_0000
      kernel.thread("mapper") { _ = try await memory.mmap(file, length: 0x1000, at: address) }
      kernel.thread("user") {
        // A thread that knows where the area will be, and waits for it.
        var access = UserAccess.segv
        for _ in 0..<6 where access == .segv { access = try await memory.load(address) }
        kernel.sometimes("waited in vain", access == .segv)
        kernel.sometimes("mapped", access != .segv)
        try await file.mapping.unmapMappingRange()
        try kernel.check(try await file.mapping.entryCount() == 0, "an entry of an area that is not linked")
      }
      try await kernel.join()
    }
  }

  @Test("an access goes where the entry leads now, whatever the thread has seen there before")
  func replacedArea() async throws {
    try await explore(.exhaustive) { kernel in
      let first = RamDevice(kernel)
      let second = RamDevice(kernel, at: 0x9000_0000)
      let secondFile = second.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(first.open(), length: 0x1000).address(kernel)
      kernel.thread("user") {
        _ = try await memory.load(address)
        let access = try await memory.load(address)
        kernel.sometimes("the first device", access == .value(0x8000_0000))
        kernel.sometimes("between the two", access == .segv)
        kernel.sometimes("the second device", access == .value(0x9000_0000))
      }
      kernel.thread("mapper") {
        try await memory.munmap(address, length: 0x1000)
        _ = try await memory.mmap(secondFile, length: 0x1000, at: address)
        _ = try await memory.load(address)
      }
      try await kernel.join()
    }
  }

  @Test("two faults on one page set one entry (MM2, MM11)")
  func twoFaults() async throws {
    try await explore(.exhaustive) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x1000).address(kernel)
      for name in ["user0", "user1"] {
        kernel.thread(name) {
          let access = try await memory.load(address)
          try kernel.check(access == .value(0x8000_0000), "\(access)")
        }
      }
      try await kernel.join()
      try kernel.check(try await file.mapping.entryCount() == 1, "counted twice")
    }
  }

  @Test("an execution that failed half-way leaves no areas and files behind in the test's own memory")
  func nothingRemains() async throws {
    let remains = Remains()
    await #expect(throws: ScheduleFailure.self) {
      try await explore(.random(seed: 1, schedules: 20)) { kernel in
        let device = RamDevice(kernel)
        let file = device.open()
        let memory = kernel.addressSpace()
        remains.watch(file, memory)
        let address = try await memory.mmap(file, length: 0x1000).address(kernel)
        kernel.thread("user") { _ = try await memory.load(address) }
        kernel.thread("forker") { _ = try await memory.fork() }
        try await kernel.join()
        // The child has not exited; and this stops the machine with everything in place.
        try kernel.check(false, "stop")
      }
    }
    #expect(remains.watched > 0)
    #expect(remains.alive == 0)
  }
}

/// Objects that should be gone.
private final class Remains: Sendable {
  private struct Pair {
    weak var file: RamFile?
    weak var memory: ProcessMemory?
  }

  private let pairs = Mutex<[Pair]>([])

  func watch(_ file: RamFile, _ memory: ProcessMemory) {
    pairs.withLock { $0.append(Pair(file: file, memory: memory)) }
  }

  var watched: Int { pairs.withLock { $0.count } }

  var alive: Int { pairs.withLock { $0.count { $0.file != nil || $0.memory != nil } } }
}
