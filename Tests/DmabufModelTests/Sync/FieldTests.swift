// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A member that locks protect")
struct FieldTests {
  @Test("has the value it was made with, and then the one stored last")
  func values() throws {
    try explore(.serial) { kernel in
      let field = Field(kernel, "field", "made")
      try kernel.expect(try await field.load(), is: "made")
      try await field.store("stored")
      try kernel.expect(try await field.loadOnce(), is: "stored")
    }
  }

  @Test("prints plain accesses as such, and READ_ONCE only where it was asked for")
  func remarks() throws {
    let failure = try failure(.check, under: .serial) { kernel in
      let field = Field(kernel, "priv->status", 0)
      try await field.store(2)
      _ = try await field.loadOnce()
      try kernel.expect(try await field.load(), is: 0)
    }
    let steps = failure.recording.steps
    #expect(steps.map { "\($0.label) \($0.remark)" } == [" 0 -> 2", "READ_ONCE = 2", " == 2"])
    #expect(steps.map(\.access) == [.write, .read, .read])
  }

  @Test("is not written without each of its locks, and a reader's share is none", arguments: Way.allCases)
  func locks(way: Way) throws {
    let scenario: Scenario = { kernel in
      let outer = ReadWriteSemaphore(kernel, "outer")
      let inner = SleepingMutex(kernel, "inner")
      let field = Field(kernel, "field", 0, writtenUnder: outer)
      field.isWritten(under: inner)
      if way == .reads { try await outer.downRead() } else if way != .onlyInner { try await outer.downWrite() }
      if way != .onlyOuter { try await inner.lock() }
      try await field.store(1)
      try await inner.unlock()
      try await outer.upWrite()
    }
    if let message = way.message {
      #expect(try failure(.lockNotHeld, under: .serial, scenario).finding.summary == message)
    } else {
      try explore(.serial, scenario)
    }
  }

  enum Way: CaseIterable {
    case both, onlyOuter, onlyInner, reads

    var message: String? {
      switch self {
      case .both: nil
      case .onlyOuter: "main must hold inner here"
      case .onlyInner, .reads: "main must hold outer for writing here"
      }
    }
  }
}

@Suite("A member that locks protect, between threads")
struct FieldRaceTests {
  @Test("comes out under the exhaustive search as under every order", arguments: [false, true])
  func everyOrder(isLocked: Bool) throws {
    func finals(_ strategy: some Strategy) throws -> Set<[Int]> {
      let finals = Box<Set<[Int]>>([])
      try explore(strategy) { kernel in
        let lock = SleepingMutex(kernel)
        let field = Field(kernel, "field", 0)
        for (index, name) in ["a", "b"].enumerated() {
          kernel.thread(name) {
            if isLocked { try await lock.lock() }
            let old = index == 0 ? try await field.load() : try await field.loadOnce()
            try await field.store(old + 1)
            if isLocked { try await lock.unlock() }
          }
        }
        kernel.thread("reader") {
          let seen = try await field.loadOnce()
          kernel.outcome("reader", "\(seen)")
          finals.update { _ = $0.insert([seen]) }
        }
        try await kernel.join()
        let last = try await field.load()
        finals.update { _ = $0.insert([-1, last]) }
      }
      return finals.value
    }
    let found = try finals(.exhaustive)
    #expect(found == (try finals(BruteForceStrategy())))
    #expect(found.contains([-1, 1]) == !isLocked, "a lost update")
  }
}
