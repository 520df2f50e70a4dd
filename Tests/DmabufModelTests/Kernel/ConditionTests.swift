// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A sometimes-condition")
struct ConditionTests {
  @Test("is counted once for each execution in which it held")
  func counts() throws {
    let executions = Box(0)
    let report = try explore(.random(schedules: 10), seeing: ["odd"]) { kernel in
      executions.update { $0 += 1 }
      kernel.sometimes("always")
      for _ in 0..<3 { kernel.sometimes("odd", !executions.value.isMultiple(of: 2)) }
    }
    #expect(
      report.conditions == [
        ConditionCount(name: "always", executions: 10), ConditionCount(name: "odd", executions: 5),
      ])
    #expect(report.executions(seeing: "odd") == 5 && report.executions(seeing: "unknown") == 0)
    #expect(report.description.hasSuffix("  sometimes always: 10 of 10\n  sometimes odd: 5 of 10"))
  }

  @Test("that was looked at and never held makes the search fail")
  func neverHeld() throws {
    let error = #expect(throws: UnseenConditions.self) {
      try explore(.random(schedules: 3)) { kernel in
        kernel.sometimes("seen")
        kernel.sometimes("not seen", false)
      }
    }
    #expect(error?.names == ["not seen"])
    #expect(error?.report.executions == 3)
    let text = "never seen: not seen; a race that never happened proves nothing\nsampled (3 schedules)"
    #expect(error?.description.hasPrefix(text) == true)
  }

  @Test("that nobody looked at makes the search fail if it was asked for")
  func neverLookedAt() throws {
    let error = #expect(throws: UnseenConditions.self) {
      try explore(.random(schedules: 3), seeing: ["seen", "asked for"]) { kernel in kernel.sometimes("seen") }
    }
    #expect(error?.names == ["asked for"])
  }

  @Test("does not hide a failure")
  func failureFirst() throws {
    _ = try failure(.check, under: .serial) { kernel in
      kernel.sometimes("not seen", false)
      try kernel.check(false, "the failure")
    }
  }
}

@Suite("A search's verdict")
struct VerdictTests {
  @Test("is how many schedules were sampled, with what they took")
  func sampled() throws {
    let report = try explore(.random(schedules: 25), Races.harmless)
    #expect(report.verdict == .sampled(schedules: 25) && report.executions == 25)
    #expect(report.verdict.description == "sampled (25 schedules)")
    #expect(report.steps > 25 * 20 && report.switches > 25 * 4 && report.switches < report.steps)
  }

  @Test("is that it was stopped when there were more schedules than the limit, and not when there were as many")
  func stoppedAtLimit() throws {
    var limits = Limits()
    limits.executions = 10
    let stopped = try explore(.random(schedules: 11), limits: limits, Races.harmless)
    #expect(stopped.verdict == .stoppedAtLimit(executions: 10) && stopped.executions == 10)
    #expect(stopped.verdict.description == "stopped at the limit of 10 executions: not a proof")
    let whole = try explore(.random(schedules: 10), limits: limits, Races.harmless)
    #expect(whole.verdict == .sampled(schedules: 10))
  }

  @Test("of a serial run is one schedule without preemption")
  func serial() throws {
    let order = Box<[String]>([])
    let report = try explore(.serial) { kernel in
      let field = Shared(kernel, "field", 0)
      for name in ["a", "b"] {
        kernel.thread(name) {
          for _ in 0..<3 {
            try await field.store(0)
            order.update { $0.append(name) }
          }
        }
      }
      try await kernel.join()
    }
    #expect(report.executions == 1)
    #expect(order.value == ["a", "a", "a", "b", "b", "b"])
  }
}
