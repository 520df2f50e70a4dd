// SPDX-License-Identifier: GPL-2.0-only

/// Lets the running thread go on for as long as it can, then the one with the lowest number: one execution.
public final class SerialStrategy: Strategy {
  private var isDone = false

  /// Prepares the one execution.
  public init() {}

  /// Answers yes once.
  public func beginExecution() -> Bool {
    defer { isDone = true }
    return !isDone
  }

  /// Picks the running thread if it can go on.
  public func choose(_ point: DecisionPoint) -> Int { point.serialChoice }
}

extension DecisionPoint {
  /// The thread that a machine without preemption would run: the running thread, else the lowest enabled.
  var serialChoice: Int {
    running >= 0 && enabled.contains(running) ? running : enabled.first
  }
}

extension Strategy where Self == SerialStrategy {
  /// Runs the scenario once, without preemption.
  public static var serial: SerialStrategy { SerialStrategy() }
}
