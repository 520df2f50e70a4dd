// SPDX-License-Identifier: GPL-2.0-only

/// How much there is to read in a failing schedule; the smallest is shown.
///
/// Counted are the steps up to the failure that were taken while more than one thread was there, without the waits for
/// the end of a thread. A thread takes part if it takes such a step; the scenario's own thread is not counted. Every
/// change of the running thread is a switch, whether the thread before could have gone on or not: both have to be
/// followed by the reader. First the threads count, then the switches, then the steps.
package struct ScheduleCost: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The number of threads that take part.
  package var threads: Int
  /// How often the running thread changes.
  package var switches: Int
  /// The number of steps that are taken.
  package var steps: Int

  /// Makes a cost of its parts.
  package init(threads: Int, switches: Int, steps: Int) {
    self.threads = threads
    self.switches = switches
    self.steps = steps
  }

  /// The cost of the execution that a machine has just ended.
  init(_ kernel: Kernel) {
    var taking = ThreadSet()
    var last: UInt8?
    self.init(threads: 0, switches: 0, steps: 0)
    for event in kernel.visibleEvents {
      taking.insert(Int(event.thread))
      if let last, last != event.thread { switches += 1 }
      last = event.thread
      steps += 1
    }
    threads = taking.without(0).count
  }

  /// Orders by threads, then by switches, then by steps.
  package static func < (left: ScheduleCost, right: ScheduleCost) -> Bool {
    (left.threads, left.switches, left.steps) < (right.threads, right.switches, right.steps)
  }

  /// The three numbers with their units.
  package var description: String {
    "\(threads) thread\(threads == 1 ? "" : "s"), \(switches) switch\(switches == 1 ? "" : "es"), "
      + "\(steps) step\(steps == 1 ? "" : "s")"
  }
}

extension Kernel {
  /// The events of the execution without the waits for the end of a thread.
  var visibleEvents: [Event] {
    events.indices.filter { objects[events[$0].object.index].kind != .thread }.map { events[$0] }
  }
}

/// What was done to make a failing schedule smaller.
package struct Shrinking: Sendable, Hashable, CustomStringConvertible {
  /// The schedule as the search found it.
  package let before: ScheduleCost
  /// The schedule as it is shown.
  package let after: ScheduleCost
  /// The number of executions that were tried.
  package let executions: Int
  /// Whether the search for a smaller one was given up at its limit, so that there may be one.
  package let wasCut: Bool

  /// One line: from what to what, and whether that is the least.
  package var description: String {
    let end = wasCut ? "there may be less, the search was cut" : "the least there is"
    let was = before == after ? "" : "was \(before.threads), \(before.switches), \(before.steps); "
    return "\(after): \(end) (\(was)\(executions) tried)"
  }
}
