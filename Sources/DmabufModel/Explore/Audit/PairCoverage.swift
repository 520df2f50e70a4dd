// SPDX-License-Identifier: GPL-2.0-only

/// A kind of step: what a thread does to an object, at whichever place and however often.
struct StepKind: Hashable {
  var thread: UInt8
  var object: ObjectID
  var label: String
}

/// Counts in which orders the dependent steps of a search came.
///
/// Kept for searches that ask for it only: it needs the labels of all steps.
struct PairCoverage {
  private struct Pair: Hashable {
    var low: Int
    var high: Int
  }

  private var kinds: [StepKind: Int] = [:]
  private var names: [String] = []
  private var places: [Pair: Int] = [:]
  /// The pairs in the order in which they were first seen; bit 0 for low before high, bit 1 for the other way round.
  private var pairs: [(pair: Pair, orders: UInt8)] = []

  /// Counts the execution that a machine has just ended.
  mutating func count(_ kernel: Kernel, _ recorder: Recorder) {
    guard recorder.labels.count == kernel.events.count else { return }
    var earlier: [(kind: Int, thread: UInt8, footprint: Footprint)] = []
    for (index, label) in recorder.labels.enumerated() {
      let event = kernel.events[index]
      if kernel.isJoin(ObjectAccess(event.object, event.access)) { continue }
      let footprint = Footprint(event: index, kernel)
      let kind = number(of: event, label, kernel)
      for step in earlier where step.thread != event.thread && step.footprint.depends(on: footprint, kernel) {
        note(step.kind, before: kind)
      }
      earlier.append((kind, event.thread, footprint))
    }
  }

  /// All pairs, in the order in which they were first seen.
  var all: [StepPair] {
    pairs.map { pair, orders in
      let isReversed = orders == 2
      return StepPair(
        first: names[isReversed ? pair.high : pair.low], second: names[isReversed ? pair.low : pair.high],
        hasBothOrders: orders == 3)
    }
  }

  private mutating func number(of event: Event, _ label: StaticString, _ kernel: Kernel) -> Int {
    let kind = StepKind(thread: event.thread, object: event.object, label: label.description)
    if let number = kinds[kind] { return number }
    kinds[kind] = names.count
    names.append("\(kernel.threads[Int(event.thread)].name): \(StepText.of(label, kernel.name(of: event.object)))")
    return names.count - 1
  }

  private mutating func note(_ one: Int, before other: Int) {
    let pair = Pair(low: min(one, other), high: max(one, other))
    let bit: UInt8 = one < other ? 1 : 2
    if let place = places[pair] {
      pairs[place].orders |= bit
    } else {
      places[pair] = pairs.count
      pairs.append((pair, bit))
    }
  }
}
