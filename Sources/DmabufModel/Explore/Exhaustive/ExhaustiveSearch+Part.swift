// SPDX-License-Identifier: GPL-2.0-only

/// What makes a search a part of a divided one; see ``DividedSearch``.
extension ExhaustiveSearch {
  /// Starts with all executions that begin with a path, after whatever was searched before.
  ///
  /// What the two paths have in common has not to be worked out again.
  ///
  /// - Parameters:
  ///   - branch: The path, and what is known to be missing behind it.
  ///   - remembersPlans: Whether what has been put into the trees on the common path stays there. Only if it will have
  ///     been put into the common tree by the time that the result of this part comes; and if what this part finds may
  ///     depend on the one before it.
  mutating func begin(_ branch: SearchBranch, remembersPlans: Bool) {
    let next = branch.path
    var common = 0
    while common < min(path.count, next.count, places.count) && path[common].thread == next[common].thread {
      common += 1
    }
    for index in places.indices {
      trees.release(places[index].node)
      places[index].node = -1
      if remembersPlans && index < common { continue }
      trees.release(places[index].tree)
      places[index].tree = -1
    }
    places.removeLast(places.count - common)
    forgetSleepers(from: common)
    history.truncate(to: common)
    path = next
    guide = branch.guide
    floor = next.count
    region = ExploredRegion(from: floor)
    if common == floor && floor > 0 { places[floor - 1].node = trees.adopt(guide) }
    plans.removeAll()
    isDone = false
    isCut = false
  }

  /// The number of steps that the last execution has got on its path, if it ended there.
  var cut: Int? { isCut ? places.count : nil }

  /// Notes that all has been explored that follows the current step of a place.
  mutating func leave(_ place: Int) { region?.leave(place: place) { history.branch(place, names) } }

  /// Gives up what is still to be explored: the places of the current execution, with the trees of what is left.
  mutating func open() -> [OpenPlace] {
    if isDone { return [] }
    let opened = (floor..<places.count).map { depth in
      let place = places[depth]
      let explored = region?.explored(at: depth)
      var before: [Int32] = []
      for thread in place.asleep {
        let name = names.name(ofThread: thread)
        if explored?.contains(where: { $0.thread == name }) != true { before.append(name) }
      }
      var left = trees.children(of: place.tree)
      // At the last place the step taken next is known already, and not yet taken.
      if depth == places.count - 1 { left.insert(trees.branch(place.node), at: 0) }
      let taken = depth < places.count - 1 ? history.branch(depth, names) : nil
      return OpenPlace(before: before, explored: explored, taken: taken, left: left)
    }
    isDone = true
    return opened
  }
}

/// A branch of a wakeup tree, and the steps that lead to it and into it.
struct SearchBranch: Sendable {
  var node: Int32
  var path: ContiguousArray<PathStep>
  /// What is known to be missing behind them.
  var guide: [PlanBranch] = []
}
