// SPDX-License-Identifier: GPL-2.0-only

/// An exhaustive search that several machines do together, with the counts of one.
///
/// The unit of work is a leaf of the wakeup tree: one machine explores all that can follow the steps to it. No thread
/// sleeps at a leaf (its plan has woken all of them), so that what follows is a search of its own, and no plan from
/// elsewhere is ever for a place behind it. What the machine finds to be missing at places *before* the leaf is handed
/// over with the result (``SharedPlan``), and put into the tree that all have in common (``SharedTree``), which may make
/// new leaves. A unit that turns out to be large is given up half-way (``PartBudget``): what it has left to do becomes a
/// part of the common tree, and so many units more.
///
/// That nothing is missed and nothing explored twice does not depend on the order in which leaves are explored, as long
/// as of two branches of one place the left one is treated as if it came first: its first step sleeps in the right one.
///
/// - *Nothing twice*: of two executions that part at a place, the one in the right branch does not take the left one's
///   step before some step that depends on it. A branch is only ever added to the right of all that are there.
/// - *Nothing in vain*: a plan is added where neither a sleeping thread nor a branch of the place can be its first step.
///   So it wakes all who sleep, and is followed to its end.
/// - *Nothing missed*: a search by one machine finishes a branch before it begins the one to the right of it, so that a
///   plan that it finds in the left one still goes into the right one's tree. Here the right one may have been explored
///   by then. Its tree is therefore kept until all to the left of it is done, and the plan follows it: up to a leaf,
///   behind which all is covered, or to a place at which it is new, and becomes a leaf itself.
///
/// The result does not depend on time either: see ``WorkPool``. What depends on the division is which execution of each
/// class is run, and so the number of switches, and which failing schedule is the first.
struct DividedSearch: WorkSource {
  /// Leaves for somebody to explore, one after the other.
  struct Unit: Sendable {
    var leaves: [Leaf]
    /// After about how many executions what is left of a leaf has to be given up.
    var budget: Int
  }

  /// A leaf, and the steps that lead to it.
  struct Leaf: Sendable {
    var node: Int32
    var path: ContiguousArray<PathStep>
  }

  /// What has come of exploring a leaf.
  struct Explored: Sendable {
    var node: Int32
    var part: SearchPart
    var rest: SearchRest
  }

  /// How many leaves a unit has at most.
  ///
  /// Leaves that lie beside each other have much of their way in common, and many plans.
  private static let leavesPerUnit = 32
  /// How many units there may be without a merged result.
  static let window = 64

  private(set) var registry: NameRegistry
  private let budget: Int
  private let limit: Int
  private(set) var tree = SharedTree()
  private(set) var sum = SearchPart.empty
  private(set) var isOverLimit = false
  /// Leaves that have been handed out and whose results have not been merged, in the order of both.
  private(set) var taken: [Int32] = []
  /// Leaves that another process had taken.
  private var again: ArraySlice<Int32> = []

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - limit: How many executions it may take in all.
  ///   - budget: After about how many executions the first unit is given up; those behind it have more, so that there
  ///     are soon some to share and never too many.
  init(limit: Int, budget: Int = 256) {
    registry = NameRegistry()
    self.limit = limit
    self.budget = budget
  }

  /// Goes on where another process has left off: first with what was taken there and did not come back.
  mutating func resume(_ sum: SearchPart, _ tree: SharedTree, _ taken: [Int32], _ registry: NameRegistry) {
    self.sum = sum
    self.tree = tree
    self.registry = registry
    self.taken = []
    again = taken[...]
  }

  mutating func next() -> Unit? {
    let done = sum.report.executions
    var unit = Unit(leaves: [], budget: max(budget, min(done / 8, 4_096), done / 256))
    // A few for each unit that can be on its way, so that nobody waits while another one has many.
    let most = max(1, min(Self.leavesPerUnit, tree.wanted / Self.window))
    while unit.leaves.count < most, let node = again.popFirst() ?? tree.takeFirst() {
      taken.append(node)
      unit.leaves.append(Leaf(node: node, path: tree.path(to: node)))
    }
    return unit.leaves.isEmpty ? nil : unit
  }

  mutating func merge(_ results: [Explored]) -> Bool {
    taken.removeFirst(results.count)
    for result in results {
      if tree.state(of: result.node) != .dead { sum.add(result.part) }
      tree.learn(result.node, result.rest)
      isOverLimit = sum.report.executions > limit
      if sum.failure != nil || sum.error != nil || isOverLimit { return false }
    }
    return true
  }
}

extension ExhaustiveStrategy {
  /// Explores some leaves.
  ///
  /// - Parameters:
  ///   - unit: The leaves.
  ///   - run: Runs executions under this strategy for as long as it has some.
  func explore(_ unit: DividedSearch.Unit, _ run: () -> SearchPart) -> [DividedSearch.Explored] {
    var results: [DividedSearch.Explored] = []
    for (place, leaf) in unit.leaves.enumerated() {
      begin(leaf.path, budget: PartBudget(unit.budget), remembersPlans: place > 0)
      let part = run()
      // After a failure there is no next execution, and the last one has not been looked at.
      let isOver = part.failure != nil || part.error != nil
      results.append(DividedSearch.Explored(node: leaf.node, part: part, rest: isOver ? SearchRest() : takeRest()))
      if isOver { break }
    }
    return results
  }
}
