// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

struct PreemptionBoundTests {
  @Test func everythingIsSeenWithEnoughPreemptions() throws {
    let bounded = ObservingStrategy(PreemptionBoundedStrategy(preemptions: 40))
    let report = try survey(bounded, Race.scenario("FR")).report
    #expect(bounded.observed.traces.count == 3)
    let all = try survey(AllChoices(), Race.scenario("FR")).report
    #expect(report.executions == all.executions)
  }

  @Test(arguments: 0..<5)
  func seesExactlyWhatTheBoundAllows(bound: Int) throws {
    let bounded = CountingPreemptions(PreemptionBoundedStrategy(preemptions: bound))
    _ = try survey(bounded, Race.scenario("FR"))
    let all = CountingPreemptions(AllChoices())
    _ = try survey(all, Race.scenario("FR"))
    #expect(bounded.executions == all.executions.filter { $0.preemptions <= bound })
    #expect(bounded.order == bounded.order.sorted())
  }

  @Test func theSeededBugNeedsOnePreemption() throws {
    let scenario = Race.scenario("FR", looksTwice: false)
    #expect(try explore(.exhaustive(preemptions: 0), scenario).executions > 0)
    let failure = #expect(throws: ScheduleFailure.self) { try explore(.exhaustive(preemptions: 1), scenario) }
    #expect(failure?.recording.schedule.switches.count ?? 0 > 0)
  }

  @Test func aLimitIsNotAPass() {
    var limits = Limits()
    limits.executions = 5
    #expect(throws: SearchStopped.self) {
      try explore(.exhaustive(preemptions: 2), limits: limits, Race.scenario("FRM"))
    }
  }
}

/// Every choice at every place, joins included.
private final class AllChoices: Strategy {
  private var left: [ThreadSet] = []
  private var hasBegun = false
  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    defer { hasBegun = true }
    return !hasBegun || !left.isEmpty
  }

  func choose(_ point: DecisionPoint) -> Int {
    if point.depth == left.count { left.append(point.enabled) }
    return left[point.depth].first
  }

  func endExecution(_ execution: Execution) {
    while let last = left.last {
      left[left.count - 1].removeFirst()
      if !last.hasNoSecond { return }
      left.removeLast()
    }
  }
}

private struct Run: Hashable {
  var preemptions: Int
  var threads: [UInt8]
}

/// Counts the preemptions of each execution of another strategy.
private final class CountingPreemptions<Base: Strategy>: Strategy {
  private let base: Base
  private var preemptions = 0
  private(set) var executions: Set<Run> = []
  private(set) var order: [Int] = []

  init(_ base: Base) { self.base = base }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    preemptions = 0
    return base.beginExecution()
  }

  func choose(_ point: DecisionPoint) -> Int {
    let thread = base.choose(point)
    if thread != point.running && point.isEnabled(point.running) { preemptions += 1 }
    return thread
  }

  func endExecution(_ execution: Execution) {
    executions.insert(Run(preemptions: preemptions, threads: execution.kernel.events.map(\.thread)))
    order.append(preemptions)
    base.endExecution(execution)
  }
}
