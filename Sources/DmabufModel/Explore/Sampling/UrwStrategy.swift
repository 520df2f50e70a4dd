// SPDX-License-Identifier: GPL-2.0-only

/// Picks a thread with a chance proportional to the steps that it has left.
///
/// *Uniform random walk* (Zhao, Wolff, Mathur, Roychoudhury: ASPLOS 2025). Where the threads' numbers of steps do not
/// depend on the schedule and no thread waits, every interleaving has the same probability; a coin at each step prefers
/// those in which a short thread ends early. Good when the threads are of very different length.
///
/// The number of steps that a thread has is learnt: the first execution is a trial run in which all threads weigh the
/// same, and each one after it corrects the averages, which are forgotten every 256 executions, so that these blocks
/// can be run apart. A thread that others will be started from weighs as much as all of them until they are there.
public final class UrwStrategy: DivisibleStrategy {
  private let seed: UInt64
  private let executions: Int
  private var done: Int
  private var numbers = SplitMix64(seed: 0)
  private var names = StableNames()

  /// By stable name, over all executions: how many steps a thread took, and in how many executions it was there.
  private var stepsInAll: ContiguousArray<Int> = []
  private var timesSeen: ContiguousArray<Int> = []
  /// By stable name, learnt: the steps of a thread and of all threads that come from it.
  private var familySteps: ContiguousArray<Int> = []

  /// By the machine's number, in this execution: steps that are left for a thread and for its unborn children.
  private var left: ContiguousArray<Int> = ContiguousArray(repeating: 0, count: Kernel.maximumThreads)
  private var taken: ContiguousArray<Int> = ContiguousArray(repeating: 0, count: Kernel.maximumThreads)
  private var knownThreads = 0
  private var seen = 0

  /// Samples a number of executions, the first of which is the trial run.
  public convenience init(seed: UInt64, executions: Int) { self.init(seed: seed, 0..<executions) }

  /// Samples those of a search's executions that have certain numbers.
  private init(seed: UInt64, _ numbers: Range<Int>) {
    self.seed = seed
    done = numbers.lowerBound
    executions = numbers.upperBound
  }

  /// By the numbers of the executions.
  package var division: SearchDivision? {
    .samples("urw \(seed)", executions) { [seed] in UrwStrategy(seed: seed, $0) }
  }

  /// Starts the next execution's own sequence.
  public func beginExecution() -> Bool {
    if done == executions { return false }
    if done % SearchDivision.blockSize == 0 { forget() }
    numbers = SplitMix64(seed: seed, execution: done)
    done += 1
    names.beginExecution()
    knownThreads = 0
    seen = 0
    return true
  }

  /// Picks one of the enabled threads, each with a chance proportional to what it has left, at least one step.
  public func choose(_ point: DecisionPoint) -> Int {
    catchUp(with: point.kernel)
    var sum = 0
    for thread in point.enabled { sum += max(1, left[thread]) }
    var place = numbers.below(sum)
    var rest = point.enabled
    while true {
      let thread = rest.first
      rest.removeFirst()
      place -= max(1, left[thread])
      if place < 0 || rest.isEmpty { return thread }
    }
  }

  /// Corrects what is known of each thread's steps.
  public func endExecution(_ execution: Execution) {
    let kernel = execution.kernel
    catchUp(with: kernel)
    for thread in 0..<knownThreads {
      let name = Int(names.name(ofThread: thread))
      stepsInAll[name] += taken[thread]
      timesSeen[name] += 1
      familySteps[name] = (stepsInAll[name] + timesSeen[name] / 2) / timesSeen[name]
    }
    // Children have higher numbers than their parents: backwards, each is complete when it is added to its parent.
    for thread in stride(from: knownThreads - 1, to: 0, by: -1) {
      let parent = Int(names.name(ofThread: kernel.threads[thread].parent.index))
      familySteps[parent] += familySteps[Int(names.name(ofThread: thread))]
    }
  }

  private func forget() {
    for name in stepsInAll.indices { (stepsInAll[name], timesSeen[name], familySteps[name]) = (0, 0, 0) }
  }

  private func catchUp(with kernel: Kernel) {
    names.catchUp(with: kernel)
    while knownThreads < kernel.threadCount {
      let name = Int(names.name(ofThread: knownThreads))
      while familySteps.count <= name {
        familySteps.append(0)
        stepsInAll.append(0)
        timesSeen.append(0)
      }
      left[knownThreads] = familySteps[name]
      taken[knownThreads] = 0
      if knownThreads != 0 { left[kernel.threads[knownThreads].parent.index] -= familySteps[name] }
      knownThreads += 1
    }
    while seen < kernel.events.count {
      let thread = Int(kernel.events[seen].thread)
      left[thread] -= 1
      taken[thread] += 1
      seen += 1
    }
  }
}

extension Strategy where Self == UrwStrategy {
  /// Tries a number of schedules, each thread weighed by the steps that it has left.
  public static func urw(seed: UInt64 = 1, schedules: Int = 10_000) -> UrwStrategy {
    UrwStrategy(seed: seed, executions: schedules)
  }
}
