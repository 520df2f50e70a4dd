// SPDX-License-Identifier: GPL-2.0-only

/// Takes the steps of an earlier execution again, thread by thread.
final class FollowStrategy: Strategy {
  private let threads: [UInt8]
  /// Who could have gone on at each step, a bit a thread.
  private(set) var enabled: [ThreadSet] = []
  /// The step at which the recorded thread could not go on.
  private(set) var divergedAt: Int?

  /// The clock under which the execution ran, from its beginning; a body may go by the time.
  private let timed: TimedStrategy?

  init(_ threads: [UInt8], timed: TimedStrategy? = nil) {
    self.threads = threads
    self.timed = timed
  }

  func prepare(_ kernel: Kernel) { timed?.prepare(kernel) }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    let step = point.depth
    // The clock has to see every decision; its own is the same.
    _ = timed?.choose(point)
    guard step < threads.count, point.kernel.enabled.contains(Int(threads[step])) else {
      if divergedAt == nil { divergedAt = step }
      return point.serialChoice
    }
    while enabled.count <= step { enabled.append(point.kernel.enabled) }
    return Int(threads[step])
  }
}
