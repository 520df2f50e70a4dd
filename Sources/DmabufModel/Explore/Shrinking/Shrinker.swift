// SPDX-License-Identifier: GPL-2.0-only

/// Makes a failing schedule as small as it can be while it still finds the same defect.
///
/// Two passes. The first takes switches and threads out of the schedule that was found, as long as it still fails:
/// quick, and good enough for long schedules. The second looks below that result for every schedule with 0, 1, 2, …
/// switches, for few threads first: what it finds first is the least there is.
struct Shrinker {
  /// The smallest failing execution so far: the thread of each step, and its cost.
  struct Best {
    var threads: [UInt8]
    var cost: ScheduleCost
    fileprivate var switches: [(place: SwitchPlace, to: Int)]
  }

  private let kernel: Kernel
  private let scenario: Scenario
  private let finding: Finding
  private let threadNames: [String]
  private var executionsLeft: Int
  private var stepsLeft: Int
  private let before: ScheduleCost
  /// Whether the failure lies after the end of all threads, so that none of them can be left out.
  private let needsAllThreads: Bool
  private(set) var best: Best
  private var executions = 0
  private var wasCut = false
  /// Whether the best one was found by the search from below, in its fixed order: then it is the same whichever
  /// schedule it came from.
  private var isCanonical = false

  /// Starts from the execution that a machine has just ended.
  ///
  /// - Parameters:
  ///   - kernel: The machine.
  ///   - finding: What it has found.
  ///   - executions: The number of executions that may be run.
  ///   - steps: The number of steps that these may take in all.
  ///   - scenario: The scenario.
  init(_ kernel: Kernel, _ finding: Finding, executions: Int, steps: Int, _ scenario: @escaping Scenario) {
    self.kernel = kernel
    self.scenario = scenario
    self.finding = finding
    threadNames = (0..<kernel.threadCount).map { kernel.threads[$0].name }
    executionsLeft = executions
    stepsLeft = steps
    before = ScheduleCost(kernel)
    needsAllThreads = finding.kind == .leak || kernel.unjoined.isEmpty
    best = Best(threads: kernel.events.map(\.thread), cost: before, switches: SwitchesStrategy.switches(of: kernel))
  }

  /// Shrinks, and says how far that went.
  mutating func run() -> Shrinking {
    takeThreadsOut()
    takeSwitchesOut()
    searchBelow()
    return Shrinking(before: before, after: best.cost, executions: executions, wasCut: wasCut)
  }

  /// The threads that take part in the smallest execution.
  private var taking: ThreadSet {
    var threads = ThreadSet()
    for to in best.switches.map(\.to) where to != 0 { threads.insert(to) }
    return threads
  }

  // MARK: Taking out

  private mutating func takeThreadsOut() {
    if needsAllThreads { return }
    for thread in 1..<max(1, threadNames.count) where taking.contains(thread) {
      accept(SwitchesStrategy(best.switches, allowed: ThreadSet.all.without(thread)))
    }
  }

  /// Takes out half of the switches, then quarters, down to single ones, again and again while that helps.
  private mutating func takeSwitchesOut() {
    var size = max(1, best.switches.count / 2)
    while size >= 1 && !best.switches.isEmpty {
      var hasHelped = false
      var start = 0
      while start < best.switches.count && !isSpent {
        var fewer = best.switches
        fewer.removeSubrange(start..<min(start + size, fewer.count))
        if accept(SwitchesStrategy(fewer)) { hasHelped = true } else { start += size }
      }
      if isSpent { return }
      if !hasHelped && size == 1 { return }
      size = hasHelped ? min(size, max(1, best.switches.count / 2)) : size / 2
    }
  }

  /// Runs one execution and keeps it if it finds the same with less.
  @discardableResult
  private mutating func accept(_ strategy: any Strategy, orEqual: Bool = false) -> Bool {
    guard let cost = attempt(strategy), cost < best.cost || orEqual && cost == best.cost else { return false }
    best = Best(threads: kernel.events.map(\.thread), cost: cost, switches: SwitchesStrategy.switches(of: kernel))
    return true
  }

  /// Runs one execution; its cost if it finds the same defect.
  private mutating func attempt(_ strategy: any Strategy) -> ScheduleCost? {
    if isSpent { return nil }
    executions += 1
    executionsLeft -= 1
    let outcome = kernel.execute(scenario, under: strategy, recording: nil)
    stepsLeft -= outcome.steps
    if outcome.misuse != nil {
      // The machine has lost a thread; what was reached has to do.
      executionsLeft = 0
      wasCut = true
      return nil
    }
    guard let found = outcome.finding, found.isSame(as: finding, threadNames: threadNames) else { return nil }
    return ScheduleCost(kernel)
  }

  private var isSpent: Bool { executionsLeft <= 0 || stepsLeft <= 0 }

  // MARK: Searching below

  private mutating func searchBelow() {
    let members = (1..<64).filter { taking.contains($0) }
    // Few switches help the reader most and cost least to find, so they come first although threads count for more.
    search(Self.groups(of: members, size: best.cost.threads), upTo: best.cost.switches)
    if needsAllThreads { return }
    for size in 0..<best.cost.threads where !wasCut && size < best.cost.threads {
      search(Self.groups(of: members, size: size), upTo: nil)
    }
  }

  /// Tries groups of threads of one size with more and more switches, up to the first number with which one fails.
  private mutating func search(_ groups: [ThreadSet], upTo limit: Int?) {
    var switches = 0
    while limit.map({ switches <= $0 }) ?? true {
      var leftSomethingOut = false
      for group in groups {
        let strategy = BoundedStrategy(
          allowed: group, maximumSwitches: switches, maximumSteps: stepsToBeat(group.count, switches),
          endsAllThreads: needsAllThreads)
        while strategy.beginExecution() {
          if isSpent {
            wasCut = true
            return
          }
          if accept(strategy, orEqual: !isCanonical) {
            isCanonical = true
            strategy.maximumSteps = stepsToBeat(group.count, switches)
          }
        }
        leftSomethingOut = leftSomethingOut || strategy.leftSomethingOut
      }
      if best.cost.threads <= groups.first?.count ?? 0 && best.cost.switches <= switches { return }
      if !leftSomethingOut { return }
      switches += 1
    }
  }

  /// The most steps with which a schedule of those numbers of threads and switches is better than the best.
  private func stepsToBeat(_ threads: Int, _ switches: Int) -> Int {
    if best.cost.threads != threads || best.cost.switches != switches { return .max }
    return isCanonical ? best.cost.steps - 1 : best.cost.steps
  }

  /// All sets of that size of the threads, in order.
  private static func groups(of members: [Int], size: Int) -> [ThreadSet] {
    if size == 0 { return [ThreadSet()] }
    var groups: [ThreadSet] = []
    for (index, member) in members.enumerated() where members.count - index >= size {
      groups += Self.groups(of: Array(members[(index + 1)...]), size: size - 1).map { $0.with(member) }
    }
    return groups
  }
}
