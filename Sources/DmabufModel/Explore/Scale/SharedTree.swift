// SPDX-License-Identifier: GPL-2.0-only

/// The wakeup tree that the parts of a divided search have in common; see ``DividedSearch``.
///
/// Unlike the trees of a search by one machine it keeps what has been explored, for as long as something to the left of
/// it has not: a plan may be found later, and it has to be known whether it is new.
struct SharedTree: Sendable {
  /// What is to be done with what begins at a node.
  enum State: Int32, Sendable {
    /// Nothing: its children are what counts.
    case inner
    /// A job has to explore all that begins here, at least what is below.
    case unexplored
    /// A job does.
    case assigned
    /// A job has, and nothing can be found to be missing any more; what it gave up is below.
    case explored
    /// No execution comes here: one that was to has ended on the way. What was found from here does not count.
    case unreachable
  }

  /// A step that leads to executions, and its place among its parent's children.
  struct Node: Sendable {
    /// The stable name of the thread that takes the step; -1 for the root.
    var thread: Int32
    var parent: Int32
    var firstChild: Int32 = -1
    var lastChild: Int32 = -1
    var nextSibling: Int32 = -1
    var touchCount: Int32 = 0
    /// The number of unexplored nodes from here on.
    var unexplored: Int32 = 0
    var state = State.inner
    /// Threads whose executions from here are all explored or cared for, and which are no longer among the children.
    var before: [Int32] = []
  }

  private(set) var nodes: ContiguousArray<Node> = []
  /// What the steps touch.
  private var rows = TouchRows()
  /// Plans that came to a node after a job had begun with it, each with the steps that are left of it behind the
  /// node.
  private var pendingPlans: [Int32: [(plan: SharedPlan, left: [UInt64])]] = [:]
  /// The nodes that are in no use, linked as siblings.
  private var free: Int32 = -1

  /// A tree with nothing explored: its root is all that there is to do.
  init() {
    _ = make(thread: -1, touching: [])
    markUnexplored(0)
  }

  // MARK: Writing down

  /// A node as it is written down.
  struct Row: Sendable {
    /// The place of the parent among the rows; -1 for the root.
    var parent: Int32
    var thread: Int32
    var state: State
    var touches: [TouchName]
    var before: [Int32]
  }

  /// All nodes, parents before their children and children in their order; and the places of some of them.
  func rows(finding wanted: [Int32]) -> (rows: [Row], places: [Int32]) {
    var rows: [Row] = []
    var places = [Int32](repeating: -1, count: nodes.count)
    var stack: [Int32] = [0]
    while let index = stack.popLast() {
      let node = nodes[Int(index)]
      places[Int(index)] = Int32(rows.count)
      rows.append(
        Row(
          parent: node.parent < 0 ? -1 : places[Int(node.parent)], thread: node.thread, state: node.state,
          touches: Array(touches(of: index)), before: node.before))
      if node.nextSibling >= 0 { stack.append(node.nextSibling) }
      if node.firstChild >= 0 { stack.append(node.firstChild) }
    }
    return (rows, wanted.map { places[Int($0)] })
  }

  /// The tree that has been written down, each node at its row's place; none if the rows do not make one.
  init?(_ rows: [Row]) {
    guard let root = rows.first, root.parent == -1 else { return nil }
    for (place, row) in rows.enumerated() {
      guard place == 0 || row.parent >= 0 && row.parent < place else { return nil }
      let node = make(thread: row.thread, touching: row.touches)
      if place > 0 { append(node, to: row.parent) }
      nodes[place].state = row.state
      nodes[place].before = row.before
      if row.state == .unexplored { count(1, from: node) }
    }
  }

  // MARK: Taking

  /// Assigns the leftmost unexplored node to the caller; nothing if there is no such node.
  mutating func popFirst() -> Int32? {
    if nodes[0].unexplored == 0 { return nil }
    var node: Int32 = 0
    while nodes[Int(node)].state != .unexplored {
      node = nodes[Int(node)].firstChild
      while nodes[Int(node)].unexplored == 0 { node = nodes[Int(node)].nextSibling }
    }
    nodes[Int(node)].state = .assigned
    count(-1, from: node)
    return node
  }

  /// The steps that lead to a node.
  func prefix(to node: Int32) -> ContiguousArray<PathStep> {
    var path: ContiguousArray<PathStep> = []
    for node in nodes(to: node).dropFirst() {
      let parent = Int(nodes[Int(node)].parent)
      var before = nodes[parent].before
      var sibling = nodes[parent].firstChild
      while sibling != node {
        before.append(nodes[Int(sibling)].thread)
        sibling = nodes[Int(sibling)].nextSibling
      }
      path.append(PathStep(thread: nodes[Int(node)].thread, before: before))
    }
    return path
  }

  /// What is below a node.
  func branches(of node: Int32) -> [PlanBranch] {
    var branches: [PlanBranch] = []
    var child = nodes[Int(node)].firstChild
    while child >= 0 {
      branches.append(
        PlanBranch(
          thread: nodes[Int(child)].thread, touches: Array(touches(of: child)), children: self.branches(of: child)))
      child = nodes[Int(child)].nextSibling
    }
    return branches
  }

  /// The number of unexplored nodes.
  var unexplored: Int { Int(nodes[0].unexplored) }

  func state(of node: Int32) -> State { nodes[Int(node)].state }

  private func nodes(to node: Int32) -> [Int32] {
    var path: [Int32] = []
    var node = node
    while node >= 0 {
      path.append(node)
      node = nodes[Int(node)].parent
    }
    path.reverse()
    return path
  }

  // MARK: Learning

  /// Adds the result of exploring a node.
  ///
  /// Of a node that was unreachable when its result came, only what it has found to be missing elsewhere is of use.
  mutating func merge(_ node: Int32, _ rest: SearchRest) {
    let path = nodes(to: node)
    let wasUnreachable = nodes[Int(node)].state == .unreachable
    nodes[Int(node)].state = .explored
    for plan in rest.plans { insert(plan, at: path[plan.depth], behind: path[plan.depth + 1]) }
    let waiting = pendingPlans.removeValue(forKey: node) ?? []
    if !wasUnreachable {
      releaseChildren(of: node)
      if !rest.explored.isEmpty { add(explored: rest.explored, to: node) }
      open(node, rest.opened)
      // What had come meanwhile knew only what was to be explored at least.
      if nodes[Int(node)].state == .inner {
        for (plan, left) in waiting { insert(plan, left, at: node, from: nodes[Int(node)].firstChild) }
      }
      if let cut = rest.cut { markUnreachable(path[cut]) }
    }
    prune()
  }

  private mutating func open(_ node: Int32, _ places: [OpenFrame]) {
    var place = node
    for opened in places {
      nodes[Int(place)].before = opened.before
      nodes[Int(place)].state = .explored
      if let explored = opened.explored {
        nodes[Int(place)].state = .inner
        add(explored: explored, to: place)
      }
      let next = opened.taken.map { add($0, to: place) }
      for branch in opened.left { markUnexplored(add(branch, to: place)) }
      place = next ?? place
    }
  }

  /// Adds a plan to a place, unless what is there covers it.
  ///
  /// Only what comes behind the branch has to be looked at in which it was found: what comes before it sleeps there.
  private mutating func insert(_ plan: SharedPlan, at place: Int32, behind branch: Int32) {
    insert(plan, plan.allSteps, at: place, from: nodes[Int(branch)].nextSibling)
  }

  /// Adds what is left of a plan to a place, unless the children of the place from one on cover it.
  ///
  /// Below a node that a job explores or will explore it becomes a part of what is to be explored at least. If that
  /// is too late for that job, it is looked at again when the result is there.
  private mutating func insert(_ plan: SharedPlan, _ steps: [UInt64], at place: Int32, from first: Int32) {
    var left = steps
    var parent = place
    var child = first
    var root: (node: Int32, left: [UInt64])?
    while true {
      while child >= 0 && !plan.follow(nodes[Int(child)].thread, touches(of: child), &left) {
        child = nodes[Int(child)].nextSibling
      }
      if child < 0 { break }
      let state = nodes[Int(child)].state
      // Nobody sleeps there: all is explored that can follow.
      if state == .explored || state == .unreachable || nodes[Int(child)].firstChild < 0 || left.allSatisfy({ $0 == 0 })
      {
        return
      }
      if state != .inner { root = (child, left) }
      parent = child
      child = nodes[Int(child)].firstChild
    }
    for step in plan.branches(of: left) {
      parent = add(step, to: parent)
      if root == nil {
        markUnexplored(parent)
        root = (parent, left)
      }
    }
    if let root, nodes[Int(root.node)].state == .assigned {
      pendingPlans[root.node, default: []].append((plan, root.left))
    }
  }

  private mutating func add(explored branches: [PlanBranch], to place: Int32) {
    nodes[Int(place)].state = .inner
    for branch in branches {
      let node = add(branch, to: place, isWhole: false)
      nodes[Int(node)].state = .explored
      if !branch.children.isEmpty { add(explored: branch.children, to: node) }
    }
  }

  /// Adds a step to the right of the other children of a node, with all that follows it or alone.
  private mutating func add(_ step: PlanBranch, to parent: Int32, isWhole: Bool = true) -> Int32 {
    let node = make(thread: step.thread, touching: step.touches)
    append(node, to: parent)
    if isWhole { for child in step.children { _ = add(child, to: node) } }
    return node
  }

  private mutating func append(_ node: Int32, to parent: Int32) {
    nodes[Int(node)].parent = parent
    let last = nodes[Int(parent)].lastChild
    if last < 0 { nodes[Int(parent)].firstChild = node } else { nodes[Int(last)].nextSibling = node }
    nodes[Int(parent)].lastChild = node
  }

  private mutating func make(thread: Int32, touching names: [TouchName]) -> Int32 {
    var node = free
    if node >= 0 {
      free = nodes[Int(node)].nextSibling
    } else {
      node = Int32(nodes.count)
      nodes.append(Node(thread: -1, parent: -1))
      rows.addRow()
    }
    nodes[Int(node)] = Node(thread: thread, parent: -1, touchCount: Int32(truncatingIfNeeded: names.count))
    rows.set(node, names)
    return node
  }

  private mutating func releaseChildren(of node: Int32) {
    var child = nodes[Int(node)].firstChild
    while child >= 0 {
      let next = nodes[Int(child)].nextSibling
      releaseChildren(of: child)
      release(child)
      child = next
    }
    nodes[Int(node)].firstChild = -1
    nodes[Int(node)].lastChild = -1
  }

  private mutating func release(_ node: Int32) {
    nodes[Int(node)] = Node(thread: -1, parent: -1, nextSibling: free)
    free = node
  }

  /// What a node's step touches.
  func touches(of node: Int32) -> ArraySlice<TouchName> {
    rows.touches(of: node, count: Int(nodes[Int(node)].touchCount))
  }

  private mutating func markUnexplored(_ node: Int32) {
    nodes[Int(node)].state = .unexplored
    count(1, from: node)
  }

  private mutating func count(_ change: Int32, from node: Int32) {
    var node = node
    while node >= 0 {
      nodes[Int(node)].unexplored += change
      node = nodes[Int(node)].parent
    }
  }

  /// Notes that no execution reaches a node: nothing from there on is to be explored.
  private mutating func markUnreachable(_ node: Int32) {
    var child = nodes[Int(node)].firstChild
    while child >= 0 {
      markUnreachable(child)
      child = nodes[Int(child)].nextSibling
    }
    if nodes[Int(node)].state == .unexplored { count(-1, from: node) }
    // Those that are assigned stay, so that their results are known for what they are.
    nodes[Int(node)].state = nodes[Int(node)].state == .assigned ? .unreachable : .explored
  }

  /// Forgets what has been explored, from the left up to the first node that is assigned or unexplored.
  private mutating func prune() {
    var node: Int32 = 0
    while true {
      let state = nodes[Int(node)].state
      if state == .unexplored || state == .assigned || state == .unreachable { return }
      if nodes[Int(node)].firstChild >= 0 {
        node = nodes[Int(node)].firstChild
        continue
      }
      if node == 0 { return }
      let parent = nodes[Int(node)].parent
      nodes[Int(parent)].firstChild = nodes[Int(node)].nextSibling
      if nodes[Int(parent)].firstChild < 0 { nodes[Int(parent)].lastChild = -1 }
      nodes[Int(parent)].before.append(nodes[Int(node)].thread)
      release(node)
      node = parent
    }
  }
}
