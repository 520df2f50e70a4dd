// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("Task work")
struct TaskWorkTests {
  @Test("runs at the return to user mode and not before, the last one added first, once (DB6)")
  func order() throws {
    try explore(.serial) { kernel in
      let done = Box<[Int]>([])
      for number in 1...3 { kernel.addTaskWork { () async throws(KernelFault) in done.update { $0.append(number) } } }
      try kernel.expect(done.value, is: [])
      try await kernel.returnToUserMode()
      try kernel.expect(done.value, is: [3, 2, 1])
      try await kernel.returnToUserMode()
      try kernel.expect(done.value, is: [3, 2, 1], "after a second return")
    }
  }

  @Test("added by task work runs in the same pass, after what was there (DB6)")
  func addedByTaskWork() throws {
    try explore(.serial) { kernel in
      let done = Box<[String]>([])
      kernel.addTaskWork { () async throws(KernelFault) in
        done.update { $0.append("first") }
        kernel.addTaskWork { () async throws(KernelFault) in done.update { $0.append("third") } }
        try await kernel.returnToUserMode()
        done.update { $0.append("end of first") }
      }
      kernel.addTaskWork { () async throws(KernelFault) in done.update { $0.append("second") } }
      try await kernel.returnToUserMode()
      try kernel.expect(done.value, is: ["second", "first", "end of first", "third"])
    }
  }

  @Test("belongs to the thread that added it, whoever returns first (DB6)")
  func ownThread() throws {
    let order = Box<Set<String>>([])
    try explore(.exhaustive) { kernel in
      let field = Shared(kernel, "field", "")
      for name in ["a", "b"] {
        kernel.thread(name) {
          let me = kernel.currentThread
          kernel.addTaskWork { () async throws(KernelFault) in
            try kernel.check(kernel.currentThread == me, "task work in a stranger")
            try await field.store(name)
          }
          _ = try await field.load()
          try await kernel.returnToUserMode()
          try kernel.check(try await field.load() != "", "returned without the work")
        }
      }
      try await kernel.join()
      let last = try await field.load()
      order.update { $0.insert(last) }
    }
    #expect(order.value == ["a", "b"])
  }

  @Test("that is left runs when the thread ends, and main's before the hooks at the end (DB6)")
  func atExit() throws {
    let done = Box<[String]>([])
    try explore(.serial) { kernel in
      kernel.atEnd { done.update { $0.append("hook") } }
      kernel.addTaskWork { () async throws(KernelFault) in done.update { $0.append("main") } }
      kernel.thread("t") {
        kernel.addTaskWork { () async throws(KernelFault) in done.update { $0.append("t") } }
        done.update { $0.append("body") }
      }
      try await kernel.join()
      done.update { $0.append("joined") }
    }
    #expect(done.value == ["body", "t", "joined", "main", "hook"])
  }

  @Test("of a thread that died does not run in the next execution")
  func notCarriedOver() throws {
    let ran = Box(0)
    let executions = Box(0)
    _ = try failure(.check, under: .random(schedules: 3)) { kernel in
      executions.update { $0 += 1 }
      kernel.thread("t") {
        kernel.addTaskWork { () async throws(KernelFault) in ran.update { $0 += 1 } }
        try kernel.check(false, "dies")
      }
      try await kernel.join()
    }
    #expect(executions.value >= 2 && ran.value == 0)
  }
}
