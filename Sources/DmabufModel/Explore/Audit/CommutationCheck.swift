// SPDX-License-Identifier: GPL-2.0-only

/// Takes steps that were declared independent in both orders and holds against each other what comes of it.
///
/// A search that leaves orders out is as good as what the steps declare. So from states of random executions two
/// threads whose pending steps are declared to commute go on in one order and in the other; the rest of the execution
/// is the same. What must then be the same too: the state of every actor that has taken part, what every step has given
/// back, what each thread does next and whether it can, the steps that follow, and how it ends. An undeclared access
/// shows in one of them, if not at once then when what was written is read later.
///
/// Each random execution is also run a second time: the other thing that a search takes for granted is that a scenario
/// does the same under the same choices.
struct CommutationCheck {
  private let pairs: Int
  private let seed: UInt64
  /// Pairs of steps that have been tried; others come first.
  private var tried: Set<String> = []

  init(pairs: Int, seed: UInt64 = 1) {
    self.pairs = pairs
    self.seed = seed
  }

  /// Tries that number of pairs.
  ///
  /// - Returns: The number of pairs that were compared; less than was asked for if the scenario has hardly any.
  /// - Throws: ``ScenarioError/doNotCommute(_:_:_:)`` for two steps that do not commute.
  mutating func run(_ kernel: Kernel, _ scenario: @escaping Scenario) throws -> Int {
    var compared = 0
    for number in 0..<pairs {
      let sampler = PairSampler(SplitMix64(seed: seed, execution: number), tried)
      let sampled = kernel.execute(scenario, under: sampler, recording: Recorder())
      if let misuse = sampled.misuse { throw misuse }
      try requireSame(kernel, scenario)
      guard let pair = sampler.pair else { continue }
      tried.insert(pair.key)
      let beginning = (0..<pair.depth).map { kernel.events[$0] }
      let names = NameRegistry()
      let one = PairRunner(beginning, pair.first, pair.second, seed: seed &+ UInt64(number), naming: names)
      let other = PairRunner(beginning, pair.second, pair.first, seed: seed &+ UInt64(number), naming: names)
      for runner in [one, other] {
        let outcome = kernel.execute(scenario, under: runner, recording: nil) { runner.finish(kernel) }
        if let misuse = outcome.misuse { throw misuse }
        if runner.hasDiverged { throw ScenarioError.notDeterministic("a step differed under the same choices") }
        runner.finding = outcome.finding
      }
      compared += 1
      if let difference = one.difference(from: other) {
        throw ScenarioError.doNotCommute(pair.firstStep, pair.secondStep, difference)
      }
    }
    return compared
  }

  /// Runs the execution that has just ended again.
  private func requireSame(_ kernel: Kernel, _ scenario: @escaping Scenario) throws {
    let events = kernel.events.map { $0 }
    let outcome = kernel.execute(scenario, under: FollowStrategy(events.map(\.thread)), recording: nil)
    if let misuse = outcome.misuse { throw misuse }
    let again = kernel.events.map { $0 }
    if again == events { return }
    let step = zip(events, again).prefix { $0 == $1 }.count + 1
    throw ScenarioError.notDeterministic("step \(step) among threads differed under the same choices")
  }
}

/// Two pending steps that are declared to commute.
private struct CommutingSteps {
  var depth: Int
  var first: Int
  var second: Int
  var firstStep: String
  var secondStep: String
  /// The two steps without their threads and places.
  var key: String
}

/// Runs an execution at random and picks one pair of steps in it that are declared to commute, a new one if there is
/// one.
private final class PairSampler: Strategy {
  private var numbers: SplitMix64
  private let tried: Set<String>
  private(set) var pair: CommutingSteps?
  private var isNew = false
  private var candidates = 0

  init(_ numbers: SplitMix64, _ tried: Set<String>) {
    self.numbers = numbers
    self.tried = tried
  }

  var decidesForcedSteps: Bool { true }
  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    let enabled = (0..<point.kernel.threadCount).filter { point.isEnabled($0) }
    for (place, first) in enabled.enumerated() {
      for second in enabled[(place + 1)...] { consider(first, second, point) }
    }
    return point.enabledThread(numbers.below(point.enabled.count))
  }

  private func consider(_ first: Int, _ second: Int, _ point: DecisionPoint) {
    let kernel = point.kernel
    let left = Footprint(pending: first, kernel)
    let right = Footprint(pending: second, kernel)
    if left.isJoin || right.isJoin || left.depends(on: right, kernel) { return }
    let key = [describe(first, kernel), describe(second, kernel)].sorted().joined(separator: " ")
    let isNew = !tried.contains(key)
    if isNew && !self.isNew { candidates = 0 }
    if self.isNew && !isNew { return }
    self.isNew = isNew
    candidates += 1
    if numbers.below(candidates) != 0 { return }
    pair = CommutingSteps(
      depth: point.depth, first: first, second: second, firstStep: locate(first, kernel),
      secondStep: locate(second, kernel), key: key)
  }

  private func describe(_ thread: Int, _ kernel: Kernel) -> String {
    let label = kernel.recorder?.pendingLabel(of: thread) ?? ""
    let text = StepText.of(label, kernel.name(of: kernel.threads[thread].object))
    return "\(text), declared as \(kernel.threads[thread].access)"
  }

  private func locate(_ thread: Int, _ kernel: Kernel) -> String {
    let location = kernel.recorder?.location(of: thread).map { " at \($0)" } ?? ""
    return "thread \(kernel.threads[thread].name): \(describe(thread, kernel))\(location)"
  }
}

/// A step behind the two, by names that no order changes, and in words.
private struct Follower {
  var thread: Int32
  var object: Int32
  var text: String

  func isSame(as other: Follower) -> Bool { thread == other.thread && object == other.object }
}

/// Runs a beginning, two steps, and then always the same.
private final class PairRunner: Strategy {
  private let beginning: [Event]
  private let pair: [Int]
  private let seed: UInt64
  private let watch: StateWatch
  private var steps: ContiguousArray<Int> = ContiguousArray(repeating: 0, count: Kernel.maximumThreads)
  private var afterPair: MachineSnapshot?
  private var atEnd: MachineSnapshot?
  private var followers: [Follower] = []
  private(set) var hasDiverged = false
  /// That the second step could not be taken behind the first.
  private var isBlocked = false
  var finding: Finding?

  init(_ beginning: [Event], _ first: Int, _ second: Int, seed: UInt64, naming registry: NameRegistry) {
    self.beginning = beginning
    watch = StateWatch(comparing: true, sharing: registry)
    pair = [first, second]
    self.seed = seed
  }

  var decidesForcedSteps: Bool { true }
  func beginExecution() -> Bool { true }

  func choose(_ point: DecisionPoint) -> Int {
    let depth = point.depth
    let kernel = point.kernel
    if kernel.watch == nil { kernel.startWatching(watch) }
    watch.names.catchUp(with: kernel)
    if depth < beginning.count {
      let step = beginning[depth]
      let isSame = point.pending(Int(step.thread)) == ObjectAccess(step.object, step.access)
      if isSame && point.isEnabled(Int(step.thread)) { return Int(step.thread) }
      hasDiverged = true
      return DecisionPoint.abandon
    }
    if depth < beginning.count + 2 {
      let thread = pair[depth - beginning.count]
      if point.isEnabled(thread) { return thread }
      isBlocked = true
      return DecisionPoint.abandon
    }
    if afterPair == nil { afterPair = MachineSnapshot(kernel, watch) }
    let thread = follower(point)
    let object = point.pending(thread).object
    followers.append(
      Follower(
        thread: watch.names.name(ofThread: thread), object: watch.names.name(ofObject: object.index),
        text: "\(kernel.threads[thread].name) takes a step on \(kernel.name(of: object))"))
    return thread
  }

  /// The enabled thread with the highest priority, which depends on the thread and the number of its steps only.
  private func follower(_ point: DecisionPoint) -> Int {
    var best = -1
    var highest: UInt64 = 0
    for thread in 0..<point.kernel.threadCount where point.isEnabled(thread) {
      let name = Int(watch.names.name(ofThread: thread))
      let step = name < steps.count ? steps[name] : 0
      let priority = Fingerprint.mix(seed, UInt64(truncatingIfNeeded: name << 32 | step))
      if best < 0 || priority > highest { (best, highest) = (thread, priority) }
    }
    let name = Int(watch.names.name(ofThread: best))
    if name < steps.count { steps[name] += 1 }
    return best
  }

  /// Looks at what is left when the execution is over.
  func finish(_ kernel: Kernel) {
    if kernel.watch != nil { atEnd = MachineSnapshot(kernel, watch) }
  }

  /// What has come out differently than in the other order.
  func difference(from other: PairRunner) -> String? {
    if isBlocked || other.isBlocked { return "each can go on, but one of them not behind the other" }
    // Where both orders stop half-way the rest was never run; which of two failures comes first is no difference.
    if afterPair == nil && other.afterPair == nil && finding != nil && other.finding != nil { return nil }
    if let afterPair, let second = other.afterPair, let what = afterPair.difference(from: second) { return what }
    for (left, right) in zip(followers, other.followers) where !left.isSame(as: right) {
      return "afterwards \(left.text) in one order, \(right.text) in the other"
    }
    let endings = [finding, other.finding].map { $0?.description ?? "nothing found" }
    if endings[0] != endings[1] { return "\(endings[0]) in one order, \(endings[1]) in the other" }
    if finding == nil, let atEnd, let second = other.atEnd { return atEnd.difference(from: second) }
    return nil
  }
}

/// Takes steps that a scenario declares independent in both orders, from states of random executions, and compares.
///
/// An exhaustive `explore` does this by itself for ``Limits/commutingPairs`` pairs. Longer, it
/// is a test of one's own actors: whether they declare all that their steps touch.
///
/// - Parameters:
///   - pairs: The number of pairs of steps to compare.
///   - seed: Another seed is another choice of pairs.
///   - limits: When an execution counts as a livelock.
///   - scenario: Sets up, starts threads, joins them and checks.
/// - Returns: The number of pairs that were compared.
/// - Throws: ``ScenarioError/doNotCommute(_:_:_:)`` for two steps that do not commute.
@discardableResult
public func checkCommutation(
  pairs: Int = 100, seed: UInt64 = 1, limits: Limits = Limits(), _ scenario: @escaping Scenario
) throws -> Int {
  try ScenarioError.require(pairs, "pairs", 0...Int.max)
  let limits = try limits.overridden(by: Environment())
  let kernel = Kernel()
  defer { kernel.shutDown() }
  kernel.limits = limits
  var check = CommutationCheck(pairs: pairs, seed: seed)
  return try check.run(kernel, scenario)
}
