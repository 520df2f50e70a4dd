// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A shared field")
struct SharedTests {
  @Test("has the value it was made with, and then the one stored last")
  func values() throws {
    try explore(.serial) { kernel in
      let field = Shared(kernel, "field", "made")
      try kernel.expect(try await field.load(), is: "made")
      try await field.store("stored")
      try await field.store("stored last")
      try kernel.expect(try await field.load(), is: "stored last")
    }
  }

  @Test("says in the trace what was read and what was written")
  func remarks() throws {
    let failure = try failure(.check, under: .serial) { kernel in
      let field = Shared(kernel, "priv->status", 0)
      try await field.store(2)
      try kernel.expect(try await field.load(), is: 0)
    }
    let steps = failure.recording.steps
    #expect(
      steps.map { "\($0.label)(\($0.objectName)) \($0.remark)" } == [
        "WRITE_ONCE(priv->status) 0 -> 2", "READ_ONCE(priv->status) = 2",
      ])
    #expect(steps.map(\.access) == [.write, .read])
  }
}

@Suite("A shared field between threads")
struct SharedRaceTests {
  @Test("can lose one of two increments, and need not")
  func lostUpdate() throws {
    let finals = Box<Set<Int>>([])
    try explore(.exhaustive) { kernel in
      let field = Shared(kernel, "field", 0)
      for name in ["a", "b"] { kernel.thread(name) { try await field.store(try await field.load() + 1) } }
      try await kernel.join()
      let value = try await field.load()
      finals.update { $0.insert(value) }
    }
    #expect(finals.value == [1, 2])
  }

  @Test("shows the four outcomes of store and load in two threads but the one that only a weak memory has")
  func storeBuffering() throws {
    let outcomes = Box<Set<[Int]>>([])
    try explore(.exhaustive) { kernel in
      let x = Shared(kernel, "x", 0)
      let y = Shared(kernel, "y", 0)
      let seen = Shared(kernel, "seen", [0, 0])
      kernel.thread("a") {
        try await x.store(1)
        let value = try await y.load()
        if value == 1 { try await seen.store([1, try await seen.load()[1]]) }
      }
      kernel.thread("b") {
        try await y.store(1)
        let value = try await x.load()
        if value == 1 { try await seen.store([try await seen.load()[0], 1]) }
      }
      try await kernel.join()
      let pair = try await seen.load()
      outcomes.update { $0.insert(pair) }
    }
    #expect(outcomes.value == [[0, 1], [1, 0], [1, 1]], "memory is sequentially consistent: [0, 0] cannot be")
  }
}
