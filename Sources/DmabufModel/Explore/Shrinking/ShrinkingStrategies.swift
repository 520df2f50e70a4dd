// SPDX-License-Identifier: GPL-2.0-only

/// A place in an execution where the running thread does not go on, named by what the thread has done and not by time.
///
/// So the rest of a schedule keeps its meaning when one of its switches is taken out.
struct SwitchPlace: Hashable {
  var thread: Int
  /// The number of steps that the thread has taken, waits for threads not counted.
  var steps: Int
}

/// Makes some switches, and otherwise lets the running thread go on, then the one with the lowest number.
final class SwitchesStrategy: Strategy {
  private let switches: [SwitchPlace: Int]
  private let allowed: ThreadSet
  private var taken = StepCounter()

  init(_ switches: [(place: SwitchPlace, to: Int)], allowed: ThreadSet = .all) {
    self.switches = Dictionary(switches.map { ($0.place, $0.to) }) { first, _ in first }
    self.allowed = allowed
  }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    if let joiner = point.joiner { return joiner }
    let enabled = point.enabled.intersection(allowed)
    if enabled.isEmpty { return DecisionPoint.abandon }
    let place = SwitchPlace(thread: taken.last ?? 0, steps: taken.count(of: taken.last ?? 0))
    var choice = enabled.contains(place.thread) ? place.thread : enabled.first
    if let wanted = switches[place], enabled.contains(wanted) { choice = wanted }
    taken.add(choice)
    return choice
  }

  /// The switches of an execution that another strategy has led.
  static func switches(of kernel: Kernel) -> [(place: SwitchPlace, to: Int)] {
    var taken = StepCounter()
    var switches: [(place: SwitchPlace, to: Int)] = []
    for event in kernel.visibleEvents {
      let thread = Int(event.thread)
      let last = taken.last ?? 0
      if thread != last { switches.append((SwitchPlace(thread: last, steps: taken.count(of: last)), thread)) }
      taken.add(thread)
    }
    return switches
  }
}

/// Takes steps of the given threads in the given order while they can go on; then lets the running one go on.
final class SequenceStrategy: Strategy {
  private var sequence: [Int]
  private var last = 0

  init(_ sequence: [Int]) { self.sequence = sequence }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    if let joiner = point.joiner { return joiner }
    if let place = sequence.firstIndex(where: { point.enabled.contains($0) }) {
      last = sequence.remove(at: place)
    } else if !point.enabled.contains(last) {
      last = point.enabled.first
    }
    return last
  }
}

/// The number of steps that each thread has taken.
struct StepCounter {
  private var counts: [Int] = []
  private(set) var last: Int?

  func count(of thread: Int) -> Int { thread < counts.count ? counts[thread] : 0 }

  mutating func add(_ thread: Int) {
    while counts.count <= thread { counts.append(0) }
    counts[thread] += 1
    last = thread
  }
}

extension DecisionPoint {
  /// Whether one of the last events may not change places with what a thread does next.
  func hasDependentEvent(since start: Int, for thread: Int) -> Bool {
    let pending = Footprint(pending: thread, kernel)
    return (start..<kernel.events.count).contains { pending.depends(on: Footprint(event: $0, kernel), kernel) }
  }

  /// A thread that can go on waiting for the end of another; that step commutes with all others.
  var joiner: Int? {
    enabled.first { kernel.isJoining($0) }
  }
}
