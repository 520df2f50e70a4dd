// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("Kernel threads, waiting loops and the order of the end")
struct KernelThreadTests {
  @Test("an idle thread that holds a lock is a finding")
  func idleWithLock() throws {
    let failure = try failure(.lockHeldAtExit, under: .exhaustive) { kernel in
      let lock = SleepingMutex(kernel, "lock")
      let work = Completion(kernel, "work")
      kernel.kthread("kworker") {
        try await lock.lock()
        try await work.wait()
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary == "kworker waits for work at the end while holding lock")
  }

  @Test("an idle thread that waits for a lock hangs")
  func idleAtLock() throws {
    let failure = try failure(.deadlock, under: .exhaustive) { kernel in
      let lock = SleepingMutex(kernel, "lock")
      let stop = Completion(kernel, "stop")
      kernel.kthread("holder") {
        try await lock.lock()
        try await stop.wait()
      }
      kernel.kthread("waiter") { try await lock.lock() }
      try await kernel.join()
    }
    #expect(failure.finding.summary.contains("waiter"))
  }

  @Test("work that is left when the scenario has ended is done", arguments: [false, true])
  func goesOn(isStates: Bool) throws {
    func search(_ strategy: some Strategy) throws {
      let failure = #expect(throws: ScheduleFailure.self) {
        try explore(strategy, name: "\(isStates)") { kernel in
          let work = Completion(kernel, "work")
          kernel.kthread("kworker") {
            try await work.wait()
            try kernel.check(false, "done late")
          }
          try await work.complete()
        }
      }
      #expect(failure?.finding.summary == "done late")
    }
    if isStates { try search(.stateCaching) } else { try search(.exhaustive) }
  }

  @Test("what an idle thread waits for at the end may have been there for it before", arguments: [false, true])
  func missedWork(workerFirst: Bool) throws {
    let scenario: Scenario = { kernel in
      let work = Completion(kernel, "work")
      @Sendable func worker() {
        kernel.kthread("kworker") {
          try await work.wait()
          try kernel.check(false, "came in time")
        }
      }
      if workerFirst { worker() }
      kernel.thread("user") {
        try await work.complete()
        _ = try await work.tryWait()
      }
      if !workerFirst { worker() }
      try await kernel.join()
    }
    #expect(try failure(.check, under: .exhaustive, scenario).finding.summary == "came in time")
    #expect(try failure(.check, under: .stateCaching, scenario).finding.summary == "came in time")
  }

  @Test("what a kernel thread has started asks for nothing at the end either")
  func hookOfChild() throws {
    let error = #expect(throws: ScenarioError.self) {
      try explore(.exhaustive) { kernel in
        kernel.kthread("k") { kernel.thread("child") { kernel.thread("grandchild") { kernel.atEnd {} } } }
        try await kernel.join()
      }
    }
    #expect(error == .hookOfKernelThread(thread: "grandchild"))
  }

  @Test("a loop that waits names what it waits for when nothing writes it")
  func hang() throws {
    let failure = try failure(.deadlock, under: .exhaustive) { kernel in
      let flag = Shared(kernel, "flag", false)
      let lock = SleepingMutex(kernel, "lock")
      kernel.thread("poller") {
        while true {
          try await lock.lock()
          let isSet = try await flag.load()
          try await lock.unlock()
          if isSet { return }
          try await kernel.cpuRelax()
        }
      }
      kernel.thread("other") {
        try await lock.lock()
        try await lock.unlock()
      }
      try await kernel.join()
    }
    #expect(failure.finding.summary == "poller blocked for ever")
    #expect(
      failure.finding.details.contains { $0.contains("cpu_relax(a write to flag)") }, "\(failure.finding.details)")
  }

  @Test("what the last one asked for comes first in a phase, and phases in their order, whoever came first")
  func phases() throws {
    let order = Box<Set<[String]>>([])
    try explore(.exhaustive) { kernel in
      let done = Box<[String]>([])
      let field = Shared(kernel, "field", 0)
      kernel.atEnd(.driversUnbind) {
        done.update { $0.append("unbind") }
        order.update { $0.insert(done.value) }
      }
      kernel.atEnd(.processesExit) { done.update { $0.append("exit") } }
      for name in ["a", "b"] {
        kernel.thread(name) {
          try await field.store(1)
          kernel.atEnd { done.update { $0.append(name) } }
        }
      }
      try await kernel.join()
      kernel.atEnd { done.update { $0.append("main") } }
    }
    #expect(order.value == [["b", "a", "main", "exit", "unbind"]])
  }

  @Test("a warning is expected by the thread that says so and by those that it starts", arguments: [false, true])
  func expectedWarnings(isExpected: Bool) throws {
    let scenario: Scenario = { kernel in
      kernel.thread("expects") {
        kernel.expectWarning("odd")
        kernel.thread("child") { try kernel.warn("odd: child") }
        try kernel.warn("odd: parent")
      }
      if !isExpected { kernel.thread("other") { try kernel.warn("odd: other") } }
      try await kernel.join()
    }
    if isExpected {
      try explore(.exhaustive, name: "expected", scenario)
    } else {
      #expect(try failure(.warning, under: .exhaustive, scenario).finding.thread == "other")
    }
  }
}
