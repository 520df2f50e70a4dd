// SPDX-License-Identifier: GPL-2.0-only

/// Runs the thread with the highest priority, and lowers a priority at a few random places.
///
/// *Probabilistic concurrency testing* (Burckhardt, Kothari, Musuvathi, Nagarakatte: ASPLOS 2010). Each thread is given
/// a random priority; at `depth` − 1 random places of the execution the thread that is about to run falls behind all
/// others. A bug that needs `depth` steps in a certain order is found by one execution with a probability of at least 1
/// / (n · k^(depth − 1)), n threads and k places. Good for bugs behind long runs of one thread, where a coin at each
/// step practically never lets one thread go on for long enough.
///
/// k is not known beforehand: it is the most places that an execution has had so far. The first one, of which nothing
/// is known, has no changes. What is known is forgotten every 256 executions, so that these blocks can be run apart. A
/// place where only one thread can go on is not counted: nothing could be changed there.
public final class PctStrategy: DivisibleStrategy {
  private let seed: UInt64
  private let executions: Int
  private var done: Int
  private var numbers = SplitMix64(seed: 0)
  /// A thread's priority, by its number; lowered ones are below all others.
  private var priorities: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: Kernel.maximumThreads)
  /// Threads that have a priority in this execution.
  private var known = ThreadSet()
  /// The places at which a priority is lowered and to what, in order, and how many of them have been passed.
  private var changes: ContiguousArray<Change>
  private var passed = 0
  private var place = 0
  private var mostPlaces = 0

  private struct Change {
    var place: Int
    var priority: UInt64
  }

  /// Samples a number of executions for bugs that need `depth` steps in a certain order.
  ///
  /// A depth below one counts as one: priorities alone, and no changes.
  public convenience init(seed: UInt64, executions: Int, depth: Int) { self.init(seed: seed, 0..<executions, depth) }

  /// Samples those of a search's executions that have certain numbers.
  private init(seed: UInt64, _ numbers: Range<Int>, _ depth: Int) {
    self.seed = seed
    done = numbers.lowerBound
    executions = numbers.upperBound
    changes = ContiguousArray(repeating: Change(place: 0, priority: 0), count: max(0, depth - 1))
  }

  /// By the numbers of the executions.
  package var division: SearchDivision? {
    let depth = changes.count + 1
    return .samples("pct \(seed) depth \(depth)", executions) { [seed] in PctStrategy(seed: seed, $0, depth) }
  }

  /// Draws the places at which priorities change.
  public func beginExecution() -> Bool {
    if done == executions { return false }
    mostPlaces = done % SearchDivision.blockSize == 0 ? 0 : max(mostPlaces, place)
    numbers = SplitMix64(seed: seed, execution: done)
    done += 1
    known = ThreadSet()
    place = 0
    passed = mostPlaces == 0 ? changes.count : 0
    for index in changes.indices {
      // Which place gets which priority is random too: a later change may be to a higher one.
      changes[index] = Change(place: numbers.below(max(1, mostPlaces)), priority: UInt64(index))
    }
    changes.sort { $0.place < $1.place }
    return true
  }

  /// Picks the enabled thread with the highest priority, after a change if one is due.
  public func choose(_ point: DecisionPoint) -> Int {
    drawPriorities(point.alive.subtracting(known))
    var thread = highest(point.enabled)
    while passed < changes.count && changes[passed].place <= place {
      priorities[thread] = changes[passed].priority
      passed += 1
      thread = highest(point.enabled)
    }
    place += 1
    return thread
  }

  private func drawPriorities(_ threads: ThreadSet) {
    for thread in threads { priorities[thread] = numbers.next() | 1 << 63 }
    known = known.union(threads)
  }

  private func highest(_ enabled: ThreadSet) -> Int {
    var best = enabled.first
    for thread in enabled.without(best) {
      if priorities[thread] > priorities[best] { best = thread }
    }
    return best
  }
}

extension Strategy where Self == PctStrategy {
  /// Tries a number of schedules with random priorities that change at `depth` − 1 random places.
  ///
  /// Most bugs need two or three steps in a certain order.
  public static func pct(seed: UInt64 = 1, schedules: Int = 10_000, depth: Int = 3) -> PctStrategy {
    PctStrategy(seed: seed, executions: schedules, depth: depth)
  }
}
