// SPDX-License-Identifier: GPL-2.0-only

/// Runs a scenario once, on a machine with processors and a clock.
///
/// The same model as under every search, with the same checks: what goes next is decided by the time that steps take on
/// a ``TimedMachine``. Times are exact: the same inputs give the same digits on every computer.
///
/// The thread that runs the scenario is no part of the machine: what it does before it starts others takes no time.
public final class TimedStrategy: Strategy {
  private let machine: TimedMachine
  private let processors: Int
  private let seed: UInt64
  private let window: Range<Int>?
  private var clock: VirtualClock?
  private var isDone = false

  /// Times a scenario.
  ///
  /// - Parameters:
  ///   - machine: The machine.
  ///   - processors: The number of its processors that threads may use; all, if it is not said.
  ///   - seed: For the variation of work; see ``CostModel/variation``.
  ///   - window: The time, in picoseconds, of which everything is kept for ``TimeReport/trace``.
  public init(on machine: TimedMachine, processors: Int? = nil, seed: UInt64 = 1, recording window: Range<Int>? = nil) {
    self.window = window
    self.machine = machine
    self.processors = max(1, min(processors ?? machine.processors, Kernel.maximumThreads))
    self.seed = seed
  }

  /// What it was made from.
  var setup: TimedSetup { TimedSetup(machine: machine, processors: processors, seed: seed) }

  /// Asks for every step: each takes time.
  public var decidesForcedSteps: Bool { true }

  /// Answers yes once.
  public func beginExecution() -> Bool {
    defer { isDone = true }
    return !isDone
  }

  /// Gives the machine a clock.
  public func prepare(_ kernel: Kernel) {
    let clock = VirtualClock(machine, processors: processors, seed: seed, window: window)
    self.clock = clock
    kernel.clock = clock
    kernel.locksQueue = true
  }

  /// Picks the thread that is the least far on.
  public func choose(_ point: DecisionPoint) -> Int {
    clock?.choose(point.kernel) ?? point.serialChoice
  }

  /// Where the time went.
  public var report: TimeReport? {
    guard let clock else { return nil }
    var report = TimeReport(machine: machine, processors: processors)
    report.elapsed = clock.elapsed
    report.steps = clock.steps
    report.threads = clock.ended
    report.operations = clock.operations.map { OperationTime(name: $0.key, latency: $0.value) }.sorted {
      $0.name < $1.name
    }
    report.lost = clock.lost.all
    report.slices = clock.slices
    report.names = clock.threadNames
    return report
  }
}

/// What a timed strategy is made from.
struct TimedSetup: Sendable {
  let machine: TimedMachine
  let processors: Int
  let seed: UInt64

  /// The strategy, from its beginning.
  var strategy: TimedStrategy { TimedStrategy(on: machine, processors: processors, seed: seed) }
}

extension Strategy where Self == TimedStrategy {
  /// Runs the scenario once, on a machine with processors and a clock.
  public static func timed(on machine: TimedMachine, processors: Int? = nil, seed: UInt64 = 1) -> TimedStrategy {
    TimedStrategy(on: machine, processors: processors, seed: seed)
  }
}
