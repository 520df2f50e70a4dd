// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A reader-writer semaphore")
struct ReadWriteSemaphoreTests {
  enum Holder: Sendable, CaseIterable { case nobody, reader, writer }

  @Test(
    "gives a try what the holder leaves (RW10, under the any-order policy, in which nobody queues)",
    arguments: Holder.allCases)
  func tries(holder: Holder) throws {
    try explore(.serial) { kernel in
      let semaphore = ReadWriteSemaphore(kernel)
      let isHeld = Completion(kernel)
      let giveBack = Completion(kernel)
      kernel.thread("holder") {
        switch holder {
        case .nobody: break
        case .reader: try await semaphore.downRead()
        case .writer: try await semaphore.downWrite()
        }
        try await isHeld.complete()
        try await giveBack.wait()
        switch holder {
        case .nobody: break
        case .reader: try await semaphore.upRead()
        case .writer: try await semaphore.upWrite()
        }
      }
      try await isHeld.wait()
      let writes = try await semaphore.tryDownWrite()
      if writes { try await semaphore.upWrite() }
      let reads = try await semaphore.tryDownRead()
      if reads { try await semaphore.upRead() }
      try await giveBack.complete()
      try await kernel.join()
      try kernel.expect(writes, is: holder == .nobody, "down_write_trylock")
      try kernel.expect(reads, is: holder != .writer, "down_read_trylock")
      try kernel.expect(try await semaphore.tryDownWrite(), is: true, "down_write_trylock after the holder has left")
      try await semaphore.upWrite()
    }
  }

  enum Check: Sendable, CaseIterable { case held, heldWrite, heldRead }

  struct CheckRow: Sendable {
    var holder: Holder
    var check: Check
    var failure: String?
  }

  @Test(
    "knows in which way the thread holds it (RW14)",
    arguments: [
      CheckRow(holder: .nobody, check: .held, failure: "main must hold memory_lock here"),
      CheckRow(holder: .nobody, check: .heldWrite, failure: "main must hold memory_lock for writing here"),
      CheckRow(holder: .nobody, check: .heldRead, failure: "main must hold memory_lock for reading here"),
      CheckRow(holder: .reader, check: .held),
      CheckRow(holder: .reader, check: .heldWrite, failure: "main must hold memory_lock for writing here"),
      CheckRow(holder: .reader, check: .heldRead),
      CheckRow(holder: .writer, check: .held),
      CheckRow(holder: .writer, check: .heldWrite),
      CheckRow(holder: .writer, check: .heldRead, failure: "main must hold memory_lock for reading here"),
    ])
  func asserts(row: CheckRow) throws {
    let scenario: Scenario = { kernel in
      let semaphore = ReadWriteSemaphore(kernel, "memory_lock")
      switch row.holder {
      case .nobody: break
      case .reader: try await semaphore.downRead()
      case .writer: try await semaphore.downWrite()
      }
      switch row.check {
      case .held: try semaphore.assertHeld()
      case .heldWrite: try semaphore.assertHeldWrite()
      case .heldRead: try semaphore.assertHeldRead()
      }
      if row.holder == .reader { try await semaphore.upRead() }
      if row.holder == .writer { try await semaphore.upWrite() }
    }
    if let text = row.failure {
      let failure = try failure(.lockNotHeld, under: .serial, scenario)
      #expect(failure.finding.summary == text)
    } else {
      try explore(.serial, scenario)
    }
  }

  @Test("is not held by a thread because another one holds it (RW14)")
  func heldByAnother() throws {
    let failure = try failure(.lockNotHeld, under: .serial) { kernel in
      let semaphore = ReadWriteSemaphore(kernel, "memory_lock")
      let isHeld = Completion(kernel)
      kernel.thread("writer") {
        try await semaphore.downWrite()
        try await isHeld.complete()
        try await Completion(kernel).wait()
      }
      try await isHeld.wait()
      try semaphore.assertHeld()
    }
    #expect(failure.finding.thread == "main")
  }

  @Test(
    "is refused to a thread that holds it already, in every combination (RW13)",
    arguments: [true, false], [true, false])
  func recursion(firstWrites: Bool, secondWrites: Bool) throws {
    let failure = try failure(.recursiveLock, under: .serial) { kernel in
      let semaphore = ReadWriteSemaphore(kernel, "memory_lock")
      if firstWrites { try await semaphore.downWrite() } else { try await semaphore.downRead() }
      if secondWrites { try await semaphore.downWrite() } else { try await semaphore.downRead() }
    }
    #expect(failure.finding.summary == "main takes memory_lock, which it holds already")
  }

  enum Release: Sendable, CaseIterable { case upRead, upWrite, downgrade }

  struct ReleaseRow: Sendable {
    var holder: Holder
    var release: Release
  }

  @Test(
    "given back by one who does not hold it in that way is a finding (RW15)",
    arguments: [
      ReleaseRow(holder: .nobody, release: .upRead), ReleaseRow(holder: .nobody, release: .upWrite),
      ReleaseRow(holder: .nobody, release: .downgrade), ReleaseRow(holder: .reader, release: .upWrite),
      ReleaseRow(holder: .reader, release: .downgrade), ReleaseRow(holder: .writer, release: .upRead),
    ])
  func wrongRelease(row: ReleaseRow) throws {
    let failure = try failure(.unlockByStranger, under: .serial) { kernel in
      let semaphore = ReadWriteSemaphore(kernel, "memory_lock")
      if row.holder == .reader { try await semaphore.downRead() }
      if row.holder == .writer { try await semaphore.downWrite() }
      switch row.release {
      case .upRead: try await semaphore.upRead()
      case .upWrite: try await semaphore.upWrite()
      case .downgrade: try await semaphore.downgrade()
      }
    }
    let how =
      switch row.holder {
      case .nobody: "which no thread holds"
      case .reader: "which main holds for reading"
      case .writer: "which main holds for writing"
      }
    #expect(failure.finding.summary == "main unlocks memory_lock, \(how)")
  }
}

@Suite("A reader-writer semaphore between threads")
struct ReadWriteSemaphoreRaceTests {
  @Test("has one writer or any number of readers inside, and readers do meet")
  func exclusion() throws {
    try explore(.exhaustive, seeing: ["two readers inside", "a writer between two readers"]) { kernel in
      let semaphore = ReadWriteSemaphore(kernel)
      let readers = Kref(kernel, "readers")
      let isWritten = Shared(kernel, "isWritten", false)
      let generation = Shared(kernel, "generation", 0)
      for number in 1...2 {
        kernel.thread("r\(number)") {
          try await semaphore.downRead()
          try await readers.get()
          kernel.sometimes("two readers inside", try await readers.read() == 3)
          kernel.sometimes("a writer between two readers", try await generation.load() == 1)
          try kernel.check(!(try await isWritten.load()), "a reader beside a writer")
          _ = try await readers.put()
          try await semaphore.upRead()
        }
      }
      kernel.thread("writer") {
        try await semaphore.downWrite()
        try await isWritten.store(true)
        try kernel.expect(try await readers.read(), is: 1, "a writer beside readers: the count")
        try await generation.store(1)
        try await isWritten.store(false)
        try await semaphore.upWrite()
      }
      try await kernel.join()
    }
  }

  @Test("is turned from writing to reading without a gap: no other writer comes between, readers do (RW11)")
  func downgrade() throws {
    try explore(
      .exhaustive, seeing: ["another reader beside the former writer", "the other writer came later"]
    ) { kernel in
      let semaphore = ReadWriteSemaphore(kernel)
      let field = Shared(kernel, "field", 0)
      let readers = Kref(kernel, "readers")
      kernel.thread("downgrader") {
        try await semaphore.downWrite()
        try await field.store(1)
        try await semaphore.downgrade()
        try await readers.get()
        kernel.sometimes("another reader beside the former writer", try await readers.read() == 3)
        try kernel.expect(try await field.load(), is: 1, "the field after downgrade_write")
        _ = try await readers.put()
        try await semaphore.upRead()
      }
      kernel.thread("writer") {
        try await semaphore.downWrite()
        kernel.sometimes("the other writer came later", try await field.load() == 1)
        try await field.store(2)
        try await semaphore.upWrite()
      }
      kernel.thread("reader") {
        try await semaphore.downRead()
        try await readers.get()
        _ = try await readers.read()
        _ = try await readers.put()
        try await semaphore.upRead()
      }
      try await kernel.join()
    }
  }

  @Test("held for reading by two threads that both want to write is a deadlock that lockdep sees (RW11, RW13)")
  func noUpgrade() throws {
    let failure = try failure(.recursiveLock) { kernel in
      let semaphore = ReadWriteSemaphore(kernel, "memory_lock")
      for name in ["a", "b"] {
        kernel.thread(name) {
          try await semaphore.downRead()
          try await semaphore.downWrite()
        }
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary.hasSuffix("takes memory_lock, which it holds already"))
  }

  @Test("is not given to a try that races a writer unless the writer is out, and is then (RW10)")
  func tryAgainstWriter() throws {
    try explore(
      .exhaustive, seeing: ["read", "refused to read", "written", "refused to write"]
    ) { kernel in
      let semaphore = ReadWriteSemaphore(kernel)
      let isWritten = Shared(kernel, "isWritten", false)
      kernel.thread("writer") {
        try await semaphore.downWrite()
        try await isWritten.store(true)
        try await isWritten.store(false)
        try await semaphore.upWrite()
      }
      kernel.thread("reader") {
        let isReading = try await semaphore.tryDownRead()
        kernel.sometimes(isReading ? "read" : "refused to read")
        guard isReading else { return }
        try kernel.check(!(try await isWritten.load()), "a reader beside a writer")
        try await semaphore.upRead()
      }
      kernel.thread("second writer") {
        let isWriting = try await semaphore.tryDownWrite()
        kernel.sometimes(isWriting ? "written" : "refused to write")
        guard isWriting else { return }
        try kernel.check(!(try await isWritten.load()), "two writers")
        try await semaphore.upWrite()
      }
      try await kernel.join()
    }
  }
}
