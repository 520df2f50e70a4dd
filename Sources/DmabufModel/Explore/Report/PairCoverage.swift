// SPDX-License-Identifier: GPL-2.0-only

/// A kind of step: what a thread does to an object, at whichever place and however often.
struct StepKind: Hashable {
  var thread: UInt8
  var object: ObjectID
  var label: String
}

/// Two kinds of steps of different threads whose order matters, and the orders in which they were seen.
public struct StepPair: Sendable, Hashable, CustomStringConvertible {
  /// The one that came first, where only one order was seen.
  public let first: String
  /// The other one.
  public let second: String
  /// Whether each was seen to come before the other.
  public let hasBothOrders: Bool

  /// The two steps, and which way round they came.
  public var description: String { "\(first) \(hasBothOrders ? "<->" : "->") \(second)" }
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
    var byObject: [ObjectID: [(kind: Int, thread: UInt8, access: Access)]] = [:]
    var further = kernel.furtherAccesses.makeIterator()
    var next = further.next()
    for (index, label) in recorder.labels.enumerated() {
      let event = kernel.events[index]
      var accesses = [ObjectAccess(event.object, event.access)]
      while let more = next, more.event == index {
        accesses.append(more.access)
        next = further.next()
      }
      if kernel.objects[event.object.index].kind == .thread { continue }
      let kind = number(of: event, label, kernel)
      for access in Self.touches(accesses, kernel) {
        for earlier in byObject[access.object, default: []] where earlier.thread != event.thread {
          if earlier.access.commutes(with: access.access) { continue }
          note(earlier.kind, before: kind)
        }
        byObject[access.object, default: []].append((kind, event.thread, access.access))
      }
    }
  }

  /// Some accesses, and that they read the allocations of the fields that they touch.
  private static func touches(_ accesses: [ObjectAccess], _ kernel: Kernel) -> [ObjectAccess] {
    var all = accesses
    for access in accesses where access.access != .look {
      let owner = ObjectID(Int(kernel.objects[access.object.index].owner))
      if owner != access.object { all.append(ObjectAccess(owner, .read)) }
    }
    return all
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
