// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// Work that can be handed out in units, and learns from their results what else there is to do.
protocol WorkSource: Sendable {
  associatedtype Unit: Sendable
  associatedtype Result: Sendable

  /// All results so far.
  var sum: SearchPart { get }

  /// The next unit; none if it has none, or not before some result comes.
  mutating func next() -> Unit?

  /// What a unit's result says of the search.
  static func parts(of result: Result) -> [SearchPart]

  /// Whether what there is of a unit that was cut off is merged.
  ///
  /// Else it is done again by the process that goes on, so that what comes of it does not depend on the clock.
  static var mergesCutUnits: Bool { get }

  /// Takes a unit's result.
  ///
  /// - Returns: Whether the rest is still of interest.
  mutating func merge(_ result: Result) -> Bool
}

extension WorkSource {
  /// No.
  static var mergesCutUnits: Bool { false }

  fileprivate static func isCut(_ result: Result) -> Bool {
    !mergesCutUnits && parts(of: result).contains(where: \.isCut)
  }
}

/// Hands the units of a source out to several threads, so that what comes of it is the same as with one.
///
/// Results come in any order, and are merged in the order in which their units were made. A unit is made after a merge
/// and at no other time, as long as fewer than ``window`` of them are without a merged result. So the state in which a
/// unit is made depends on how many there were before it, and not on when anybody was ready with one.
final class WorkPool<Source: WorkSource>: Sendable {
  /// What a thread is told that asks for work.
  enum Order: Sendable {
    case unit(Source.Unit, slot: Int)
    /// Nothing at the moment, but there may be something later.
    case wait
    case over
  }

  private struct State {
    /// Units that have not been taken, from `nextUnit` on.
    var units: [(unit: Source.Unit, slot: Int)] = []
    var nextUnit = 0
    /// Results that could not be merged yet, each at its slot's number modulo the window.
    var results: [Source.Result?]
    /// The slot whose result is merged next, and the one of the next unit.
    var firstSlot = 0
    var nextSlot = 0
    /// Somebody merges, and will merge what is put meanwhile.
    var isMerging = true
    var isOver = false
    /// The next result to be merged is one of a unit that was cut off.
    var isCut = false
  }

  private let state: Mutex<State>
  /// Only the thread that merges uses it, so that those that take and put need not wait for a merge.
  private let held: Mutex<Source>
  private let window: Int
  private let onMerge: (@Sendable (Source) -> Void)?

  /// Makes the first units of a source.
  ///
  /// - Parameters:
  ///   - source: The source.
  ///   - window: The most units that may be without a merged result.
  ///   - onMerge: Called after each merge and before new units are made of it.
  init(_ source: Source, window: Int, onMerge: (@Sendable (Source) -> Void)? = nil) {
    self.window = window
    self.onMerge = onMerge
    held = Mutex(source)
    state = Mutex(State(results: Array(repeating: nil, count: window)))
    fill(free: window)
    mergeAll()
  }

  /// The result of the source.
  var source: Source { held.withLock { $0 } }

  /// All that was done: what was merged, and what there is of units that were cut off.
  var total: SearchPart {
    var sum = source.sum
    state.withLock { state in
      guard state.isCut else { return }
      for slot in state.firstSlot..<state.nextSlot {
        guard let result = state.results[slot % window] else { continue }
        for part in Source.parts(of: result) { sum.add(part) }
      }
    }
    return sum
  }

  /// Whether there is nothing left to do.
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Does units for as long as there may be some.
  func work(_ body: (Source.Unit) -> Source.Result) {
    while true {
      switch take() {
      case .unit(let unit, let slot): put(body(unit), slot: slot)
      // Nothing to do happens at the beginning and at the end: not worth more than a look now and then.
      case .wait: OperatingSystemThreads.sleep(microseconds: 20)
      case .over: return
      }
    }
  }

  /// Asks for work.
  func take() -> Order {
    state.withLock { state in
      if state.isOver { return .over }
      if state.nextUnit == state.units.count { return .wait }
      let (unit, slot) = state.units[state.nextUnit]
      state.nextUnit += 1
      if state.nextUnit == state.units.count {
        state.units.removeAll(keepingCapacity: true)
        state.nextUnit = 0
      }
      return .unit(unit, slot: slot)
    }
  }

  /// Delivers a result.
  func put(_ result: Source.Result, slot: Int) {
    let mustMerge = state.withLock { state in
      state.results[slot % window] = result
      if state.isMerging { return false }
      state.isMerging = true
      return true
    }
    if mustMerge { mergeAll() }
  }

  /// Merges for as long as the next result is there.
  private func mergeAll() {
    while let (result, free) = nextResult() {
      let goesOn = held.withLock { source in
        let goesOn = source.merge(result)
        if goesOn { onMerge?(source) }
        return goesOn
      }
      if !goesOn {
        state.withLock { $0.isOver = true }
        return
      }
      fill(free: free)
    }
  }

  /// The next result in order, and how many units may be made once it is merged; none lets the next one who puts merge.
  private func nextResult() -> (Source.Result, free: Int)? {
    state.withLock { state in
      if state.firstSlot == state.nextSlot { state.isOver = true }
      guard !state.isOver, let result = state.results[state.firstSlot % window] else {
        state.isMerging = false
        return nil
      }
      if Source.isCut(result) {
        // What is behind it could be merged as little, and stays where it is.
        (state.isCut, state.isOver, state.isMerging) = (true, true, false)
        return nil
      }
      state.results[state.firstSlot % window] = nil
      state.firstSlot += 1
      return (result, window - (state.nextSlot - state.firstSlot))
    }
  }

  private func fill(free: Int) {
    var units: [Source.Unit] = []
    held.withLock { source in
      while units.count < free, let unit = source.next() { units.append(unit) }
    }
    state.withLock { state in
      for unit in units {
        state.units.append((unit, state.nextSlot))
        state.nextSlot += 1
      }
    }
  }
}
