// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// Right loops, which no search may call a hang or refuse, and wrong ones, which none may prove.
@Suite("A loop that waits for another thread")
struct WaitingLoopTests {
  @Test("ends where another thread ends its wait", arguments: Loop.allCases, [false, true])
  func rightLoops(loop: Loop, otherFirst: Bool) throws {
    for locksQueue in [false, true] {
      let name = "\(loop)-\(otherFirst)-\(locksQueue)"
      let scenario: Scenario = { kernel in
        if locksQueue { kernel.queueLocks() }
        try await loop.scenario(otherFirst)(kernel)
      }
      let report = try explore(.exhaustive, name: name, scenario)
      #expect(report.abandoned == 0)
      try explore(.stateCaching, name: name, scenario)
      try explore(.exhaustive(preemptions: 4), name: name, scenario)
    }
  }

  enum Loop: CaseIterable {
    case tryRead, tryWrite, readsAfterWaiting, backsOff, freed, tries

    func scenario(_ otherFirst: Bool) -> Scenario {
      { kernel in
        let sem = ReadWriteSemaphore(kernel, "sem")
        let mutex = SleepingMutex(kernel, "mutex")
        let flag = Shared(kernel, "flag", 0)
        let thing = kernel.allocate("thing")
        @Sendable func other() async throws(KernelFault) {
          switch self {
          case .tryRead:
            try await sem.downWrite()
            try await sem.upWrite()
          case .tryWrite:
            try await sem.downRead()
            try await sem.upRead()
          case .readsAfterWaiting, .backsOff: try await flag.store(1)
          case .freed: try await kernel.free(thing)
          case .tries:
            try await mutex.lock()
            try await mutex.unlock()
            while try await !mutex.tryLock() { try await kernel.cpuRelax() }
            try await mutex.unlock()
          }
        }
        if otherFirst { kernel.thread("other") { try await other() } }
        kernel.thread("poller") { try await self.poll(kernel, sem, mutex, flag, thing) }
        if !otherFirst { kernel.thread("other") { try await other() } }
        try await kernel.join()
        if self != .freed { try await kernel.free(thing) }
      }
    }

    private func poll(
      _ kernel: Kernel, _ sem: ReadWriteSemaphore, _ mutex: SleepingMutex, _ flag: Shared<Int>, _ thing: Allocation
    ) async throws(KernelFault) {
      switch self {
      case .tryRead:
        while try await !sem.tryDownRead() { try await kernel.cpuRelax() }
        try await sem.upRead()
      case .tryWrite:
        while try await !sem.tryDownWrite() { try await kernel.cpuRelax() }
        try await sem.upWrite()
      case .readsAfterWaiting: repeat { try await kernel.cpuRelax() } while try await flag.load() == 0
      case .backsOff:
        while try await flag.load() == 0 { for _ in 0..<2 { try await kernel.condResched() } }
      case .freed: while try await !kernel.isFreed(thing.object) { try await kernel.cpuRelax() }
      case .tries:
        while try await !mutex.tryLock() { try await kernel.cpuRelax() }
        try await mutex.unlock()
      }
    }
  }

  /// The value is the same before and after, so that only the write itself tells the two orders apart.
  @Test("hangs where the write came before the read, under a search by states too")
  func sameValue() throws {
    let scenario: Scenario = { kernel in
      let x = Shared(kernel, "x", 0)
      kernel.thread("a") {
        _ = try await x.load()
        try await kernel.cpuRelax()
      }
      kernel.thread("b") { try await x.store(0) }
      kernel.thread("c") {
        let y = Shared(kernel, "y", 0)
        try await y.store(1)
        try await y.store(2)
      }
      try await kernel.join()
    }
    _ = try failure(.deadlock, under: .exhaustive, scenario)
    _ = try failure(.deadlock, under: .stateCaching, scenario)
  }

  @Test("ends for a write to what the scenario's own thread has read while it was alone")
  func readAlone() throws {
    let scenario: Scenario = { kernel in
      let (x, y) = (Shared(kernel, "x", 0), Shared(kernel, "y", 0))
      _ = try await x.load()
      kernel.thread("writer") { try await x.store(1) }
      _ = try await y.load()
      try await kernel.cpuRelax()
      try await kernel.join()
    }
    try explore(.exhaustive, scenario)
    try explore(.stateCaching, scenario)
  }

  @Test("two that try one lock which is never given back hang, and do not wake each other")
  func twoPollers() throws {
    _ = try failure(.deadlock, under: .exhaustive) { kernel in
      let mutex = SleepingMutex(kernel, "mutex")
      let never = Completion(kernel, "never")
      kernel.thread("holder") {
        try await mutex.lock()
        try await never.wait()
      }
      for name in ["one", "two"] {
        kernel.thread(name) {
          while try await !mutex.tryLock() { try await kernel.cpuRelax() }
          try await mutex.unlock()
        }
      }
      try await kernel.join()
    }
  }
}

@Suite("What a thread may leave behind")
struct LeftBehindTests {
  @Test("a kernel thread asks for nothing at the end, and what it has started is not joined")
  func kernelThreads() throws {
    let error = #expect(throws: ScenarioError.self) {
      try explore(.exhaustive) { kernel in
        kernel.kthread("k") { kernel.atEnd {} }
        try await kernel.join()
      }
    }
    #expect(error == .hookOfKernelThread(thread: "k"))
    try explore(.exhaustive) { kernel in
      let (x, z) = (Shared(kernel, "x", 0), Shared(kernel, "z", 0))
      let done = Completion(kernel)
      kernel.kthread("k") {
        _ = try await x.load()
        kernel.thread("child") { try await done.wait() }
      }
      try await z.store(1)
      try await kernel.join()
      try await done.complete()
    }
  }

  @Test("a field that it makes in freed memory is found without another step", arguments: [false, true])
  func lateFields(waits: Bool) throws {
    for strategy in 0..<2 {
      let scenario: Scenario = { kernel in
        let a = kernel.allocate("a")
        let x = Shared(kernel, "x", 0)
        let never = Completion(kernel)
        if waits {
          kernel.kthread("K") {
            _ = try await x.load()
            _ = Shared(kernel, "field", 0, in: a)
            try await never.wait()
          }
        } else {
          kernel.thread("T") {
            kernel.addTaskWork { () async throws(KernelFault) in
              _ = try await x.load()
              _ = Shared(kernel, "field", 0, in: a)
            }
          }
        }
        kernel.thread("F") { try await kernel.free(a) }
        try await kernel.join()
      }
      if strategy == 0 {
        _ = try failure(.useAfterFree, under: .exhaustive, scenario)
      } else {
        _ = try failure(.useAfterFree, under: .stateCaching, scenario)
      }
    }
  }

  @Test("a thread that swallows what ends it is given up, whatever it calls", arguments: 0..<3)
  func swallows(call: Int) throws {
    let error = #expect(throws: ScenarioError.self) {
      try explore(.exhaustive, name: "\(call)") { kernel in
        let reservation = Reservation(kernel)
        let memory = ProcessMemory(kernel)
        let mutex = SleepingMutex(kernel)
        kernel.thread("t") {
          if call == 2 { try await mutex.lock() }
          while true {
            switch call {
            case 0: _ = try? await reservation.reserveFences(1)
            case 1: _ = try? await memory.load(0x1fff, width: 4)
            default: try? await kernel.returnToUserMode()
            }
          }
        }
        try await kernel.join()
      }
    }
    #expect(error == .doesNotUnwind(thread: "t"))
  }

  @Test("an access of a width that no processor has is a finding", arguments: [-1, 0, 9])
  func widths(width: Int) throws {
    _ = try failure(.check, under: .serial) { kernel in _ = try await ProcessMemory(kernel).load(0x1000, width: width) }
  }
}
