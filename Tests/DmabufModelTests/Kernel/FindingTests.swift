// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("The machine's own findings")
struct FindingTests {
  @Test("a check that fails says what, who, where, and with which steps")
  func check() throws {
    let failure = try failure(.check, Races.lostUpdate)
    #expect(failure.finding.description == "check failed: counter is 1 and should be 2")
    #expect(failure.finding.thread == "main")
    #expect(failure.finding.location?.hasPrefix("DmabufModelTests/MachineSupport.swift:") == true)
    let labels = failure.recording.steps.filter(\.isConcurrent).map { "\($0.thread.rawValue) \($0.label)" }
    #expect(labels.filter { $0.hasSuffix("ONCE") }.prefix(2).allSatisfy { $0.hasSuffix("READ_ONCE") }, "\(failure)")
    #expect(failure.description.contains("DMABUF_REPLAY='FindingTests.check"))
  }

  @Test("an error that leaves a body is a finding, an errno too", arguments: ["main", "t"])
  func uncaughtError(thread: String) throws {
    let failure = try failure(.uncaughtError, under: .serial) { kernel in
      if thread == "main" { throw Errno.invalidArgument }
      kernel.thread(thread) { throw Errno.invalidArgument }
    }
    #expect(failure.finding.summary == "\(thread) ended with an error: \(Errno.invalidArgument)")
    #expect(failure.finding.thread == thread)
  }

  @Test("a step on a field of a freed structure is a use after free, with both histories")
  func useAfterFree() throws {
    let failure = try failure(.useAfterFree) { kernel in
      let allocation = kernel.allocate("struct vfio_pci_dma_buf")
      let field = Shared(kernel, "priv->status", 0, in: allocation)
      kernel.thread("reader") { _ = try await field.load() }
      kernel.thread("freer") { try await kernel.free(allocation) }
      try await kernel.join()
    }
    #expect(
      failure.finding.summary
        == "reader touches priv->status (of struct vfio_pci_dma_buf), which has been freed")
    #expect(failure.finding.details == ["allocated by main at step 0", "freed by freer at step 1"])
    #expect(failure.finding.thread == "reader")
  }

  @Test("a second free is a finding of its own, with both histories")
  func doubleFree() throws {
    let failure = try failure(.doubleFree, under: .serial) { kernel in
      let allocation = kernel.allocate("priv")
      try await kernel.free(allocation)
      try await kernel.free(allocation)
    }
    #expect(failure.finding.summary == "main frees priv, which has been freed already")
    #expect(failure.finding.details == ["allocated by main at step 0", "freed by main at step 1"])
    #expect(failure.finding.thread == "main")
  }

  @Test("freeing one structure frees its fields and no one else's")
  func freeIsExact() throws {
    try explore(.serial) { kernel in
      let one = kernel.allocate("one")
      let other = kernel.allocate("other")
      let mine = Shared(kernel, "mine", 1, in: one)
      let others = Shared(kernel, "others", 2, in: other)
      let nobodys = Shared(kernel, "nobodys", 3)
      try await kernel.free(one)
      try kernel.expect(try await kernel.isFreed(mine.object), is: true)
      try kernel.expect(try await others.load() + nobodys.load(), is: 5)
      try await kernel.free(other)
    }
  }

  @Test("a structure that nobody frees is a leak, and so is what an object says it still holds")
  func leaks() throws {
    let failure = try failure(.leak, under: .serial) { kernel in
      let freed = kernel.allocate("freed")
      _ = kernel.allocate("struct file")
      _ = kernel.allocate("struct file")
      let field = Shared(kernel, "f_ref", 0)
      field.hold(3)
      field.hold(2)
      try await kernel.free(freed)
    }
    #expect(failure.finding.description == "leak: struct file#1 was never freed")
    #expect(
      failure.finding.details == [
        "struct file#2 was never freed", "f_ref: 2 left", "allocated by main at step 0", "allocated by main at step 0",
      ])
  }

  @Test("what is given back by the end is no leak, also when a hook at the end does it")
  func noLeak() throws {
    let order = Box<[Int]>([])
    try explore(.serial) { kernel in
      let allocation = kernel.allocate("struct device")
      let field = Shared(kernel, "references", 0, in: allocation)
      field.hold(1)
      kernel.atEnd {
        order.update { $0.append(1) }
        try await kernel.free(allocation)
      }
      kernel.atEnd {
        order.update { $0.append(2) }
        field.hold(0)
      }
    }
    #expect(order.value == [2, 1], "hooks run the last one first")
  }

  @Test("a warning is a finding unless it is expected, and is logged in both cases")
  func warnings() throws {
    let failure = try failure(.warning, under: .serial) { kernel in
      kernel.expectWarning("tolerated")
      try kernel.warn("a tolerated one")
      try kernel.warn("another one")
    }
    #expect(failure.finding.summary == "another one")
    #expect(
      failure.recording.log.map(\.description) == [
        "[step 0] main: a tolerated one", "[step 0] main: another one",
      ])
    #expect(failure.description.contains("dmesg:\n  [step 0] main: a tolerated one"))
  }

  @Test("expectations do not outlive their execution")
  func expectationEnds() throws {
    let executions = Box(0)
    _ = try failure(.warning, under: .random(schedules: 2)) { kernel in
      executions.update { $0 += 1 }
      if executions.value == 1 { kernel.expectWarning("the same") }
      try kernel.warn("the same")
    }
  }

  @Test("only the first thing that goes wrong is reported, and nothing that unwinding threads do")
  func firstFinding() throws {
    let failure = try failure(.check, under: .serial) { kernel in
      let lock = SleepingMutex(kernel)
      let isHeld = Completion(kernel)
      let allocation = kernel.allocate("priv")
      kernel.thread("holder") {
        try await lock.lock()
        do {
          try await isHeld.complete()
          try await Completion(kernel).wait()
        } catch {
          try? kernel.check(false, "a second finding")
          try await kernel.free(allocation)
          throw Errno.ioError
        }
      }
      try await isHeld.wait()
      try kernel.check(false, "the first finding")
    }
    #expect(failure.finding.summary == "the first finding")
    #expect(!failure.recording.steps.contains { $0.label == "kfree" })
    #expect(failure.recording.heldAtEnd == [Recording.HeldAtEnd(thread: "holder", locks: ["mutex"])])
    #expect(failure.description.contains("holder holds mutex"))
  }

  @Test("more steps than the limit are a finding and never a pass, with one thread and with two", arguments: [0, 1])
  func stepLimit(threads: Int) throws {
    var limits = Limits()
    limits.stepsPerExecution = 500
    let failure = try failure(.stepLimit, limits: limits) { kernel in
      let field = Shared(kernel, "field", 0)
      for number in 0..<threads {
        kernel.thread("t\(number)") { while try await field.load() == 0 {} }
      }
      while try await field.load() == 0 {}
    }
    #expect(failure.finding.summary == "the execution did not end within 500 steps")
    #expect(failure.recording.steps.count == 501)
  }

  @Test("as many steps as the limit are none")
  func stepLimitIsExact() throws {
    var limits = Limits()
    limits.stepsPerExecution = 500
    let report = try explore(.serial, limits: limits) { kernel in
      let field = Shared(kernel, "field", 0)
      for _ in 0..<500 { _ = try await field.load() }
    }
    #expect(report.steps == 500)
  }
}
