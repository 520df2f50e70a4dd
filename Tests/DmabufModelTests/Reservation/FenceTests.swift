// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A fence")
struct FenceTests {
  @Test("is signalled once and for ever; a second signal does nothing (DF1)")
  func signal() throws {
    try explore(.serial) { kernel in
      let fence = Fence(kernel, context: 1)
      try kernel.expect(try await fence.checkSignalled(), is: false, "a new fence")
      for _ in 0..<2 {
        try await fence.signal()
        try kernel.expect(try await fence.checkSignalled(), is: true, "after a signal")
        try await fence.wait()
      }
      try kernel.expect(kernel.warnings, is: [])
    }
  }

  @Test("has the state unsignalled, then success or its error, and waiting does not tell which (DF5, DR6)")
  func status() throws {
    try explore(.serial) { kernel in
      let good = Fence(kernel, context: 1)
      let bad = Fence(kernel, context: 2)
      try await bad.setError(.ioError)
      for fence in [good, bad] {
        try kernel.expect(try await fence.status(), is: .success(false), "unsignalled")
        try await fence.signal()
        try await fence.wait()
      }
      try kernel.expect(try await good.status(), is: .success(true), "signalled")
      try kernel.expect(try await bad.status(), is: .failure(.ioError), "signalled with an error")
    }
  }

  @Test("takes no error once it is signalled (DF5)")
  func lateError() throws {
    let failure = try failure(.warning, under: .serial) { kernel in
      let fence = Fence(kernel, context: 1)
      try await fence.signal()
      try await fence.setError(.ioError)
    }
    #expect(failure.finding.summary == "dma_fence_set_error: the fence is signalled already")
  }

  @Test("that nobody signals is a hung task: a wait has no timeout and no signal ends it")
  func neverSignalled() throws {
    let failure = try failure(.deadlock, under: .serial) { kernel in
      try await Fence(kernel, "fence", context: 1).wait()
    }
    #expect(
      withoutPlaces(failure.finding.details)
        == ["main waits in dma_fence_wait(fence), which no thread gives; holds nothing"])
  }
}

@Suite("A fence between threads")
struct FenceRaceTests {
  @Test("ends every wait and none before its signal (DF1)")
  func waits() throws {
    try explore(.exhaustive, seeing: ["looked before", "looked after"]) { kernel in
      let fence = Fence(kernel, context: 1)
      let isWorkDone = Shared(kernel, "isWorkDone", false)
      for number in 1...2 {
        kernel.thread("w\(number)") {
          kernel.sometimes("looked before", try await !isWorkDone.load())
          kernel.sometimes("looked after", try await isWorkDone.load())
          try await fence.wait()
          try kernel.check(try await isWorkDone.load(), "the wait ended before the work")
        }
      }
      try await isWorkDone.store(true)
      try await fence.signal()
      try await kernel.join()
    }
  }
}
