// SPDX-License-Identifier: GPL-2.0-only

/// The one pair of steps whose order decides: the failing schedule passes when they come the other way round.
package struct Flip: Sendable, Hashable, CustomStringConvertible {
  /// One of the two steps.
  package struct Step: Sendable, Hashable {
    /// The thread's name.
    package let thread: String
    /// What is done to what.
    package let text: String
    /// Its number in the failing execution; none for a step that was never reached.
    package let number: Int?
    /// The thread's number.
    let id: ThreadID

    fileprivate var place: String { number.map { "step \($0)" } ?? "never reached" }
  }

  /// The step that came first in the failing execution.
  package let first: Step
  /// The step that came second.
  package let second: Step

  /// The pair in one line.
  package var description: String {
    "if \(second.thread)'s \(second.text) (\(second.place)) came before \(first.thread)'s \(first.text) "
      + "(\(first.place)), the run passes"
  }
}

/// Looks for the pair of steps whose order decides, by trying the failing schedule with each pair reversed.
///
/// Of the pairs that make it pass, the one is taken that changes the order of the fewest other pairs; then one of data
/// before one of locks; then the last. That an access came before the free of its memory is said where nothing else
/// decides: it is what went wrong, and not why.
struct FlipSearch {
  /// Schedules longer than this are not looked at: the number of pairs grows with the square.
  private static let maximumSteps = 200
  private static let maximumExecutions = 400

  /// The number of pairs that were tried.
  private(set) var tried = 0
  /// Whether pairs were left out.
  private(set) var wasCut = false

  private let kernel: Kernel
  private let scenario: Scenario
  private let recording: Recording
  /// The steps in the order of the failing execution, then those that threads were about to take.
  private let steps: [TraceStep]
  /// For each step the steps before it that it cannot come before.
  private let causes: [Set<Int>]

  init(_ kernel: Kernel, _ recording: Recording, _ scenario: @escaping Scenario) {
    self.kernel = kernel
    self.scenario = scenario
    self.recording = recording
    let visible = recording.steps.filter(\.isVisible) + recording.pendingAtEnd.filter(\.isVisible)
    steps = visible.count > Self.maximumSteps ? [] : visible
    wasCut = steps.count < visible.count
    var causes: [Set<Int>] = []
    for (later, step) in steps.enumerated() {
      var mine: Set<Int> = []
      for earlier in (0..<later).reversed() where !mine.contains(earlier) && steps[earlier].isDependent(on: step) {
        mine.insert(earlier)
        mine.formUnion(causes[earlier])
      }
      causes.append(mine)
    }
    self.causes = causes
  }

  /// Tries the pairs.
  mutating func run() -> Flip? {
    var best: (flip: Flip, rank: (Int, Int, Int))?
    for second in steps.indices.reversed() {
      for first in (0..<second).reversed() where isReversible(first, second) {
        if tried == Self.maximumExecutions {
          wasCut = true
          return best?.flip
        }
        guard let reversed = passes(first, second) else { continue }
        let isLock = isLock(steps[first]) && isLock(steps[second])
        let rank = (isFree(steps[first], of: steps[second]) ? 1 : 0, reversed, isLock ? 1 : 0)
        if let best, best.rank <= rank { continue }
        best = (Flip(first: describe(first), second: describe(second)), rank)
      }
    }
    return best?.flip
  }

  /// Whether two steps touch one object, and the later one's thread could have reached it without the earlier one.
  private func isReversible(_ first: Int, _ second: Int) -> Bool {
    steps[first].thread != steps[second].thread && steps[first].isDependent(on: steps[second])
      && !(first..<second).contains { steps[$0].thread == steps[second].thread && causes[$0].contains(first) }
  }

  /// Runs the schedule with two steps reversed; if it passes, how many pairs of steps have changed their order.
  private mutating func passes(_ first: Int, _ second: Int) -> Int? {
    tried += 1
    let between = (first + 1)..<second
    let order =
      Array(0..<first) + between.filter { !causes[$0].contains(first) } + [second, first]
      + between.filter { causes[$0].contains(first) } + ((second + 1)..<max(second + 1, steps.count))
    let outcome = kernel.execute(
      scenario, under: SequenceStrategy(order.map { steps[$0].thread.index }), recording: nil)
    if outcome.finding != nil || outcome.misuse != nil { return nil }
    let places = newPlaces()
    guard let newSecond = places[second] else { return nil }
    if let newFirst = places[first], newFirst < newSecond { return nil }
    var reversed = 0
    for later in steps.indices {
      for earlier in 0..<later where steps[earlier].isDependentInKernel(on: steps[later]) {
        if let one = places[earlier], let other = places[later], one > other { reversed += 1 }
      }
    }
    return reversed
  }

  /// For each step of the failing execution its place in the one that has just ended: the same thread's step of the
  /// same number, if it does the same there.
  private func newPlaces() -> [Int?] {
    var byThread: [[(place: Int, object: ObjectID, access: Access)]] = []
    for (place, event) in kernel.visibleEvents.enumerated() {
      while byThread.count <= Int(event.thread) { byThread.append([]) }
      byThread[Int(event.thread)].append((place, event.object, event.access))
    }
    var taken = StepCounter()
    return steps.map { step in
      let thread = step.thread.index
      let number = taken.count(of: thread)
      taken.add(thread)
      guard thread < byThread.count, number < byThread[thread].count else { return nil }
      let event = byThread[thread][number]
      return event.object == step.object && event.access == step.access ? event.place : nil
    }
  }

  private func isFree(_ step: TraceStep, of other: TraceStep) -> Bool {
    step.access == .free && other.owners.contains(step.object)
  }

  private func isLock(_ step: TraceStep) -> Bool {
    switch step.access {
    case .acquire, .acquireShared, .release, .releaseShared: true
    case .read, .write, .wait, .wake, .free, .look, .update: false
    }
  }

  private func describe(_ index: Int) -> Flip.Step {
    let step = steps[index]
    return Flip.Step(
      thread: recording.threadNames[step.thread.index], text: step.text, number: step.number == 0 ? nil : step.number,
      id: step.thread)
  }
}
