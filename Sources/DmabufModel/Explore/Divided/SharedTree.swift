// SPDX-License-Identifier: GPL-2.0-only

/// The wakeup tree that the parts of a divided search have in common; see ``DividedSearch``.
///
/// Unlike the trees of a search by one machine it keeps what has been explored, for as long as something to the left of
/// it has not: plans come late, and have to find out whether they are new.
struct SharedTree: Sendable {
  /// What is to be done with what begins at a node.
  enum State: Int32, Sendable {
    /// Nothing: its children have to be looked at.
    case inner
    /// Somebody has to explore all that begins here.
    case wanted
    /// Somebody does.
    case taken
    /// Somebody has, and what he gave up is below.
    case explored
    /// No execution comes here: one that was to has ended on the way. What was found from here does not count.
    case dead
  }

  struct Node: Sendable {
    var thread: Int32
    var parent: Int32
    var touches: [TouchName]
    var state = State.inner
    /// Threads whose executions from here are all explored or cared for, and which are no longer among the children.
    var before: [Int32] = []
    var children: [Int32] = []
    /// How many nodes from here on are wanted.
    var wanted = 0
  }

  private(set) var nodes: ContiguousArray<Node> = []
  private var free: [Int32] = []

  /// A tree in which all is wanted that begins at its root.
  init() {
    nodes.append(Node(thread: -1, parent: -1, touches: []))
    want(0)
  }

  /// A tree as it was.
  init(_ nodes: ContiguousArray<Node>, free: [Int32]) {
    self.nodes = nodes
    self.free = free
  }

  /// The nodes that are in no use.
  var freeNodes: [Int32] { free }

  // MARK: Taking

  /// The leftmost node that is wanted, which is taken with it; none if nothing is.
  mutating func takeFirst() -> Int32? {
    if nodes[0].wanted == 0 { return nil }
    var node: Int32 = 0
    while nodes[Int(node)].state != .wanted {
      guard let next = nodes[Int(node)].children.first(where: { nodes[Int($0)].wanted > 0 }) else { return nil }
      node = next
    }
    nodes[Int(node)].state = .taken
    count(-1, from: node)
    return node
  }

  /// The steps that lead to a node.
  func path(to node: Int32) -> ContiguousArray<PathStep> {
    var path: ContiguousArray<PathStep> = []
    for node in nodes(to: node).dropFirst() {
      let parent = Int(nodes[Int(node)].parent)
      var before = nodes[parent].before
      for sibling in nodes[parent].children {
        if sibling == node { break }
        before.append(nodes[Int(sibling)].thread)
      }
      path.append(PathStep(thread: nodes[Int(node)].thread, before: before))
    }
    return path
  }

  /// How many nodes are wanted.
  var wanted: Int { nodes[0].wanted }

  func state(of node: Int32) -> State { nodes[Int(node)].state }

  private func nodes(to node: Int32) -> [Int32] {
    var way: [Int32] = []
    var node = node
    while node >= 0 {
      way.append(node)
      node = nodes[Int(node)].parent
    }
    way.reverse()
    return way
  }

  // MARK: Learning

  /// Takes in what exploring a node has come to.
  ///
  /// Of a node that was dead when its result came, only what it has found to be missing elsewhere is of use.
  mutating func learn(_ leaf: Int32, _ rest: SearchRest) {
    let way = nodes(to: leaf)
    let wasDead = nodes[Int(leaf)].state == .dead
    nodes[Int(leaf)].state = .explored
    for plan in rest.plans { insert(plan, at: way[plan.depth], behind: way[plan.depth + 1]) }
    if !wasDead {
      open(leaf, rest.opened)
      if let cut = rest.cut { kill(way[cut]) }
    }
    prune()
  }

  private mutating func open(_ leaf: Int32, _ places: [OpenPlace]) {
    var place = leaf
    for opened in places {
      nodes[Int(place)].before = opened.before
      let next = opened.taken.map { add($0, to: place) }
      for branch in opened.left { add(wanted: branch, to: place) }
      place = next ?? place
    }
  }

  /// Adds a plan to a place, unless what is there covers it.
  ///
  /// Only what comes behind the branch has to be looked at in which it was found: what comes before it sleeps there.
  private mutating func insert(_ plan: SharedPlan, at place: Int32, behind branch: Int32) {
    var left = plan.allSteps
    var parent = place
    var children = nodes[Int(place)].children.drop { $0 != branch }.dropFirst()
    while let child = children.first(where: { plan.follow(nodes[Int($0)].thread, nodes[Int($0)].touches, &left) }) {
      // Behind a leaf all is explored that can follow.
      if nodes[Int(child)].state != .inner || left.allSatisfy({ $0 == 0 }) { return }
      parent = child
      children = nodes[Int(child)].children[...]
    }
    for step in plan.branches(of: left) { parent = add(step, to: parent) }
    want(parent)
  }

  private mutating func add(wanted branch: PlanBranch, to parent: Int32) {
    let node = add(branch, to: parent)
    if branch.children.isEmpty { want(node) }
    for child in branch.children { add(wanted: child, to: node) }
  }

  private mutating func add(_ step: PlanBranch, to parent: Int32) -> Int32 {
    let new = Node(thread: step.thread, parent: parent, touches: step.touches)
    let node: Int32
    if let last = free.popLast() {
      node = last
      nodes[Int(node)] = new
    } else {
      node = Int32(nodes.count)
      nodes.append(new)
    }
    nodes[Int(parent)].children.append(node)
    return node
  }

  private mutating func want(_ node: Int32) {
    nodes[Int(node)].state = .wanted
    count(1, from: node)
  }

  private mutating func count(_ change: Int, from node: Int32) {
    var node = node
    while node >= 0 {
      nodes[Int(node)].wanted += change
      node = nodes[Int(node)].parent
    }
  }

  /// Takes back that something is wanted from a node on: every execution ends before it.
  private mutating func kill(_ node: Int32) {
    for child in nodes[Int(node)].children { kill(child) }
    if nodes[Int(node)].state == .wanted { count(-1, from: node) }
    // Those that are taken stay, so that their results are known for what they are.
    nodes[Int(node)].state = nodes[Int(node)].state == .taken ? .dead : .explored
  }

  /// Forgets what has been explored, from the left up to the first node that somebody has taken or should take.
  private mutating func prune() {
    var node: Int32 = 0
    while true {
      if let first = nodes[Int(node)].children.first {
        node = first
        continue
      }
      let state = nodes[Int(node)].state
      if node == 0 || state == .wanted || state == .taken || state == .dead { return }
      let parent = nodes[Int(node)].parent
      nodes[Int(parent)].children.removeFirst()
      nodes[Int(parent)].before.append(nodes[Int(node)].thread)
      free.append(node)
      node = parent
    }
  }
}
