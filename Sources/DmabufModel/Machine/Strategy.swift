// SPDX-License-Identifier: GPL-2.0-only

/// Who decides which thread takes the next step.
///
/// A strategy sees one execution after the other. It decides from what the machine tells it and from its own seed, and
/// from nothing else: no clock, no address, no hash order. It is used on the thread that drives the machine, whichever
/// that is, so its conformance is no global actor's.
public protocol Strategy: AnyObject, SendableMetatype {
  /// Whether the strategy is also asked when only one thread can go on.
  var decidesForcedSteps: Bool { get }

  /// Whether a search that a limit stops is a failure, because it was to be complete.
  var mustFinish: Bool { get }

  /// Whether the strategy leaves orders out because steps are declared independent, so that it is wrong if they are
  /// not.
  var reliesOnIndependence: Bool { get }

  /// What a strategy that repeats choices has noticed: that the scenario does something else under the same ones.
  var objection: ScenarioError? { get }

  /// Prepares for the next execution.
  ///
  /// - Returns: Whether there is one.
  func beginExecution() -> Bool

  /// Sets up the machine for the execution that it is about to begin.
  func prepare(_ kernel: Kernel)

  /// Picks one of the enabled threads, or ``DecisionPoint/abandon`` to give the execution up.
  func choose(_ point: DecisionPoint) -> Int

  /// Learns from the execution that has just ended.
  func endExecution(_ execution: Execution)

  /// What may be said when ``beginExecution()`` has returned false.
  func verdict(executions: Int) -> Verdict
}

extension Strategy {
  /// No: a step that is forced needs no decision.
  public var decidesForcedSteps: Bool { false }

  /// No: some schedules are as good as others.
  public var mustFinish: Bool { false }

  /// No: every order counts.
  public var reliesOnIndependence: Bool { false }

  /// Nothing.
  public var objection: ScenarioError? { nil }

  /// Leaves the machine as it is.
  public func prepare(_ kernel: Kernel) {}

  /// Learns nothing.
  public func endExecution(_ execution: Execution) {}

  /// A number of schedules was tried.
  public func verdict(executions: Int) -> Verdict { .sampled(schedules: executions) }
}

/// A place in an execution where it has to be decided who goes on.
public struct DecisionPoint {
  let kernel: Kernel
  /// The threads that can go on.
  public let enabled: ThreadSet

  init(kernel: Kernel, enabled: ThreadSet) {
    self.kernel = kernel
    self.enabled = enabled
  }

  /// The answer of a strategy that wants no more of this execution.
  public static var abandon: Int { Choice.none }

  /// The thread that took the last step; it may have ended or be waiting.
  public var running: Int { kernel.lastRan }

  /// The number of steps that the execution has taken since there was more than one thread.
  public var depth: Int { kernel.events.count }

  /// The threads that are there, whether or not they can go on.
  public var alive: ThreadSet { kernel.live }

  /// What a thread does next, when it goes on.
  public func pending(_ thread: Int) -> ObjectAccess {
    ObjectAccess(kernel.threads[thread].object, kernel.threads[thread].access)
  }

  /// The number of the object that a thread's pending step is about, in the order of registration in this execution.
  public func objectNumber(of thread: Int) -> Int { kernel.threads[thread].object.index }

  /// The enabled thread at a place in the order of their numbers.
  @inline(__always)
  public func enabledThread(_ place: Int) -> Int {
    var rest = enabled
    for _ in 0..<place { rest.removeFirst() }
    return rest.first
  }
}

/// What a strategy may look at when an execution has ended.
public struct Execution {
  let kernel: Kernel
  /// Whether the machine found something wrong in it.
  public let hasFailed: Bool
}

/// What a search has shown when it has found nothing wrong.
public enum Verdict: Sendable, Hashable, CustomStringConvertible {
  /// Every interleaving, up to the order of steps that commute.
  case exhaustive(executions: Int)
  /// Every state that any interleaving leads to.
  case exhaustiveByStates(states: Int)
  /// Every interleaving with at most that number of preemptions.
  case exhaustiveUpTo(preemptions: Int, executions: Int)
  /// Some schedules, which proves nothing about others.
  case sampled(schedules: Int)
  /// A limit ended the search: not a pass.
  case stoppedAtLimit(executions: Int)
  /// The limit of time ended the search after these executions: not a pass.
  case stoppedAtTimeLimit(seconds: Double, executions: Int)
  /// The user ended the search after these executions: not a pass; see ``SearchInterruption``.
  case interrupted(executions: Int)

  /// Whether something ended the search before its end.
  public var isStopped: Bool {
    switch self {
    case .stoppedAtLimit, .stoppedAtTimeLimit, .interrupted: true
    case .exhaustive, .exhaustiveByStates, .exhaustiveUpTo, .sampled: false
    }
  }

  /// The verdict in a few words.
  public var description: String {
    switch self {
    case .exhaustive(let count): "exhaustive (\(count) executions)"
    case .exhaustiveByStates(let count): "exhaustive (\(count) states)"
    case .exhaustiveUpTo(let bound, let count): "exhaustive up to \(bound) preemptions (\(count) executions)"
    case .sampled(let count): "sampled (\(count) schedules)"
    case .stoppedAtLimit(let count): "stopped at the limit of \(count) executions: not a proof"
    case .stoppedAtTimeLimit(let seconds, let count):
      "stopped at the limit of \(Limits.text(seconds)) seconds, after \(count) executions: not a proof"
    case .interrupted(let count): "interrupted after \(count) executions: not a proof"
    }
  }
}
