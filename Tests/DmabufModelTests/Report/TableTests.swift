// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

@Suite("The table of a report")
struct TableTests {
  @Test("fits 120 columns with up to eight threads, whatever their names", arguments: 1...8)
  func width(threads: Int) throws {
    for prefix in ["t", "importer", "a thread with a long name "] {
      let found = try failure { kernel in
        let lock = SleepingMutex(kernel, "memory_lock")
        let value = Shared(kernel, "priv->status", 0)
        for index in 0..<threads {
          kernel.thread("\(prefix)\(index)") {
            try await lock.lock()
            try await value.store(index)
            try await lock.unlock()
          }
        }
        try await kernel.join()
        try kernel.check(false, "always")
      }
      for line in table(found) { #expect(line.count <= 120, "\(line)") }
      for index in 0..<threads { #expect(found.description.contains("\(prefix)\(index)".prefix(9))) }
    }
  }

  @Test("sums up the set-up and folds what nobody else can notice")
  func folding() throws {
    let found = try failure { kernel in
      let kref = Kref(kernel)
      let value = Shared(kernel, "value", 0)
      let mine = Shared(kernel, "private", 0)
      for _ in 0..<12 { try await kref.get() }
      let done = Completion(kernel, "done")
      kernel.thread("worker") {
        try await value.store(1)
        for round in 0..<50 { try await mine.store(round) }
        try await value.store(2)
        try await done.complete()
      }
      kernel.thread("reader") {
        try await done.wait()
        try kernel.check(try await value.load() != 2, "too late")
      }
    }
    let table = table(found)
    #expect(table.contains("        main sets up: kref_get(kref), kref_get(kref), kref_get(kref), … 9 more"))
    #expect(table.contains { $0.contains("… 50 more steps") })
    #expect(table.count < 12)
  }

  @Test("folds the middle of a long run, even of steps that others could notice")
  func longRun() throws {
    let found = try failure { kernel in
      let value = Shared(kernel, "value", 0)
      let other = Shared(kernel, "other", 0)
      kernel.thread("worker") {
        for round in 0..<20 {
          try await value.store(round)
          if round % 3 == 0 { try await other.store(round) }
        }
      }
      kernel.thread("reader") {
        _ = try await value.load()
      }
      try await kernel.join()
      try kernel.check(false, "always")
    }
    let table = table(found)
    #expect(table.count < 14, "\(table.joined(separator: "\n"))")
  }

  @Test("marks switches, the pair that decides and the failing step")
  func marks() throws {
    let lines = table(try failure(RevokeRace().scenario))
    #expect(lines.filter { $0.hasPrefix(">") }.count == 3)
    #expect(lines.filter { $0.dropFirst().hasPrefix("*") }.count == 2)
    #expect(lines.filter { $0.hasPrefix("✗") }.count == 1)
  }

  @Test("the pair that decides is there even where the middle of many rows is not")
  func decidingMiddle() throws {
    let lines = table(try failure(PictureScenarios.missedFlag))
    #expect(lines.contains { $0.contains(" more rows") })
    #expect(lines.filter { $0.dropFirst().hasPrefix("*") }.count == 2, "\(lines.joined(separator: "\n"))")
    #expect(lines.count <= 75)
  }

  @Test("shows the lock that was taken last, however many there are")
  func locks() throws {
    let found = try failure { kernel in
      let names: [StaticString] = ["group->device_lock", "vdev->memory_lock", "mapping->i_mmap_rwsem", "dmabuf->resv"]
      let locks = names.map { SleepingMutex(kernel, $0) }
      let value = Shared(
        kernel, "a field with a name that takes up nearly all the room there is in a row of the table", 0)
      kernel.thread("t") {
        for lock in locks { try await lock.lock() }
        try await value.store(1)
        try kernel.check(false, "always")
      }
    }
    #expect(found.description.contains("+1 memor… i_mma… resv"), "\(found.description)")
    for line in table(found) { #expect(line.count <= 120) }
  }

  @Test("says so where no thread has run that was started")
  func forgottenJoin() throws {
    let found = try failure { kernel in
      let value = Shared(kernel, "value", 0)
      kernel.thread("a") { try await value.store(1) }
      try kernel.check(false, "nothing was written")
      try await kernel.join()
    }
    #expect(found.description.contains("note: no thread that was started has run yet; kernel.join() waits for them"))
    #expect(try !failure(RevokeRace().scenario).description.contains("note:"))
  }

  @Test("has colours only where they were asked for")
  func colours() throws {
    let found = try failure(RevokeRace().scenario)
    #expect(!found.description.contains("\u{1B}"))
    #expect(found.report(.plain) == found.description)
    let colored = found.report(.colored)
    #expect(colored.contains("\u{1B}[1;31m"))
    #expect(colored.replacing(/\u{1B}\[[0-9;]*m/, with: "") == found.description)
  }

  @Test("an object keeps one name from the first step to the last")
  func names() throws {
    let found = try failure { kernel in
      let first = Shared(kernel, "field", 0)
      kernel.thread("t") {
        try await first.store(1)
        let second = Shared(kernel, "field", 0)
        try await second.store(2)
        try await first.store(3)
        try kernel.check(false, "always")
      }
    }
    #expect(found.recording.steps.map(\.objectName) == ["field#1", "field#2", "field#1"])
  }

  /// The lines between the first two empty ones.
  private func table(_ failure: ScheduleFailure) -> [String] {
    let lines = failure.description.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { !$0.isEmpty }.dropFirst().prefix { !$0.isEmpty }.map(String.init)
  }
}
