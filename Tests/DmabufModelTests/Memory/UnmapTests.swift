// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("munmap and unmap_mapping_range")
struct UnmapTests {
  @Test("munmap refuses what is no range of pages, and is content with a hole")
  func munmapErrors() throws {
    try explore(.once) { kernel in
      let memory = kernel.addressSpace()
      try kernel.check(try await memory.munmap(0x1001, length: 0x1000) == .invalidArgument, "inside of a page")
      try kernel.check(try await memory.munmap(0x1000, length: 0) == .invalidArgument, "no length")
      try kernel.check(try await memory.munmap(.max - 0xFFF, length: 0x2000) == .invalidArgument, "wraps")
      try kernel.check(try await memory.munmap(1 << 47, length: 0x1000) == .invalidArgument, "beyond the end")
      try kernel.check(try await memory.munmap(0x1000, length: 0x1000) == nil, "a hole")
    }
  }

  @Test(
    "munmap of a part leaves areas with references of their own (MM8, MM9)",
    arguments: [(0, 1, 1), (3, 1, 1), (1, 2, 2), (0, 4, 0), (1, 9, 1)])
  func partialMunmap(first: UInt64, count: UInt64, areasLeft: Int) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x4000, offset: 0x5000).address(kernel)
      for page in 0..<UInt64(4) { _ = try await memory.load(address + page * 0x1000) }
      try await memory.munmap(address + first * 0x1000, length: count * 0x1000)
      try kernel.check(try await file.core.references.read() == Int(1 + areasLeft), "not one reference an area")
      for page in 0..<UInt64(4) {
        let isGone = page >= first && page < first + count
        let expected = isGone ? UserAccess.segv : .value(0x8000_5000 + page * 0x1000)
        try kernel.check(try await memory.load(address + page * 0x1000) == expected, "page \(page)")
      }
      // What was split off has kept its place in the file: it faults the same memory in again.
      try await file.mapping.unmapMappingRange()
      try kernel.check(try await file.mapping.entryCount() == 0, "an entry was not found")
      for page in 0..<UInt64(4) where page < first || page >= first + count {
        let expected = UserAccess.value(0x8000_5000 + page * 0x1000)
        try kernel.check(try await memory.load(address + page * 0x1000) == expected, "page \(page) faulted in again")
      }
    }
  }

  @Test("what was cut out of an area is no longer the file's (MM8)")
  func hole() throws {
    try explore(.once) { kernel in
      let file = RamDevice(kernel).open()
      let other = RamDevice(kernel).open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x3000).address(kernel)
      try await memory.munmap(address + 0x1000, length: 0x1000)
      let hole = try await memory.mmap(other, length: 0x1000, at: address + 0x1000).address(kernel)
      _ = try await memory.load(hole)
      try await file.mapping.unmapMappingRange()
      try kernel.check(try await other.mapping.entryCount() == 1, "unmapping one file has unmapped the other")
    }
  }

  @Test("munmap over several areas takes each of them")
  func munmapSeveral() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      for page in 0..<UInt64(3) {
        let address = try await memory.mmap(file, length: 0x1000, offset: page << 12, at: 0x4000_0000 + page << 13)
          .address(kernel)
        _ = try await memory.load(address)
      }
      try await memory.munmap(0x4000_0000, length: 0x10_0000)
      try kernel.check(try await file.core.references.read() == 1, "an area is left")
      try kernel.check(try await file.mapping.entryCount() == 0, "an entry is left")
    }
  }

  @Test("an address space that nobody exits is a leak")
  func leak() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.once) { kernel in
        let memory = ProcessMemory(kernel)
        let address = try await memory.mmap(RamDevice(kernel).open(), length: 0x1000).address(kernel)
        _ = try await memory.load(address)
      }
    }
    #expect(failure?.finding.kind == .leak)
    let leaks = [failure?.finding.summary ?? ""] + (failure?.finding.details ?? [])
    #expect(leaks.contains { $0.contains("vm_area_struct") })
    #expect(leaks.contains { $0.contains("page table entries: 1 left") })
  }

  @Test(
    "unmap_mapping_range goes by offsets in the file, rounded to pages (MM15)",
    arguments: [
      (0, 0, []), (0x2000, 0x1000, [0, 1, 3]), (0x2FFF, 1, [0, 1, 3]), (0x2000, 1, [0, 1, 3]), (0x2000, 0, [0, 1]),
      (0, 0x1001, [2, 3]), (0x4000, 0x4000, [0, 1, 2, 3]), (.max - 0xFFF, .max, [0, 1, 2, 3]),
    ] as [(UInt64, UInt64, Set<UInt64>)])
  func rounding(start: UInt64, length: UInt64, left: Set<UInt64>) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let (parent, other) = (kernel.addressSpace(), kernel.addressSpace())
      // One process maps all, the other the pages 1 to 3: each page of the file that goes, goes in both.
      let whole = try await parent.mmap(file, length: 0x4000).address(kernel)
      let part = try await other.mmap(file, length: 0x3000, offset: 0x1000).address(kernel)
      for page in 0..<UInt64(4) { _ = try await parent.load(whole + page << 12) }
      for page in 1..<UInt64(4) { _ = try await other.load(part + (page - 1) << 12) }
      try await file.mapping.unmapMappingRange(start: start, length: length)
      // Nothing is faulted in again, so what can be loaded is what was left.
      try await device.isRevoked.store(true)
      for page in 0..<UInt64(4) {
        let expected = left.contains(page) ? UserAccess.value(0x8000_0000 + page << 12) : .sigbus
        try kernel.check(try await parent.load(whole + page << 12) == expected, "page \(page) of the first process")
        if page == 0 { continue }
        try kernel.check(try await other.load(part + (page - 1) << 12) == expected, "page \(page) of the second")
      }
    }
  }

  @Test("a huge page that is partly in the range is dropped whole (MM16)", arguments: [PageOrder.pmd, .pud])
  func hugePageIsDropped(order: PageOrder) throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (file, address) = try await FaultTests.map(kernel, device, memory, length: order.size * 2)
      _ = try await memory.load(address)
      _ = try await memory.load(address + order.size)
      try kernel.check(try await file.mapping.entryCount() == 2, "not two huge pages")
      try await file.mapping.unmapMappingRange(start: order.size + 0x3000, length: 0x1000)
      try kernel.check(try await file.mapping.entryCount() == 1, "not one huge page left")
      try kernel.check(try await memory.load(address + order.size + 4) == .value(0x8000_0004 + order.size), "lost")
    }
  }

  @Test("clears an area of huge pages and one of small pages at an offset (T23)")
  func hugeAndSmall() throws {
    try explore(.once) { kernel in
      let device = RamDevice(kernel)
      let memory = kernel.addressSpace()
      let (file, huge) = try await FaultTests.map(kernel, device, memory, length: 0x40_0000, offset: 0x20_0000)
      let small = try await memory.mmap(file, length: 0x2000, offset: 0x20_1000).address(kernel)
      _ = try await memory.load(huge)
      _ = try await memory.load(small)
      _ = try await memory.load(small + 0x1000)
      try kernel.check(try await file.mapping.entryCount() == 3, "not three entries")
      try await file.mapping.unmapMappingRange(start: 0, length: 0x60_0000)
      try kernel.expect(try await file.mapping.entryCount(), is: 0)
    }
  }

  @Test("takes neither mmap_lock nor the lock of an area (MM15)")
  func takesNoOtherLock() throws {
    try explore(.exhaustive, seeing: ["unmapped under mmap_lock"]) { kernel in
      let device = RamDevice(kernel)
      let file = device.open()
      let memory = kernel.addressSpace()
      let address = try await memory.mmap(file, length: 0x1000).address(kernel)
      _ = try await memory.load(address)
      let unmapped = Completion(kernel)
      kernel.thread("mapper") {
        try await memory.lock.downWrite()
        try await unmapped.wait()
        kernel.sometimes("unmapped under mmap_lock")
        try await memory.lock.upWrite()
      }
      kernel.thread("revoker") {
        try await file.mapping.unmapMappingRange()
        try await unmapped.complete()
      }
      try await kernel.join()
    }
  }

  @Test("leaves a table of which it takes some pages, and takes it away with the last ones (MM10)")
  func tableInUse() throws {
    try explore(.once) { kernel in
      let memory = Ram(kernel, at: 0)
      let reach = FileMapping(kernel).reach
      var region = PageTableRegion(base: 0)
      for address in [0, Page.size] {
        region.insert(
          PageTableEntry(
            address: address, order: .page, frame: Pfn(rawValue: 1), isWritable: true, memory: memory, reach: reach))
      }
      _ = region.removeFirst(in: 0..<Page.size)
      region.freeTables(in: 0..<Page.size)
      try kernel.check(!region.isEmpty(at: 0, order: .pmd) && !region.isEmpty(at: 0, order: .pud), "the table is gone")
      _ = region.removeFirst(in: Page.size..<2 * Page.size)
      region.freeTables(in: 0..<2 * Page.size)
      try kernel.check(region.isEmpty(at: 0, order: .pmd) && region.isEmpty(at: 0, order: .pud), "the table is left")
    }
  }

  @Test("misses an area that lies at another offset of the file than the range (B7)")
  func missesAreaAtAnotherOffset() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.once) { kernel in
        let device = RamDevice(kernel)
        let file = device.open()
        let memory = kernel.addressSpace()
        let address = try await memory.mmap(file, length: 0x2000, offset: 1 << 40).address(kernel)
        _ = try await memory.load(address)
        try await device.revoke(file, length: 0x2000)
      }
    }
    #expect(failure?.finding.kind == .outlivesRevoke)
    let summary = failure?.finding.summary ?? ""
    #expect(summary.hasPrefix("page table entry ") && summary.hasSuffix("set by main, is alive after the revoke"))
  }
}
