// SPDX-License-Identifier: GPL-2.0-only

/// The machine's lock checker: who holds what, and in which order classes of locks have been taken.
///
/// As in the kernel, locks of one kind are one class, an order is learnt the first time it is seen, and a cycle is
/// reported when its last edge is seen, whether or not anything has blocked (semantics LD1, LD2, LD3).
struct Lockdep {
  /// The most classes that one execution can have: a bit each in `reach`.
  static let maximumClasses = 64

  private(set) var held: ContiguousArray<ContiguousArray<HeldLock>> = []
  private var classNames: ContiguousArray<StaticString> = []
  /// For each class the classes that have been taken while it was held, directly or through others.
  private var reach: ContiguousArray<UInt64> = []
  private var edges: ContiguousArray<LockEdge> = []

  mutating func reset() {
    for thread in held.indices where !held[thread].isEmpty { held[thread].removeAll(keepingCapacity: true) }
    classNames.removeAll(keepingCapacity: true)
    reach.removeAll(keepingCapacity: true)
    edges.removeAll(keepingCapacity: true)
  }

  /// The index of a class, the same for the same name.
  mutating func index(of name: StaticString) -> Int {
    for index in classNames.indices where classNames[index].isSame(as: name) { return index }
    classNames.append(name)
    reach.append(0)
    return classNames.count - 1
  }

  func name(of lockClass: Int) -> String { classNames[lockClass].description }

  /// The locks that a thread holds, in the order in which it took them.
  func locks(of thread: Int) -> ContiguousArray<HeldLock> { thread < held.count ? held[thread] : [] }

  /// A lock in the list of a thread, the one taken last first.
  func find(_ object: ObjectID, by thread: Int) -> HeldLock? {
    guard thread < held.count else { return nil }
    var place = held[thread].count
    while place > 0 {
      place -= 1
      if held[thread][place].object == object { return held[thread][place] }
    }
    return nil
  }

  /// Whether a thread holds a lock alone.
  func isHeldExclusively(_ object: ObjectID) -> Bool {
    held.contains { $0.contains { $0.object == object && !$0.isShared } }
  }

  mutating func push(_ lock: HeldLock, by thread: Int) {
    while held.count <= thread { held.append([]) }
    held[thread].append(lock)
  }

  /// Takes a lock off a thread's list; false when the thread does not hold it.
  mutating func pop(_ object: ObjectID, by thread: Int) -> Bool {
    guard thread < held.count else { return false }
    // Locks are mostly given back in the reverse order.
    if held[thread].last?.object == object {
      held[thread].removeLast()
      return true
    }
    guard let place = held[thread].lastIndex(where: { $0.object == object }) else { return false }
    held[thread].remove(at: place)
    return true
  }

  mutating func forget(_ thread: Int) {
    if thread < held.count && !held[thread].isEmpty { held[thread].removeAll(keepingCapacity: true) }
  }

  /// Learns that a thread is about to take a lock, and says what is wrong with that, if anything.
  mutating func learn(_ object: ObjectID, _ lockClass: UInt8, by thread: Int) -> LockOrderProblem? {
    guard thread < held.count, !held[thread].isEmpty else { return nil }
    for lock in held[thread] {
      if lock.lockClass == lockClass { return .recursive(lock) }
    }
    for lock in held[thread] where reach[Int(lock.lockClass)] & (1 << UInt64(lockClass)) == 0 {
      let edge = LockEdge(from: lock.lockClass, to: lockClass, thread: thread)
      if reach[Int(lockClass)] & (1 << UInt64(lock.lockClass)) != 0 {
        return .cycle(edge, back: path(from: lockClass, to: lock.lockClass))
      }
      edges.append(edge)
      let gained = reach[Int(lockClass)] | (1 << UInt64(lockClass))
      for other in reach.indices where other == Int(lock.lockClass) || reach[other] & (1 << UInt64(lock.lockClass)) != 0
      {
        reach[other] |= gained
      }
    }
    return nil
  }

  /// The recorded edges that lead from one class to another, by a shortest way.
  private func path(from start: UInt8, to goal: UInt8) -> [LockEdge] {
    var ways: [[LockEdge]] = [[]]
    var seen: Set<UInt8> = [start]
    while !ways.isEmpty {
      var longer: [[LockEdge]] = []
      for way in ways {
        for edge in edges where edge.from == way.last?.to ?? start {
          if edge.to == goal { return way + [edge] }
          if seen.insert(edge.to).inserted { longer.append(way + [edge]) }
        }
      }
      ways = longer
    }
    return []
  }

  /// A line about a lock that a thread holds where it must not hold any.
  func stillHeld(by thread: Int, _ kernel: Kernel, _ event: String) -> String? {
    guard thread < held.count, let lock = held[thread].last else { return nil }
    let way = lock.isShared ? " (read)" : ""
    return "\(kernel.threads[thread].name) \(event) while holding \(kernel.name(of: lock.object))\(way)"
  }
}

/// A lock in the list of its holder.
struct HeldLock: Equatable {
  var object: ObjectID
  var lockClass: UInt8
  var isShared: Bool
}

/// That a lock of one class was taken while one of another was held.
struct LockEdge {
  var from: UInt8
  var to: UInt8
  var thread: Int
}

enum LockOrderProblem {
  case recursive(HeldLock)
  case cycle(LockEdge, back: [LockEdge])
}

extension StaticString {
  /// Whether two literals say the same; the address is looked at first because it mostly decides.
  func isSame(as other: StaticString) -> Bool {
    guard utf8CodeUnitCount == other.utf8CodeUnitCount else { return false }
    if unsafe utf8Start == other.utf8Start { return true }
    return description == other.description
  }
}

extension Kernel {
  /// The class of a lock; all locks with one name are one class.
  public func lockClass(_ name: StaticString) -> LockClass {
    let index = lockdep.index(of: name)
    if index < Lockdep.maximumClasses { return LockClass(index: UInt8(index)) }
    if misuse == nil { misuse = .tooManyLockClasses(name: name.description) }
    isUnwinding = true
    return LockClass(index: 0)
  }

  /// Checks the order in which the current thread takes a lock; called before it waits for it.
  ///
  /// - Parameters:
  ///   - lock: The lock.
  ///   - lockClass: Its class.
  ///   - label: The C spelling of the step to come, for the report: the step itself is never taken when the check fails.
  ///   - file: Where the step was asked for.
  ///   - line: Where the step was asked for.
  @inline(__always)
  public func willAcquire(
    _ lock: ObjectID, _ lockClass: LockClass, _ label: StaticString = "lock", file: StaticString = #fileID,
    line: UInt = #line
  ) throws(KernelFault) {
    guard current < lockdep.held.count, !lockdep.held[current].isEmpty else { return }
    // The step itself ends the thread then, and counts how often it has to.
    if isUnwinding { return }
    guard let problem = lockdep.learn(lock, lockClass.index, by: current) else { return }
    recorder?.noteAttempt(current, lock, .acquire, label, file, line, self)
    throw failLockOrder(problem, lock, at: "\(file):\(line)")
  }

  /// Notes that the current thread holds a lock; called in the step that took it.
  public func didAcquire(_ lock: ObjectID, _ lockClass: LockClass, shared: Bool = false) {
    lockdep.push(HeldLock(object: lock, lockClass: lockClass.index, isShared: shared), by: current)
  }

  /// Notes that the current thread gives a lock back; a lock that it does not hold is a finding.
  public func didRelease(_ lock: ObjectID) throws(KernelFault) {
    if !lockdep.pop(lock, by: current) { throw failUnlockByStranger(lock) }
  }

  /// Whether the current thread holds any lock.
  var holdsLock: Bool { current < lockdep.held.count && !lockdep.held[current].isEmpty }

  /// Whether the current thread holds a lock, alone or as a reader.
  public func isHeld(_ lock: ObjectID) -> Bool { lockdep.find(lock, by: current) != nil }

  /// Whether the current thread holds a lock alone.
  public func isHeldExclusively(_ lock: ObjectID) -> Bool { lockdep.find(lock, by: current)?.isShared == false }
}

/// A class of locks, between which an order is kept.
public struct LockClass: Hashable, Sendable {
  let index: UInt8
}
