// SPDX-License-Identifier: GPL-2.0-only

/// A strategy that can tell how many executions it will take.
package protocol EstimatingStrategy: Strategy {
  /// The number of executions in all, by what is known now; for a progress line only.
  var estimate: SearchEstimate? { get }
}

extension Strategy {
  /// The strategy's own estimate, if it makes any.
  var estimated: SearchEstimate? { (self as? any EstimatingStrategy)?.estimate }
}

/// The number of executions that a search will take in all, by a strategy's own estimate.
public struct SearchEstimate: Sendable, Hashable {
  /// The expected number.
  public var executions: Double
  /// The standard deviation of that number; zero where it is known.
  public var spread: Double

  /// Makes an estimate.
  public init(executions: Double, spread: Double) {
    self.executions = executions
    self.spread = spread
  }
}
