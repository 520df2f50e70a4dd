// SPDX-License-Identifier: GPL-2.0-only

/// Takes the steps of an earlier execution again, thread by thread.
final class FollowStrategy: Strategy {
  private let threads: [UInt8]
  /// Who could have gone on at each step, a bit a thread.
  private(set) var enabled: [ThreadSet] = []
  /// The step at which the recorded thread could not go on.
  private(set) var divergedAt: Int?

  init(_ threads: [UInt8]) { self.threads = threads }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    let step = point.depth
    guard step < threads.count, point.enabled.contains(Int(threads[step])) else {
      if divergedAt == nil { divergedAt = step }
      return point.serialChoice
    }
    while enabled.count <= step { enabled.append(point.enabled) }
    return Int(threads[step])
  }
}
