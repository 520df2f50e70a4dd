// SPDX-License-Identifier: GPL-2.0-only

/// What makes a search a part of a divided one; see ``DividedSearch``.
extension ExhaustiveSearch {
  /// Starts with all executions that have a prefix, after whatever was searched before.
  ///
  /// The frames that the two prefixes have in common are kept.
  ///
  /// - Parameters:
  ///   - branch: The prefix, and what is known to be missing after it.
  ///   - remembersPlans: Whether what was inserted into the wakeup trees of the common frames stays there. Only if it
  ///     will have been put into the common tree by the time that the result of this part comes; and if what this part
  ///     finds may depend on the one before it.
  mutating func begin(_ branch: SearchBranch, remembersPlans: Bool) {
    let next = branch.prefix
    var common = 0
    while common < min(prefix.count, next.count, frames.count) && prefix[common].thread == next[common].thread {
      common += 1
    }
    for index in frames.indices {
      trees.release(frames[index].node)
      frames[index].node = -1
      if remembersPlans && index < common { continue }
      trees.release(frames[index].wakeupTree)
      frames[index].wakeupTree = -1
    }
    frames.removeLast(frames.count - common)
    forgetSleepers(from: common)
    history.truncate(to: common)
    prefix = next
    guidance = branch.guidance
    prefixLength = next.count
    region = ExploredRegion(from: prefixLength)
    if common == prefixLength && prefixLength > 0 { frames[prefixLength - 1].node = trees.adopt(guidance) }
    plans.removeAll()
    isDone = false
    isCut = false
  }

  /// The number of steps of the prefix that the last execution has taken, if it ended within it.
  var cut: Int? { isCut ? frames.count : nil }

  /// Notes that everything after the current step of a frame has been explored.
  mutating func close(_ depth: Int) { region?.close(depth) { history.branch(depth, names) } }

  /// Hands over what is still to be explored: the frames of the current execution with their wakeup trees.
  mutating func unfold() -> [OpenFrame] {
    if isDone { return [] }
    let opened = (prefixLength..<frames.count).map { depth in
      let frame = frames[depth]
      let explored = region?.explored(at: depth)
      var before: [Int32] = []
      for thread in frame.sleepSet {
        let name = names.name(ofThread: thread)
        if explored?.contains(where: { $0.thread == name }) != true { before.append(name) }
      }
      var left = trees.children(of: frame.wakeupTree)
      // The last frame has its next step already, which has not been executed.
      if depth == frames.count - 1 { left.insert(trees.branch(frame.node), at: 0) }
      let taken = depth < frames.count - 1 ? history.branch(depth, names) : nil
      return OpenFrame(before: before, explored: explored, taken: taken, left: left)
    }
    isDone = true
    return opened
  }
}

/// A branch of a wakeup tree, and the steps that lead to it and into it.
struct SearchBranch: Sendable {
  var node: Int32
  var prefix: ContiguousArray<PathStep>
  /// The sequences that are known to be missing after the prefix.
  var guidance: [PlanBranch] = []
}
