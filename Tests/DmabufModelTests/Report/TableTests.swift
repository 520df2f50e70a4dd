// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

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

  /// At each width every thread's name and every step's C name is there, in one piece or broken over lines.
  @Test("fits the width that it is asked for, and loses no name", arguments: [80, 100, 120, 160])
  func widths(columns: Int) throws {
    for (name, _) in PictureScenarios.all {
      let found = try PictureScenarios.found(name, columns: columns)
      let lines = table(found)
      for line in lines { #expect(line.count <= columns, "\(name): \(line)") }
      let text = lines.joined().filter { $0 != " " }
      let rows = TraceRows(found.recording, finding: found.finding, flip: found.flip).rows
      for case .step(let step, _, _, _) in rows {
        let thread = found.recording.threadNames[step.thread.index].filter { $0 != " " }
        #expect(columns == 80 || text.contains(thread), "\(name): \(thread)")
        #expect(lines.contains { $0.contains("\(step.label)(") }, "\(name): \(step.label) at \(columns)")
      }
    }
  }

  @Test("fits where there are eight threads, and names that do not")
  func eightThreads() throws {
    let names = (0..<8).map { "thread with a long name \($0)" }
    var found = try failure { kernel in
      let device = kernel.allocate("device")
      let locks = (["memory_lock", "resv"] as [StaticString]).map { ReadWriteSemaphore(kernel, $0) }
      let references = Kref(kernel, "group->device->references", in: device)
      for name in names {
        kernel.thread(name) {
          for lock in locks { try await lock.downRead() }
          try await references.get()
          _ = try await references.put()
          for lock in locks.reversed() { try await lock.upRead() }
        }
      }
      try await kernel.join()
      try kernel.check(false, "always")
    }
    for columns in [80, 100, 120, 160] {
      found.columns = columns
      let lines = table(found)
      for line in lines { #expect(line.count <= columns, "\(line)") }
      for name in names { #expect(lines.contains { $0.contains(name) }, "\(name)") }
      for label in ["down_read(", "kref_get(", "kref_put(", "up_read("] {
        #expect(lines.count { $0.contains(label) } >= 8, "\(label)")
      }
    }
  }

  @Test("follows COLUMNS, and is never narrower than 80")
  func variable() {
    for (text, width) in [("100", 100), ("160", 160), ("20", 80)] {
      #expect(ReportWidth.current { $0 == "COLUMNS" ? text : nil } == width)
    }
    #expect(ReportWidth.current { $0 == "COLUMNS" ? "wide" : nil } >= 80)
    #expect(ReportOptions.with { $0.columns = 90 }.width == 90)
    #expect(ReportOptions.with { $0.columns = 9 }.width == 80)
  }

  @Test("breaks a text without losing any of it")
  func broken() {
    #expect(
      "refcount_inc_not_zero(device->refcount) 3".broken(at: 25) == ["refcount_inc_not_zero(", "device->refcount) 3"])
    #expect("a_name_of_many_words".broken(at: 8) == ["a_name_", "of_many_", "words"])
    #expect("short".broken(at: 5) == ["short"])
    #expect("unbreakable".broken(at: 4) == ["unbr", "eaka", "ble"])
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
    let lines = table(try PictureScenarios.found("missed"))
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

  @Test("a value that is an object is printed by its name, and what an optional holds as it is")
  func values() throws {
    try explore(.serial) { kernel in
      let field = Shared(kernel, "field", 0)
      let priv = kernel.allocate("priv")
      let nothing: Shared<Int>? = nil
      let texts = [
        kernel.text(of: field), kernel.text(of: Optional(field)), kernel.text(of: nothing),
        kernel.text(of: field.object), kernel.text(of: priv), kernel.text(of: Optional(3)), kernel.text(of: true),
      ]
      try kernel.check(texts == ["field", "field", "nil", "field", "priv", "3", "true"], "\(texts)")
      try await kernel.free(priv)
    }
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
