// SPDX-License-Identifier: GPL-2.0-only

/// Runs one execution of every class of equivalent ones, and no other: a proof over all interleavings.
///
/// Two executions are equivalent if they differ only in the order of neighbouring steps that commute, and then every
/// check has the same outcome in both. The search is *optimal dynamic partial-order reduction* with source sets, sleep
/// sets and wakeup trees (Abdulla, Aronis, Jonsson, Sagonas: POPL 2014, JACM 2017). After each execution it looks for
/// races: pairs of dependent steps that nothing else orders. For each it plans an execution in which the later step
/// comes first, and keeps the plan, unless something explored or planned covers it, in a tree at the place where the
/// two executions part. Three things make it exact:
///
/// - A thread whose step has been tried at a place *sleeps* there, and behind it until a step that does not commute
///   with its own. What begins with a sleeper has been seen, so no two executions are equivalent.
/// - A plan is kept whole, not only its first step. It holds a step that wakes each sleeper, so that no execution
///   reaches a place where all sleep: none is thrown away half-way.
/// - Steps that wait are reversed against what made them wait, not against what ended it: of two sections under one
///   lock the two *locks* race, the unlock and the lock behind it cannot be swapped. Steps that still wait at the end
///   of an execution take part, so that every deadlock is found; it is an execution like any other.
///
/// What it relies on is that steps declare what they touch (``Access``), that steps which share an object commute and
/// neither end nor begin one another's waiting, and that a thread does the same whenever it has read the same. The
/// first two can be got wrong only in an actor of one's own; the third is checked: a scenario that does something else
/// under the same choices is a ``ScenarioError/notDeterministic(_:)``.
public final class ExhaustiveStrategy: DivisibleStrategy, EstimatingStrategy {
  @safe @exclusivity(unchecked) private var search: ExhaustiveSearch
  /// The number of executions that were given up half-way because all that could follow had been seen: none, ever.
  public private(set) var blocked = 0
  /// When the rest is left to others.
  @safe @exclusivity(unchecked) private var budget = PartBudget.unlimited
  private let isDivisible: Bool
  /// What makes the estimate; set by the search.
  var estimator: (() -> SearchEstimate?)?
  private var estimated: SearchEstimate?

  /// Prepares a search of all interleavings.
  public convenience init() { self.init(ignoring: .none) }

  /// Prepares parts of a search; each begins with ``begin(_:budget:remembersPlans:)``.
  init(sharing registry: NameRegistry) {
    search = ExhaustiveSearch(ignoring: .none, sharing: registry)
    isDivisible = false
  }

  /// Prepares a search that leaves a kind of dependence out, for tests that show what becomes of it.
  init(ignoring ignored: IgnoredAccesses) {
    search = ExhaustiveSearch(ignoring: ignored)
    isDivisible = ignored.isEmpty
  }

  /// Yes: a step that is forced is a part of the order all the same.
  public var decidesForcedSteps: Bool { true }

  /// Yes.
  public var mustFinish: Bool { true }

  /// Yes.
  public var reliesOnIndependence: Bool { true }

  /// Goes on to the next class, if there is one.
  public func beginExecution() -> Bool {
    budget.allowsExecution(leavingAt: search.frames.count) && search.begin()
  }

  /// Follows the plan; where it ends, lets the running thread go on if it can.
  public func choose(_ point: DecisionPoint) -> Int { search.choose(point) }

  /// Looks for races and plans the executions in which they go the other way.
  public func endExecution(_ execution: Execution) {
    if search.isBlocked { blocked += 1 }
    search.end(execution.kernel)
  }

  /// What the scenario did that it had not done before under the same choices.
  public var objection: ScenarioError? { search.objection.map { .notDeterministic($0) } }

  /// By parts of the wakeup tree.
  package var division: SearchDivision? { isDivisible ? .exhaustive : nil }

  /// Begins with a part of a search: the executions that begin with a path.
  func begin(_ branch: SearchBranch, budget: PartBudget, remembersPlans: Bool = false) {
    search.begin(branch, remembersPlans: remembersPlans)
    self.budget = budget
  }

  /// What the part leaves to others.
  func takeUnexplored() -> SearchRest {
    let explored = search.isDone ? search.region?.explored(at: search.prefixLength) ?? [] : []
    return SearchRest(plans: search.plans, explored: explored, opened: search.unfold(), cut: search.cut)
  }

  /// The number of classes, as walks at random estimate it when it is first asked for.
  ///
  /// See ``estimateClasses(samples:width:seed:limits:_:)``.
  package var estimate: SearchEstimate? {
    if let estimator {
      self.estimator = nil
      estimated = estimator()
    }
    return estimated
  }

  /// A proof.
  public func verdict(executions: Int) -> Verdict { .exhaustive(executions: executions - blocked) }
}

extension Strategy where Self == ExhaustiveStrategy {
  /// Tries every interleaving, one of each class of equivalent ones.
  ///
  /// It works for any actors that declare their steps, the package's and your own:
  ///
  /// ```swift
  /// actor Seat: KernelActor {
  ///   nonisolated let kernel: Kernel
  ///   nonisolated let object: ObjectID
  ///   private var isTaken = false
  ///
  ///   init(_ kernel: Kernel) {
  ///     self.kernel = kernel
  ///     object = kernel.register("seat")
  ///   }
  ///
  ///   func isFree() async throws(KernelFault) -> Bool {
  ///     try await step(.read, "look")
  ///     return !isTaken
  ///   }
  ///
  ///   func take() async throws(KernelFault) {
  ///     try await step(.write, "take")
  ///     try kernel.check(!isTaken, "two on one seat")
  ///     isTaken = true
  ///   }
  /// }
  ///
  /// try explore(.exhaustive) { kernel in  // throws: both look before one of them takes it
  ///   let seat = Seat(kernel)
  ///   for name in ["a", "b"] {
  ///     kernel.thread(name) { if try await seat.isFree() { try await seat.take() } }
  ///   }
  ///   try await kernel.join()
  /// }
  /// ```
  public static var exhaustive: ExhaustiveStrategy { ExhaustiveStrategy() }
}
