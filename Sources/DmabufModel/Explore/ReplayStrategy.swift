// SPDX-License-Identifier: GPL-2.0-only

/// Follows a schedule by its short name; needs an execution that is recorded.
final class ReplayStrategy: Strategy {
  private let schedule: Schedule
  private var position = 0
  private var counted = 0
  private var occurrences: [StepName: Int] = [:]
  private(set) var enabled: [UInt64] = []
  /// Why the schedule could not be followed, if it could not.
  private(set) var divergence: String?

  private struct StepName: Hashable {
    var thread: Int
    var digest: UInt16
  }

  init(_ schedule: Schedule) { self.schedule = schedule }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    while enabled.count <= point.depth { enabled.append(point.enabled) }
    guard divergence == nil, position < schedule.switches.count else { return point.serialChoice }
    count(point.kernel)
    let next = schedule.switches[position]
    guard Int(next.from) == point.running else { return point.serialChoice }
    let digest = upcoming(of: point.running, point)
    let occurrence = 1 + occurrences[StepName(thread: point.running, digest: digest), default: 0]
    guard digest == next.step, occurrence == next.occurrence else {
      if digest == Schedule.end { diverge("ended", point) }
      return point.serialChoice
    }
    guard Int(next.to) < 64, point.enabled & (1 << UInt64(next.to)) != 0 else {
      diverge("stops there, but thread \(next.to) cannot go on", point)
      return point.serialChoice
    }
    position += 1
    return Int(next.to)
  }

  /// Says whether the whole schedule was followed, once the execution has ended.
  func finish(_ kernel: Kernel) {
    if divergence == nil && position < schedule.switches.count {
      let last = kernel.recorder?.steps.last { $0.isConcurrent }
      divergence = describe("did not come to it before the execution ended", last)
    }
  }

  private func upcoming(of thread: Int, _ point: DecisionPoint) -> UInt16 {
    let kernel = point.kernel
    guard kernel.live & (1 << UInt64(thread)) != 0, let label = kernel.recorder?.pendingLabel(of: thread) else {
      return Schedule.end
    }
    return Schedule.digest(label: label, object: kernel.name(of: kernel.threads[thread].object))
  }

  private func count(_ kernel: Kernel) {
    guard let steps = kernel.recorder?.steps else { return }
    for step in steps[counted...] where step.isConcurrent {
      let digest = Schedule.digest(label: step.label, object: step.objectName)
      occurrences[StepName(thread: step.thread.index, digest: digest), default: 0] += 1
    }
    counted = steps.count
  }

  private func diverge(_ what: String, _ point: DecisionPoint) {
    let last = point.kernel.recorder?.steps.last { $0.thread.index == point.running }
    divergence = describe(what, last)
  }

  private func describe(_ what: String, _ last: TraceStep?) -> String {
    let next = schedule.switches[position]
    let name = Schedule(switches: [next], trace: 0).description.dropFirst(2).prefix { $0 != "~" }
    let place =
      last.map { " the first step that differs is after step \($0.number), \($0.label)(\($0.objectName))" } ?? ""
    return
      "switch \(position + 1) of \(schedule.switches.count) ('\(name)') cannot be made: thread \(next.from) \(what);\(place)"
  }
}
