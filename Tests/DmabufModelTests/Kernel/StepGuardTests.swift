// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A step that does not declare what it does")
struct StepGuardTests {
  @Test("is named with the actor, the step, the file and the line", arguments: Mistake.allCases)
  func mistakes(mistake: Mistake) throws {
    let error = try #require(try self.error { try await $0.make(mistake) })
    let text = error.description
    #expect(text.contains("Ledger 'ledger'"), "\(text)")
    switch mistake {
    case .writesWithoutStep, .readsWithoutStep: #expect(text.contains("was used without a step by thread a"))
    case .writesInRead:
      #expect(
        text.contains("has changed in thread a, in or behind peek(ledger) at DmabufModelTests/StepGuardTests.swift:"))
      #expect(text.contains("which declares it as read"))
    case .writesBehindAnother:
      #expect(text.contains("has changed in thread a, in or behind WRITE_ONCE(other) at"))
      #expect(text.contains("which declares nothing of it"))
    }
  }

  @Test("is not found where all is declared", arguments: RightCode.allCases)
  func rightCode(code: RightCode) throws {
    #expect(try error { try await $0.make(code) } == nil)
  }

  @Test("does no harm while the machine is one thread")
  func alone() throws {
    try explore(.exhaustive) { kernel in
      let ledger = Ledger(kernel)
      try await ledger.make(Mistake.writesWithoutStep)
      kernel.thread("a") { try await ledger.make(RightCode.plain) }
      try await kernel.join()
      try kernel.check(await ledger.sum == 2, "lost")
    }
  }

  /// The steps of the whole library, on the paths that have the most of them.
  @Test("is not found in the library", arguments: [UInt64](1...40))
  func library(seed: UInt64) throws {
    let program = RandomProgram(seed: seed &* 977, family: seed % 2 == 0)
    var limits = Limits()
    limits.executions = 2_000
    do { _ = try survey(.exhaustive, limits: limits, program.scenario(Ledger_())) } catch is SearchStopped {}
  }

  private typealias Ledger_ = DmabufModelTests.Ledger

  private func error(_ body: @escaping @Sendable (Ledger) async throws -> Void) throws -> ScenarioError? {
    do {
      try explore(.exhaustive) { kernel in
        let ledger = Ledger(kernel)
        kernel.thread("a") { try await body(ledger) }
        kernel.thread("b") { try await ledger.make(RightCode.plain) }
        try await kernel.join()
      }
      return nil
    } catch let error as ScenarioError { return error }
  }

  enum Mistake: CaseIterable { case writesWithoutStep, readsWithoutStep, writesInRead, writesBehindAnother }

  enum RightCode: CaseIterable { case plain, delegates, calls, keepsCollections, looksInside, twice }

  /// An actor whose methods declare too little, and others that do not.
  actor Ledger: KernelActor {
    nonisolated let kernel: Kernel
    nonisolated let object: ObjectID
    private(set) var sum = 0
    private var list: [Int] = []
    private var byName: [String: Int] = [:]
    private let other: Shared<Int>
    private let part: Part

    init(_ kernel: Kernel) {
      self.kernel = kernel
      object = kernel.register("ledger")
      other = Shared(kernel, "other", 0)
      part = Part(kernel)
    }

    nonisolated func make(_ mistake: Mistake) async throws(KernelFault) {
      switch mistake {
      case .writesWithoutStep: await forget()
      case .readsWithoutStep: _ = await sum
      case .writesInRead: try await peek()
      case .writesBehindAnother: try await addTwice()
      }
    }

    nonisolated func make(_ code: RightCode) async throws(KernelFault) {
      switch code {
      case .plain: try await add()
      case .delegates: try await delegate()
      case .calls: try await addAndTell()
      case .keepsCollections: try await keep()
      case .looksInside: try await moveToPart()
      case .twice:
        try await add()
        try await add()
      }
    }

    private func forget() { sum += 1 }

    private func peek() async throws(KernelFault) {
      try await step(.read, "peek")
      sum += 1
    }

    private func addTwice() async throws(KernelFault) {
      try await step(.write, "add")
      sum += 1
      try await other.store(1)
      sum += 1
    }

    private func add() async throws(KernelFault) {
      try await step(.write, "add")
      sum += 1
    }

    /// Touches nothing of its own.
    private func delegate() async throws(KernelFault) {
      try await other.store(2)
      try await part.add()
    }

    private func addAndTell() async throws(KernelFault) {
      try await step(.write, "add")
      sum += 1
      try await part.add()
      try await add()
    }

    private func keep() async throws(KernelFault) {
      try await step(.write, "keep")
      list.append(list.count)
      byName["\(list.count)"] = sum
    }

    private func moveToPart() async throws(KernelFault) {
      try await step(.write, "move", also: ObjectAccess(part.object, .write))
      sum -= 1
      part.addInThisStep()
    }
  }

  /// A piece of a ledger with a name of its own.
  actor Part: KernelActor {
    nonisolated let kernel: Kernel
    nonisolated let object: ObjectID
    fileprivate var count = 0

    init(_ kernel: Kernel) {
      self.kernel = kernel
      object = kernel.register("part")
    }

    func add() async throws(KernelFault) {
      try await step(.write, "add")
      count += 1
    }

    /// For a step that has declared it.
    nonisolated func addInThisStep() { assumeIsolated { $0.count += 1 } }
  }
}
