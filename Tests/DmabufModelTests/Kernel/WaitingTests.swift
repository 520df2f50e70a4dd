// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Loops that wait, threads that idle, and looks at what is freed.
struct WaitingTests {
  @Test("whether a structure is freed is a look like any other", arguments: [false, true])
  func freedOrNot(lookerFirst: Bool) throws {
    let scenario: Scenario = { kernel in
      let thing = kernel.allocate("thing")
      let flag = Shared(kernel, "flag", 0)
      @Sendable func look() {
        kernel.thread("looker") {
          try await flag.store(1)
          try kernel.check(!(try await kernel.isFreed(thing.object)), "freed already")
        }
      }
      if lookerFirst { look() }
      kernel.thread("freer") { try await kernel.free(thing) }
      if !lookerFirst { look() }
      try await kernel.join()
    }
    func search(_ strategy: some Strategy) -> Finding.Kind? {
      let name = "\(lookerFirst)"
      return #expect(throws: ScheduleFailure.self) { try explore(strategy, name: name, scenario) }?.finding.kind
    }
    #expect(search(.exhaustive) == .check)
    #expect(search(.exhaustive(preemptions: 1)) == .check)
    #expect(search(.stateCaching) == .check)
    #expect(search(.random(seed: 1, schedules: 200)) == .check)
  }

  @Test("a reader that looks again until a writer is done is right", arguments: [false, true])
  func readsAgainUntilWritten(readerFirst: Bool) throws {
    let scenario: Scenario = { kernel in
      let sequence = Shared(kernel, "seq", 1)
      @Sendable func read() {
        kernel.thread("reader") {
          while true {
            let before = try await sequence.load()
            if before & 1 == 1 {
              try await kernel.cpuRelax()
              continue
            }
            if try await sequence.load() == before { return }
            try await kernel.cpuRelax()
          }
        }
      }
      if readerFirst { read() }
      kernel.thread("writer") { try await sequence.store(2) }
      if !readerFirst { read() }
      try await kernel.join()
    }
    #expect(try explore(.exhaustive, name: "\(readerFirst)", scenario).executions > 1)
    try explore(.stateCaching, name: "\(readerFirst)", scenario)
    try explore(.exhaustive(preemptions: 2), name: "\(readerFirst)", scenario)
    try explore(.random(seed: 1, schedules: 50), name: "\(readerFirst)", scenario)
  }

  @Test("a reader that nobody writes for hangs", arguments: [false, true])
  func readsAgainForEver(writes: Bool) throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try explore(.exhaustive, name: "\(writes)") { kernel in
        let sequence = Shared(kernel, "seq", 1)
        kernel.thread("reader") { while try await sequence.load() & 1 == 1 { try await kernel.cpuRelax() } }
        // What it writes is not what is waited for.
        if writes { kernel.thread("writer") { try await sequence.store(3) } }
        try await kernel.join()
      }
    }
    #expect(failure?.finding.kind == .deadlock)
  }

  @Test("a kernel thread may be idle at the end", arguments: [false, true])
  func idleWorker(workerFirst: Bool) throws {
    let scenario: Scenario = { kernel in
      let work = Completion(kernel, "work")
      let done = Completion(kernel, "done")
      @Sendable func worker() {
        kernel.kthread("kworker") {
          while true {
            try await work.wait()
            try await done.complete()
          }
        }
      }
      if workerFirst { worker() }
      kernel.thread("user") {
        try await work.complete()
        try await done.wait()
      }
      if !workerFirst { worker() }
      try await kernel.join()
    }
    try explore(.exhaustive, name: "\(workerFirst)", scenario)
    try explore(.exhaustive(preemptions: 2), name: "\(workerFirst)", scenario)
    try explore(.stateCaching, name: "\(workerFirst)", scenario)
    try explore(.random(seed: 1, schedules: 50), name: "\(workerFirst)", scenario)
  }
}
