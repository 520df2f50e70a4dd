// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A mistake in a scenario is an error with a clear line, no crash and no hang", .timeLimit(.minutes(1)))
struct ScenarioErrorTests {
  enum Outside: String, Sendable, CaseIterable {
    case sleep, yield, concurrentFunction, task, otherActor, taskGroup
  }

  @Test("a body that awaits something outside of the machine", arguments: Outside.allCases, ["main", "t"])
  func leavesTheMachine(outside: Outside, thread: String) throws {
    let counter = ProbeCounter()
    let error = #expect(throws: ScenarioError.self) {
      try explore(.random(schedules: 10)) { kernel in
        let field = Shared(kernel, "field", 0)
        kernel.thread("bystander") {
          let probe = Probe(counter)
          for _ in 0..<5 { try await field.store(1) }
          probe.touch()
        }
        if thread == "main" {
          try await Self.leave(outside)
        } else {
          kernel.thread(thread) {
            try await field.store(2)
            try await Self.leave(outside)
            try await field.store(3)
          }
        }
        try await kernel.join()
      }
    }
    #expect(error == .leftTheMachine(thread: thread))
    #expect(error?.description.hasPrefix("thread \(thread) awaited something outside of the machine") == true)
    #expect(error?.description.hasSuffix("a body may await model code only") == true)
    #expect(counter.alive == 0, "the other threads have unwound")
  }

  static func leave(_ outside: Outside) async throws {
    switch outside {
    case .sleep: try await Task.sleep(for: .seconds(100_000))
    case .yield: await Task.yield()
    case .concurrentFunction: await onThePool()
    case .task: await Task { await Task.yield() }.value
    case .otherActor: await Stranger().touch()
    case .taskGroup: await withTaskGroup { group in group.addTask { await Task.yield() } }
    }
  }

  @concurrent static func onThePool() async { await Task.yield() }

  private actor Stranger {
    private var count = 0
    func touch() { count += 1 }
  }

  @Test("a body that swallows the fault that is to end it and goes on for ever", arguments: [true, false])
  func doesNotUnwind(failsItself: Bool) throws {
    let counter = ProbeCounter()
    let error = #expect(throws: ScenarioError.self) {
      try explore(.serial) { kernel in
        let field = Shared(kernel, "field", 0)
        let isRunning = Completion(kernel)
        kernel.thread("stubborn") {
          _ = try await field.load()
          if failsItself { try? kernel.check(false, "its own failure") }
          try? await isRunning.complete()
          while true { _ = try? await field.load() }
        }
        kernel.thread("good") {
          let probe = Probe(counter)
          try await field.store(1)
          try await Completion(kernel).wait()
          probe.touch()
        }
        try await isRunning.wait()
        if !failsItself { try kernel.check(false, "a failure") }
        try await kernel.join()
      }
    }
    #expect(error == .doesNotUnwind(thread: "stubborn"))
    #expect(
      error?.description
        == "thread stubborn swallows the KernelFault that is to end it and goes on; pass KernelFault on")
    #expect(counter.alive == 0)
  }

  @Test("a body that swallows the fault a few times and then ends is none")
  func unwindsLate() throws {
    let failure = try failure(.check, under: .serial) { kernel in
      let field = Shared(kernel, "field", 0)
      kernel.thread("slow") { for _ in 0..<100 { _ = try? await field.load() } }
      try kernel.check(false, "a failure")
    }
    #expect(failure.finding.summary == "a failure")
  }

  @Test("128 threads are as many as there can be, and the next one is refused by name", arguments: [127, 128])
  func tooManyThreads(count: Int) throws {
    let counter = ProbeCounter()
    let scenario: Scenario = { kernel in
      let references = Kref(kernel)
      for number in 1...count {
        let probe = Probe(counter)
        kernel.thread("t\(number)") {
          probe.touch()
          try await references.get()
        }
      }
      try await kernel.join()
      try kernel.expect(try await references.read(), is: 128)
    }
    if count == 127 {
      let report = try explore(.random(schedules: 3), scenario)
      #expect(report.executions == 3)
    } else {
      let error = #expect(throws: ScenarioError.self) { try explore(.random(schedules: 3), scenario) }
      #expect(error == .tooManyThreads(name: "t128"))
      #expect(error?.description == "thread t128 is one too many: a machine has at most 128 threads")
    }
    #expect(counter.alive == 0)
  }

  @Test("a scenario that does something else when its failing schedule is run again")
  func notDeterministic() throws {
    let count = Box(0)
    let error = #expect(throws: ScenarioError.self) {
      try explore(.serial) { kernel in
        count.update { $0 += 1 }
        try kernel.check(count.value != 1, "only the first time")
      }
    }
    #expect(
      error == .notDeterministic("the schedule that found 'check failed: only the first time' then found nothing"))
    let text = error?.description ?? ""
    #expect(text.hasSuffix("then for clocks, random numbers, hash order and state outside of the scenario"))
  }
}
