// SPDX-License-Identifier: GPL-2.0-only

/// What is still to be explored at each place of the current execution: an ordered tree of steps a place.
///
/// A path from the root is a sequence of steps that leads to executions that have not been seen. All trees live in one
/// array, linked by indices, and give their nodes back when a place is done with.
struct WakeupTrees {
  private struct Node {
    /// The stable name of the thread that takes the step.
    var thread: Int32
    var firstChild: Int32 = -1
    var lastChild: Int32 = -1
    var nextSibling: Int32 = -1
    var touchCount: Int32 = 0
  }

  private var nodes: ContiguousArray<Node> = []
  private var rows = TouchRows()
  private var free: Int32 = -1

  /// Makes a root, or a node that is not yet anybody's child.
  mutating func make(_ thread: Int32 = -1) -> Int32 {
    if free >= 0 {
      let node = free
      free = nodes[Int(node)].nextSibling
      nodes[Int(node)] = Node(thread: thread)
      return node
    }
    nodes.append(Node(thread: thread))
    rows.addRow()
    return Int32(truncatingIfNeeded: nodes.count - 1)
  }

  /// Adds a step behind the other children of a node.
  ///
  /// - Parameter count: As many of what the step touches are known to be touched there.
  mutating func append(
    _ thread: Int32, _ step: Int, touching count: Int32, _ history: StepHistory, to parent: Int32
  ) -> Int32 {
    let node = make(thread)
    let first = Int(history.steps[step].firstTouch)
    nodes[Int(node)].touchCount = count
    rows.set(node, history.touches[first..<(first &+ Int(count))].lazy.map(\.name))
    append(node, to: parent)
    return node
  }

  /// Makes a root with copies of branches; -1 for none.
  mutating func adopt(_ branches: [PlanBranch]) -> Int32 {
    if branches.isEmpty { return -1 }
    let root = make()
    for branch in branches { adopt(branch, to: root) }
    return root
  }

  private mutating func adopt(_ branch: PlanBranch, to parent: Int32) {
    let node = make(branch.thread)
    nodes[Int(node)].touchCount = Int32(truncatingIfNeeded: branch.touches.count)
    rows.set(node, branch.touches)
    append(node, to: parent)
    for child in branch.children { adopt(child, to: node) }
  }

  private mutating func append(_ node: Int32, to parent: Int32) {
    let last = nodes[Int(parent)].lastChild
    if last < 0 { nodes[Int(parent)].firstChild = node } else { nodes[Int(last)].nextSibling = node }
    nodes[Int(parent)].lastChild = node
  }

  /// Takes the first child, with all below it, off its parent; -1 if it has none.
  mutating func popFirstChild(of parent: Int32) -> Int32 {
    if parent < 0 { return -1 }
    let child = nodes[Int(parent)].firstChild
    if child < 0 { return -1 }
    nodes[Int(parent)].firstChild = nodes[Int(child)].nextSibling
    if nodes[Int(parent)].firstChild < 0 { nodes[Int(parent)].lastChild = -1 }
    nodes[Int(child)].nextSibling = -1
    return child
  }

  /// Gives back a node and all below it.
  mutating func release(_ node: Int32) {
    if node < 0 { return }
    while true {
      let child = popFirstChild(of: node)
      if child < 0 { break }
      release(child)
    }
    nodes[Int(node)].nextSibling = free
    free = node
  }

  func thread(of node: Int32) -> Int32 { nodes[Int(node)].thread }
  func firstChild(of node: Int32) -> Int32 { nodes[Int(node)].firstChild }
  func nextSibling(of node: Int32) -> Int32 { nodes[Int(node)].nextSibling }

  /// A copy of a node and all below it.
  func branch(_ node: Int32) -> PlanBranch {
    PlanBranch(
      thread: thread(of: node), touches: Array(rows.touches(of: node, count: Int(nodes[Int(node)].touchCount))),
      children: children(of: node))
  }

  /// Copies of all below a node.
  func children(of node: Int32) -> [PlanBranch] {
    var all: [PlanBranch] = []
    var child = node < 0 ? -1 : firstChild(of: node)
    while child >= 0 {
      all.append(branch(child))
      child = nextSibling(of: child)
    }
    return all
  }

  /// Whether a node's step and a step of the current execution are dependent.
  ///
  /// - Parameter count: How much of what the step touches counts.
  func isConflict(_ node: Int32, _ step: Int, touching count: Int32, _ history: StepHistory) -> Bool {
    let first = history.steps[step].firstTouch
    let ownCount = Int(nodes[Int(node)].touchCount)
    for own in 0..<ownCount {
      let name = rows.touch(own, of: node, count: ownCount)
      for other in first..<(first &+ count) where name.conflicts(with: history.touches[Int(other)].name) { return true }
    }
    return false
  }
}
