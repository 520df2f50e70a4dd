// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A reference count")
struct KrefTests {
  enum Start: Sendable { case zero, one, two, saturated }

  enum Operation: Sendable { case get, getUnlessZero, put, reset }

  struct Row: Sendable, CustomTestStringConvertible {
    var rule: String
    var start: Start
    var operation: Operation
    var answer: Bool?
    var count: Int32
    var warning: String?

    var testDescription: String { "\(rule): \(operation) at \(start)" }
  }

  static let rows: [Row] = [
    Row(rule: "RC1", start: .zero, operation: .reset, count: 1),
    Row(rule: "RC1", start: .two, operation: .reset, count: 1),
    Row(rule: "RC1", start: .saturated, operation: .reset, count: 1),
    Row(rule: "RC2", start: .one, operation: .get, count: 2),
    Row(rule: "RC2", start: .zero, operation: .get, count: Kref.saturated, warning: "addition on 0; use-after-free"),
    Row(rule: "RC2", start: .saturated, operation: .get, count: Kref.saturated, warning: "saturated; leaking memory"),
    Row(rule: "RC3", start: .zero, operation: .getUnlessZero, answer: false, count: 0),
    Row(rule: "RC3", start: .one, operation: .getUnlessZero, answer: true, count: 2),
    Row(
      rule: "RC3", start: .saturated, operation: .getUnlessZero, answer: true, count: Kref.saturated,
      warning: "saturated; leaking memory"),
    Row(rule: "RC5", start: .two, operation: .put, answer: false, count: 1),
    Row(rule: "RC5", start: .one, operation: .put, answer: true, count: 0),
    Row(
      rule: "RC5", start: .zero, operation: .put, answer: false, count: Kref.saturated,
      warning: "underflow; use-after-free"),
    Row(
      rule: "RC8", start: .saturated, operation: .put, answer: false, count: Kref.saturated,
      warning: "underflow; use-after-free"),
  ]

  @Test("answers, counts and warns as refcount_t does", arguments: rows)
  func table(row: Row) throws {
    try explore(.serial) { kernel in
      kernel.expectWarning("refcount_t")
      let references = try await Self.make(kernel, row.start)
      let before = kernel.warnings.count
      let answer = try await Self.run(row.operation, references)
      let expected: [String] = row.warning.map { ["refcount_t: \($0)"] } ?? []
      let texts = kernel.warnings.dropFirst(before).map { String($0.prefix { $0 != "(" }.dropLast()) }
      try kernel.expect(answer, is: row.answer, "the answer")
      try kernel.expect(try await references.read(), is: row.count, "the count")
      try kernel.expect(Array(texts), is: expected, "the log")
    }
  }

  @Test("makes each of its warnings a finding unless it is expected", arguments: rows.filter { $0.warning != nil })
  func warningIsFinding(row: Row) throws {
    let failure = try failure(.refcount, under: .serial) { kernel in
      let references = Kref(kernel, "priv->kref")
      if row.start == .saturated {
        kernel.expectWarning("priv->kref was 0")
        for _ in 0..<2 { _ = try await references.put() }
      } else {
        _ = try await references.put()
      }
      if row.start == .zero || row.start == .saturated { _ = try await Self.run(row.operation, references) }
    }
    let warning = try #require(row.warning)
    let was = row.start == .zero ? 0 : Kref.saturated
    #expect(failure.finding.summary == "refcount_t: \(warning) (priv->kref was \(was))")
    #expect(failure.recording.log.last?.text == failure.finding.summary)
  }

  @Test("records every misuse and not only the first (RC10), and never comes back to zero (RC8)")
  func everyMisuse() throws {
    try explore(.serial) { kernel in
      kernel.expectWarning("refcount_t")
      let references = try await Self.make(kernel, .saturated)
      for number in 1...20 {
        try kernel.expect(try await references.put(), is: false, "put \(number)")
        try kernel.expect(kernel.warnings.count, is: 1 + number, "the number of warnings")
      }
    }
  }

  @Test("goes by the C spelling that it was given")
  func spelling() throws {
    for (spelling, labels) in [
      (Kref.Spelling.kref, ["kref_init", "kref_get", "kref_get_unless_zero", "kref_put", "kref_read"]),
      (.refcount, ["refcount_set", "refcount_inc", "refcount_inc_not_zero", "refcount_dec_and_test", "refcount_read"]),
    ] {
      let failure = try failure(.check, under: .serial) { kernel in
        let references = Kref(kernel, spelling: spelling)
        try await references.reset()
        try await references.get()
        _ = try await references.getUnlessZero()
        _ = try await references.put()
        _ = try await references.read()
        try kernel.check(false, "to have the trace")
      }
      #expect(failure.recording.steps.map(\.label) == labels)
    }
  }

  static func make(_ kernel: Kernel, _ start: Start) async throws -> Kref {
    let references = Kref(kernel)
    switch start {
    case .one: break
    case .two: try await references.get()
    case .zero: _ = try await references.put()
    case .saturated: for _ in 0..<2 { _ = try await references.put() }
    }
    return references
  }

  static func run(_ operation: Operation, _ references: Kref) async throws -> Bool? {
    switch operation {
    case .get:
      try await references.get()
      return nil
    case .getUnlessZero: return try await references.getUnlessZero()
    case .put: return try await references.put()
    case .reset:
      try await references.reset()
      return nil
    }
  }
}

@Suite("A reference count between threads")
struct KrefRaceTests {
  @Test("loses no get and no put, and exactly one put is the last (RC5)")
  func onlyOneLast() throws {
    let report = try explore(.exhaustive) { kernel in
      let references = Kref(kernel)
      let lasts = Shared(kernel, "lasts", 0)
      for number in 1...3 {
        try await references.get()
        kernel.thread("t\(number)") {
          if try await references.put() {
            try await lasts.store(try await lasts.load() + 1)
            kernel.sometimes("the last put is not main's")
          }
        }
      }
      let mine = try await references.put()
      kernel.sometimes("the last put is main's", mine)
      try await kernel.join()
      try kernel.expect(try await lasts.load() + (mine ? 1 : 0), is: 1, "the number of last puts")
    }
    #expect(report.conditions.count == 2)
  }

  @Test("is never taken again once the last put is done (RC3), however the two race")
  func getUnlessZeroAgainstLastPut() throws {
    try explore(
      .exhaustive, seeing: ["the look-up was first", "the put was first"]
    ) { kernel in
      let references = Kref(kernel)
      let freed = Shared(kernel, "freed", false)
      let free: @Sendable () async throws -> Void = { try await freed.store(true) }
      kernel.thread("put") { if try await references.put() { try await free() } }
      kernel.thread("look-up") {
        if try await references.getUnlessZero() {
          kernel.sometimes("the look-up was first")
          try kernel.check(!(try await freed.load()), "a reference to something freed")
          if try await references.put() { try await free() }
        } else {
          kernel.sometimes("the put was first")
        }
      }
      try await kernel.join()
      try kernel.check(try await freed.load(), "nobody has freed it")
    }
  }

  @Test("put twice without a re-arm in between hangs whoever waits for the drain (RC12)")
  func doubleDrain() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      kernel.expectWarning("underflow")
      let references = Kref(kernel, "priv->kref")
      let drained = Completion(kernel, "priv->comp")
      for _ in 0..<2 {
        if try await references.put() { try await drained.complete() }
        try await drained.wait()
      }
    }
    #expect(
      withoutPlaces(failure.finding.details)
        == ["main waits in wait_for_completion(priv->comp), which no thread gives; holds nothing"])
  }

  @Test("taken after a drain without a re-arm hangs the next drain (RC13)")
  func getWithoutReset() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      kernel.expectWarning("refcount_t")
      let references = Kref(kernel, "priv->kref")
      let drained = Completion(kernel, "priv->comp")
      if try await references.put() { try await drained.complete() }
      try await drained.wait()
      try await references.get()
      for _ in 0..<2 where try await references.put() { try await drained.complete() }
      try await drained.wait()
    }
    #expect(failure.finding.summary == "main blocked for ever")
    #expect(failure.recording.log.count == 3, "\(failure)")
  }
}
