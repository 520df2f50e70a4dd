// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// A small program made from a seed, over the primitives that ``RandomProgram`` does not have.
struct SmallProgram: Sendable, CustomStringConvertible {
  enum Kind: Int, Sendable, CaseIterable { case reservation, fence, queue, kref, thing, completion, taskWork, memory }

  enum Op: Sendable {
    // The reservation and its fences, by their numbers.
    case lockedAdd(Int, FenceUsage), lockedLook(FenceUsage), tryAdd(Int), waitFences(FenceUsage), test(FenceUsage)
    case lockedWait(FenceUsage), signal(Int), setError(Int), waitFence(Int), status(Int), isSignalled(Int)
    // A wait queue and the field that is waited for.
    case sleep, setFlag, clearFlag, wake, isActive
    // A structure with a count and a field.
    case get, put, getUnlessZero, read, free, load, store, make
    case complete, completeAll, wait, tryWait, isDone, reset
    case defer1(Int), runDeferred, loadFlag
    // Memory of a device.
    case touch(Int), write(Int), unmap(Int), map, zap, revoke, seeRevoked, exitMemory, fork
  }

  let kinds: [Kind]
  let threads: [[Op]]
  /// Which fences are in the reservation from the beginning, and which pages have been touched.
  let added: Int
  let touched: Int
  /// The number of references beside the first one.
  let references: Int
  /// What the device's driver gets wrong.
  let mistake: Int

  /// The timelines and points of the fences.
  static let fences: [(context: UInt64, sequence: UInt64)] = [(1, 1), (1, 2), (2, 1), (3, 1)]

  init(seed: UInt64) {
    var numbers = SplitMix64(seed: seed)
    var kinds: [Kind] = [Kind.allCases[numbers.below(Kind.allCases.count)]]
    if numbers.below(3) == 0 { kinds.append(Kind.allCases[numbers.below(Kind.allCases.count)]) }
    if kinds.contains(.fence) && numbers.below(2) == 0 { kinds.append(.reservation) }
    self.kinds = kinds
    let count = 2 + numbers.below(5) / 3
    let longest = kinds.contains(.memory) ? 2 : count == 2 ? 4 : 2
    var threads: [[Op]] = []
    for _ in 0..<count {
      var ops: [Op] = []
      for _ in 0...numbers.below(longest) { ops.append(Self.op(kinds[numbers.below(kinds.count)], &numbers)) }
      threads.append(ops)
    }
    added = numbers.below(3)
    touched = numbers.below(3)
    mistake = numbers.below(5)
    var balance = 0
    for op in threads.joined() {
      if case .put = op { balance += 1 }
      if case .get = op { balance -= 1 }
    }
    references = max(0, balance - numbers.below(2))
    self.threads = Self.mended(threads, kinds, added, &numbers)
  }

  /// Has what is waited for come, most of the time: else most programs would do no more than hang.
  private static func mended(
    _ threads: [[Op]], _ kinds: [Kind], _ added: Int, _ numbers: inout SplitMix64
  ) -> [[Op]] {
    var threads = threads
    if numbers.below(5) == 0 { return threads }
    let waits = threads.map { $0.contains { $0.isWait } }
    guard let place = waits.indices.first(where: { !waits[$0] }) ?? waits.indices.last, waits.contains(true) else {
      return threads
    }
    var answers: [Op] = []
    if kinds.contains(.reservation) || kinds.contains(.fence) { answers = (0...added).map { .signal($0) } }
    if kinds.contains(.queue) { answers += numbers.below(3) == 0 ? [.wake, .setFlag] : [.setFlag, .wake] }
    if kinds.contains(.completion) { answers.append(numbers.below(2) == 0 ? .complete : .completeAll) }
    threads[place] = Array(threads[place].prefix(1)) + answers
    return threads
  }

  private static func op(_ kind: Kind, _ numbers: inout SplitMix64) -> Op {
    let usage = FenceUsage.allCases[numbers.below(4)]
    let fence = numbers.below(fences.count)
    let all: [Op] =
      switch kind {
      case .reservation:
        [
          .lockedAdd(fence, usage), .lockedAdd(fence, usage), .lockedLook(usage), .tryAdd(fence), .waitFences(usage),
          .test(usage), .test(usage), .lockedWait(usage), .signal(fence), .signal(fence), .isSignalled(fence),
        ]
      case .fence:
        [.signal(fence), .signal(0), .setError(0), .waitFence(0), .status(0), .isSignalled(fence), .status(fence)]
      case .queue: [.sleep, .sleep, .setFlag, .clearFlag, .wake, .isActive, .loadFlag]
      case .kref: [.get, .put, .put, .getUnlessZero, .read, .load, .store]
      case .thing: [.free, .load, .store, .load, .make]
      case .completion: [.complete, .completeAll, .wait, .wait, .tryWait, .isDone, .reset]
      case .taskWork: [.defer1(1), .defer1(2), .runDeferred, .loadFlag, .setFlag, .defer1(3)]
      case .memory:
        [.touch(0), .touch(1), .touch(0), .write(0), .unmap(0), .map, .zap, .revoke, .seeRevoked, .fork, .revoke]
      }
    return all[numbers.below(all.count)]
  }

  var description: String {
    let ops = threads.map { $0.map { "\($0)" }.joined(separator: "; ") }.joined(separator: "\n    ")
    return "\(kinds), \(added) added, \(touched) touched, \(references) references, mistake \(mistake)\n    \(ops)"
  }
}

extension SmallProgram.Op {
  fileprivate var isWait: Bool {
    switch self {
    case .waitFences, .lockedWait, .waitFence, .sleep, .wait: true
    default: false
    }
  }

  /// Whether the structure is freed by hand.
  var isFree: Bool {
    if case .free = self { return true }
    return false
  }

  var isPut: Bool {
    if case .put = self { return true }
    return false
  }
}
