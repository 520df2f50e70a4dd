// SPDX-License-Identifier: GPL-2.0-only

/// Tries every schedule of some threads with at most that many switches, in a fixed order.
///
/// The scenario's own thread may always run. Waits for the end of a thread are taken as soon as they can be: they
/// commute with every other step. Two kinds of schedules are left out, since others with no more switches and no more
/// steps do the same:
///
/// - A thread that was preempted goes on only once something has happened that its next step depends on: else the step
///   could as well have been taken before the switch.
/// - A state (``StateWatch``) is not gone on from a second time with the same thread running and the same threads held
///   back, unless with fewer switches or fewer steps than before.
///
/// Where the failure comes after all threads have ended, each of those that have not and does not run takes another
/// switch: an execution that has not enough of them left is given up.
final class BoundedStrategy: Strategy {
  private struct Node {
    /// The threads still to be tried here, the one being tried first.
    var choices: [Int]
    /// The place in the watch's log.
    var mark: Int
  }

  /// What it has cost to reach a state.
  private struct Cost {
    var switches: Int
    var steps: Int
  }

  private let allowed: ThreadSet
  private let maximumSwitches: Int
  /// Whether the failure comes after all threads have ended.
  private let endsAllThreads: Bool
  /// Executions that reach this number of steps are given up.
  var maximumSteps: Int
  /// Whether a schedule was left out only because it has too many switches.
  private(set) var leftSomethingOut = false

  private var path: [Node] = []
  private let watch = StateWatch()
  private var seen: [UInt64: Cost] = [:]
  private var hasBegun = false
  private var depth = 0
  private var switches = 0
  private var last: Int?
  /// For each thread that was preempted, how many events there were then.
  private var preemptions: [Int?] = []

  init(allowed: ThreadSet, maximumSwitches: Int, maximumSteps: Int, endsAllThreads: Bool) {
    self.allowed = allowed.with(0)
    self.maximumSwitches = maximumSwitches
    self.endsAllThreads = endsAllThreads
    self.maximumSteps = maximumSteps
  }

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    if hasBegun {
      while let node = path.last {
        if node.choices.count > 1 {
          path[path.count - 1].choices.removeFirst()
          watch.rewind(to: node.mark)
          break
        }
        path.removeLast()
      }
      if path.isEmpty { return false }
    }
    hasBegun = true
    depth = 0
    switches = 0
    last = nil
    preemptions.removeAll(keepingCapacity: true)
    return true
  }

  func choose(_ point: DecisionPoint) -> Int {
    if let joiner = point.joiner { return joiner }
    if depth >= maximumSteps { return DecisionPoint.abandon }
    if path.isEmpty || depth == path.count - 1 { watch(point.kernel) }
    if depth == path.count {
      watch.names.catchUp(with: point.kernel)
      watch.settle(point.kernel)
      let mark = watch.mark
      let choices = choices(at: point)
      if choices.isEmpty { return DecisionPoint.abandon }
      path.append(Node(choices: choices, mark: mark))
    }
    let choice = path[depth].choices[0]
    // A scenario that is not deterministic may reach a place where that thread cannot run.
    if !point.enabled.contains(choice) { return DecisionPoint.abandon }
    if let last, last != choice {
      switches += 1
      if point.enabled.contains(last) { preemptions[last] = point.depth }
    }
    while preemptions.count <= choice { preemptions.append(nil) }
    preemptions[choice] = nil
    last = choice
    depth += 1
    return choice
  }

  private func watch(_ kernel: Kernel) {
    watch.names.catchUp(with: kernel)
    kernel.startWatching(watch)
  }

  /// The threads to try at a place that no execution has reached; empty where others have reached it with less.
  private func choices(at point: DecisionPoint) -> [Int] {
    if switches + switchesNeeded(point) > maximumSwitches {
      leftSomethingOut = true
      return []
    }
    var choices: [Int] = []
    var rest = point.enabled.intersection(allowed)
    if let last, rest.contains(last) {
      choices.append(last)
      rest.remove(last)
    }
    if last != nil && switches == maximumSwitches {
      if !rest.isEmpty { leftSomethingOut = true }
      return choices.isEmpty || isSeen(point, heldBack: ThreadSet()) ? [] : choices
    }
    var heldBack = ThreadSet()
    for thread in rest {
      let since = thread < preemptions.count ? preemptions[thread] : nil
      if since.map({ point.hasDependentEvent(since: $0, for: thread) }) ?? true {
        choices.append(thread)
      } else {
        heldBack.insert(thread)
      }
    }
    return isSeen(point, heldBack: heldBack) ? [] : choices
  }

  /// The least number of switches from here.
  private func switchesNeeded(_ point: DecisionPoint) -> Int {
    guard endsAllThreads, let last else { return 0 }
    return point.alive.without(0).without(last).count
  }

  /// Whether the state has been reached with no more switches and steps; if not, this cost is kept.
  private func isSeen(_ point: DecisionPoint, heldBack: ThreadSet) -> Bool {
    var key = Fingerprint.mix(watch.fingerprint(point.kernel), UInt64(bitPattern: Int64(last ?? -1)))
    key = Fingerprint.mix(key, heldBack.digest)
    if let cost = seen[key] {
      if cost.switches <= switches && cost.steps <= depth { return true }
      // Of two costs neither of which is the better one the first is kept: a state is gone on from once more at worst.
      if cost.switches < switches || cost.steps < depth { return false }
    }
    seen[key] = Cost(switches: switches, steps: depth)
    return false
  }
}
