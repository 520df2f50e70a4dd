// SPDX-License-Identifier: GPL-2.0-only

/// Follows a schedule by its short name; needs an execution that is recorded.
final class ReplayStrategy: Strategy {
  private let schedule: Schedule
  private var position = 0
  private var counted = 0
  private var stepsSince = 0
  private var occurrences = StepOccurrences()
  /// What was about to be done where the next switch should have been.
  private var suspect: String?
  /// Why the next switch could not be made where it should have been; then no more are made.
  private var obstacle: String?
  private(set) var enabled: [ThreadSet] = []
  /// Why the schedule could not be followed, if it could not.
  private(set) var divergence: String?

  init(_ schedule: Schedule) { self.schedule = schedule }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    while enabled.count <= point.depth { enabled.append(point.enabled) }
    guard obstacle == nil, position < schedule.switches.count else { return point.serialChoice }
    count(point.kernel)
    let next = schedule.switches[position]
    let digest = upcoming(of: point.running, point.kernel)
    guard Int(next.from) == point.running, digest == next.step,
      next.occurrence == 1 + occurrences.count(of: digest, by: point.running)
    else {
      // A step that has been put in moves the switch to a later place; only if it never comes was this the difference.
      if stepsSince == next.stepsBefore && suspect == nil { suspect = describeUpcoming(point) }
      return point.serialChoice
    }
    guard next.to < 64, point.enabled.contains(Int(next.to)) else {
      let name = Self.name(of: Int(next.to), point.kernel)
      obstacle = Self.differing("\(describeUpcoming(point)), and \(name) cannot go on there")
      return point.serialChoice
    }
    position += 1
    stepsSince = 0
    suspect = nil
    return Int(next.to)
  }

  /// Tells whether the whole schedule was followed and the outcome is the one it names, once the execution has ended.
  func finish(_ kernel: Kernel) {
    if divergence == nil && position == schedule.switches.count {
      guard hasChanged(kernel) && kernel.finding == nil else { return }
      let difference = firstDifference(kernel) ?? "only steps behind the marks of the schedule differ"
      divergence = "nothing fails any more, though every switch could be made; \(difference)"
      return
    }
    count(kernel)
    let last = kernel.recorder?.steps.last.map { "the run ends after step \($0.number), \($0.text)" }
    let obstacle = obstacle ?? suspect.map { Self.differing($0) } ?? Self.differing(last ?? "the run has no steps")
    let next = schedule.switches[position]
    divergence =
      "\(firstDifference(kernel) ?? obstacle); switch \(position + 1) of \(schedule.switches.count), from "
      + "\(Self.name(of: Int(next.from), kernel)) to \(Self.name(of: Int(next.to), kernel)), cannot be made"
  }

  /// The first step that by its marks is not that of the schedule.
  private func firstDifference(_ kernel: Kernel) -> String? {
    let steps = kernel.recorder?.steps.filter(\.isConcurrent) ?? []
    guard let range = schedule.marks.firstDifference(in: steps) else { return nil }
    guard range.lowerBound < steps.count else { return Self.differing("the run ends before it") }
    let step = steps[range.lowerBound]
    let what = "\(Self.name(of: step.thread.index, kernel)) comes to \(step.text) at \(step.file):\(step.line)"
    if range.count == 1 { return Self.differing("step \(step.number), where \(what)") }
    let last = steps[min(range.upperBound, steps.count) - 1]
    return Self.differing("one of the steps \(step.number) to \(last.number), of which in the first \(what)")
  }

  private static func differing(_ step: String) -> String { "the first step that differs: \(step)" }

  /// Whether other steps were taken than the schedule was made of.
  func hasChanged(_ kernel: Kernel) -> Bool {
    Schedule.traceDigest(kernel.recorder?.steps.filter(\.isConcurrent) ?? []) != schedule.trace
  }

  private func upcoming(of thread: Int, _ kernel: Kernel) -> UInt16 {
    guard kernel.live.contains(thread), let label = kernel.recorder?.pendingLabel(of: thread) else {
      return Schedule.end
    }
    return Schedule.digest(label: label, object: kernel.plainName(of: kernel.threads[thread].object))
  }

  private func count(_ kernel: Kernel) {
    guard let steps = kernel.recorder?.steps else { return }
    for step in steps[counted...] where step.isConcurrent {
      occurrences.add(step.digest, by: step.thread.index)
      stepsSince += 1
    }
    counted = steps.count
  }

  /// What the running thread is about to do, and where.
  private func describeUpcoming(_ point: DecisionPoint) -> String {
    let kernel = point.kernel
    let name = Self.name(of: point.running, kernel)
    let place = "step \(kernel.stepCount + 1)"
    guard kernel.live.contains(point.running), let label = kernel.recorder?.pendingLabel(of: point.running)
    else { return "\(place), where \(name) has ended" }
    let location = kernel.recorder?.location(of: point.running).map { " at \($0)" } ?? ""
    return
      "\(place), where \(name) comes to \(StepText.of(label, kernel.name(of: kernel.threads[point.running].object)))\(location)"
  }

  private static func name(of thread: Int, _ kernel: Kernel) -> String {
    thread < kernel.threadCount ? kernel.threads[thread].name : "thread \(thread)"
  }
}
