// SPDX-License-Identifier: GPL-2.0-only

/// When a part of a divided search is given up, so that others can have what is left of it.
///
/// All places up to the one where it ends become common to all parts, and whatever turns out to be missing at a common
/// place has to be handed over. So it is not a number of executions alone that ends a part: it ends near its root. In
/// the second half of the budget it is noted how near the search comes to that, and the part ends the next time that it
/// is as near again, after twice the budget at the latest.
struct PartBudget {
  private let executions: Int
  private var begun = 0
  /// The fewest steps that an execution has had in common with the one before it, in the second half.
  private var shallowest = Int.max

  /// A budget of about this number of executions.
  init(_ executions: Int) { self.executions = executions }

  /// Nothing ends the part before it has been explored.
  static var unlimited: PartBudget { PartBudget(.max) }

  /// Whether there may be another execution.
  ///
  /// - Parameter depth: The number of steps that it has in common with the one before it.
  mutating func allowsExecution(leavingAt depth: Int) -> Bool {
    begun &+= 1
    if begun <= executions / 2 { return true }
    if begun <= executions {
      shallowest = min(shallowest, depth)
      return true
    }
    return depth > shallowest && begun - executions <= executions
  }
}
