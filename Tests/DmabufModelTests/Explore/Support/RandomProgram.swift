// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// A small program made from a seed: two to four threads of at most six steps on at most three objects.
struct RandomProgram: Sendable, CustomStringConvertible {
  enum Kind: Int, Sendable, CaseIterable {
    case field, lock, readWriteLock, completion, semaphore, mutex, rwsem, counter
  }

  indirect enum Op: Sendable {
    case load(Int), store(Int)
    /// Reads, and leaves the next operation out if the value is odd.
    case loadAndSkip(Int)
    case lock(Int), unlock(Int), tryLock(Int), lockShared(Int), unlockShared(Int), downgrade(Int)
    case tryLockShared(Int)
    case complete(Int), wait(Int), tryWait(Int), isDone(Int)
    case down(Int), up(Int)
    case increment(Int), add(Int, Int)
    /// Starts a thread with a field that the two alone share, and stores into that field.
    case spawn([Op])
    case loadOwn, storeOwn
  }

  let kinds: [Kind]
  let threads: [[Op]]
  /// What the scenario's own thread does before it starts the others, and once it has started them.
  let before: [Op]
  let after: [Op]
  /// How many times all of it is done, with a join behind each.
  let rounds: Int

  /// - Parameters:
  ///   - seed: The same program for the same seed.
  ///   - family: Whether most threads make objects and start threads of their own, which is rare otherwise.
  ///   - alone: Whether the scenario's own thread takes steps too, some of them while there is no other.
  init(seed: UInt64, family: Bool = false, alone: Bool = false) {
    var numbers = SplitMix64(seed: seed)
    var kinds: [Kind] = []
    for _ in 0...numbers.below(3) { kinds.append(Kind.allCases[numbers.below(Kind.allCases.count)]) }
    self.kinds = kinds
    let count = [2, 2, 2, 3, 3, 3, 3, 4][numbers.below(8)]
    let longest = family ? 2 : [6, 6, 6, 4, 3][count]
    var threads: [[Op]] = []
    for _ in 0..<count {
      threads.append(Self.thread(&numbers, kinds, 1 + numbers.below(longest), oneStartIn: family ? 2 : 24))
    }
    self.threads = threads
    rounds = alone ? 1 + numbers.below(2) : 1
    (before, after) = alone ? Self.around(&numbers, kinds) : ([], [])
  }

  /// Steps of the scenario's own thread, and where between them it starts the others.
  private static func around(_ numbers: inout SplitMix64, _ kinds: [Kind]) -> (before: [Op], after: [Op]) {
    let ops = thread(&numbers, kinds, 1 + numbers.below(4), oneStartIn: 0).filter { op in
      // Alone it would wait for ever.
      switch op {
      case .wait, .down: false
      default: true
      }
    }
    let start = numbers.below(ops.count + 1)
    return (Array(ops[..<start]), Array(ops[start...]))
  }

  var description: String {
    let objects = kinds.enumerated().map { "\($0.element) \($0.offset)" }.joined(separator: ", ")
    let own = before.isEmpty && after.isEmpty ? [] : ["main, \(rounds) times: \(before), threads, \(after)"]
    return ([objects] + own + threads.map { $0.map { "\($0)" }.joined(separator: "; ") }).joined(separator: "\n  ")
  }

  private static func thread(
    _ numbers: inout SplitMix64, _ kinds: [Kind], _ length: Int, oneStartIn: Int
  ) -> [Op] {
    var ops: [Op] = []
    // What has still to be given back, the last one first.
    var held: [(object: Int, isShared: Bool)] = []
    while ops.count + held.count < length {
      let object = numbers.below(kinds.count)
      let mine = held.lastIndex { $0.object == object }
      if let mine, numbers.below(2) == 0 {
        let lock = held.remove(at: mine)
        ops.append(lock.isShared ? .unlockShared(object) : .unlock(object))
        continue
      }
      if oneStartIn > 0 && numbers.below(oneStartIn) == 0 {
        ops.append(.spawn(child(&numbers, kinds)))
        if numbers.below(2) == 0 { ops.append(.storeOwn) }
        continue
      }
      let isLast = ops.count + held.count + 1 >= length
      let choice = numbers.below(6)
      switch kinds[object] {
      case .field: ops.append(choice < 2 ? .load(object) : choice == 2 ? .loadAndSkip(object) : .store(object))
      case .counter:
        let other = kinds.indices.last { $0 != object && kinds[$0] == .counter }
        if let other, choice < 3 { ops.append(.add(object, other)) } else { ops.append(.increment(object)) }
      case .completion:
        ops.append(
          [
            .complete(object), .complete(object), .wait(object), .tryWait(object),
            .isDone(object), .wait(object),
          ][choice])
      case .semaphore: ops.append(choice < 3 ? .down(object) : .up(object))
      case .lock where isLast || mine != nil, .mutex where isLast || held.contains { $0.object >= object }: break
      case .lock, .mutex:
        if kinds[object] == .mutex && choice == 0 {
          ops.append(.tryLock(object))
        } else {
          ops.append(.lock(object))
          held.append((object, false))
        }
      case .readWriteLock where isLast || mine.map { !held[$0].isShared } ?? false: break
      case .rwsem where isLast || held.contains { $0.object >= object }: break
      case .readWriteLock, .rwsem:
        if kinds[object] == .rwsem && choice == 0 {
          ops.append(.tryLock(object))
        } else if kinds[object] == .rwsem && choice == 1 {
          ops.append(.tryLockShared(object))
        } else if choice < 4 || mine != nil {
          ops.append(.lockShared(object))
          held.append((object, true))
        } else {
          ops.append(.lock(object))
          held.append((object, false))
          if choice == 5 && ops.count + held.count < length {
            ops.append(.downgrade(object))
            held[held.count - 1].isShared = true
          }
        }
      }
      // An operation that does not fit here still uses up its turn, so that the loop ends.
      if isLast { break }
    }
    for lock in held.reversed() { ops.append(lock.isShared ? .unlockShared(lock.object) : .unlock(lock.object)) }
    return ops
  }

  private static func child(_ numbers: inout SplitMix64, _ kinds: [Kind]) -> [Op] {
    var ops = thread(&numbers, kinds, 1 + numbers.below(2), oneStartIn: 0)
    ops.insert(numbers.below(2) == 0 ? .loadOwn : .storeOwn, at: numbers.below(ops.count + 1))
    return ops
  }
}
