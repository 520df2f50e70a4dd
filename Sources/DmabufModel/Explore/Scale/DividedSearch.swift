// SPDX-License-Identifier: GPL-2.0-only

/// An exhaustive search that several machines do together, with the counts of one.
///
/// The unit of work is a branch of the wakeup tree: one machine explores all that begins with the steps to it, as a
/// search of its own that has the branch's tree for a beginning. What the machine finds to be missing at places
/// *before* the branch is handed over with the result (``SharedPlan``), and put into the tree that all have in common
/// (``SharedTree``), which may make new branches. A unit that turns out to be large is given up half-way
/// (``PartBudget``): what it has left to do becomes a part of the common tree, and more units.
///
/// That nothing is missed and nothing explored twice does not depend on the order in which branches are explored, as
/// long as of two branches of one place the left one is treated as if it came first: its first step sleeps in the right
/// one.
///
/// - *Nothing twice*: of two executions that part at a place, the one in the right branch does not take the left one's
///   step before some step that depends on it. A branch is only ever added to the right of all that are there.
/// - *Nothing in vain*: a plan is added where neither a sleeping thread nor a branch of the place can be its first
///   step. So it wakes all who sleep, and is followed to its end.
/// - *Nothing missed*: a search by one machine finishes a branch before it begins the one to the right of it, so that a
///   plan that it finds in the left one still goes into the right one's tree. Here the right one may have been explored
///   by then. What it has explored while those slept who slept at its beginning is therefore kept
///   (``ExploredRegion``) until all to the left of it is done, and the plan follows it: up to a place behind which all
///   is covered, or to one at which it is new, and becomes a branch itself. A plan for a branch that a job is about to
///   explore waits for the result.
///
/// It needs the common tree in the memory of one process; shards have none, and divide with ``ShardedSearch``.
///
/// The result does not depend on time either: see ``WorkPool``. What depends on the division is which execution of each
/// class is run, and so the number of switches, and which failing schedule is the first.
struct DividedSearch: WorkSource {
  /// Branches for a job to explore, one after the other.
  struct Unit: Sendable {
    var branches: [SearchBranch]
    /// After about how many executions what is left of a branch has to be given up.
    var budget: Int
  }

  /// What has come of exploring a branch.
  struct Explored: Sendable {
    var node: Int32
    var part: SearchPart
    var rest: SearchRest
  }

  /// The number of branches that a unit has at most.
  ///
  /// Branches that lie beside each other have much of their way in common, and many plans.
  private static let branchesPerUnit = 32
  /// The most units that may be without a merged result.
  static let window = 64

  private(set) var registry: NameRegistry
  private let budget: Int
  private let limit: Int
  private(set) var tree = SharedTree()
  private(set) var sum = SearchPart.empty
  private(set) var isOverLimit = false
  /// Branches that have been handed out and whose results have not been merged, in the order of both.
  private(set) var taken: [Int32] = []
  /// Branches that another process had taken.
  private var again: ArraySlice<Int32> = []

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - limit: The number of executions that it may take in all.
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
    var unit = Unit(branches: [], budget: max(budget, min(done / 8, 1_024), done / 256))
    // A few for each unit that can be on its way, so that none waits while another one has many.
    let most = max(1, min(Self.branchesPerUnit, tree.unexplored / Self.window))
    while unit.branches.count < most, let node = again.popFirst() ?? tree.popFirst() {
      taken.append(node)
      unit.branches.append(SearchBranch(node: node, prefix: tree.prefix(to: node), guidance: tree.branches(of: node)))
    }
    return unit.branches.isEmpty ? nil : unit
  }

  static func parts(of results: [Explored]) -> [SearchPart] { results.map(\.part) }

  mutating func merge(_ results: [Explored]) -> Bool {
    taken.removeFirst(results.count)
    for result in results {
      if tree.state(of: result.node) != .unreachable { sum.add(result.part) }
      tree.merge(result.node, result.rest)
      isOverLimit = sum.report.executions > limit
      if sum.failure != nil || sum.error != nil || isOverLimit { return false }
    }
    return true
  }
}

extension ExhaustiveStrategy {
  /// Explores some branches.
  ///
  /// - Parameters:
  ///   - unit: The branches.
  ///   - run: Runs executions under this strategy for as long as it has some.
  func explore(_ unit: DividedSearch.Unit, _ run: () -> SearchPart) -> [DividedSearch.Explored] {
    var results: [DividedSearch.Explored] = []
    for (place, branch) in unit.branches.enumerated() {
      begin(branch, budget: PartBudget(unit.budget), remembersPlans: place > 0)
      let part = run()
      // After a failure there is no next execution, and the last one has not been looked at.
      let isOver = part.failure != nil || part.error != nil || part.isCut
      results.append(
        DividedSearch.Explored(node: branch.node, part: part, rest: isOver ? SearchRest() : takeUnexplored()))
      if isOver { break }
    }
    return results
  }
}
