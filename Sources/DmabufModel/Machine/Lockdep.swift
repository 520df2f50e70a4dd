// SPDX-License-Identifier: GPL-2.0-only

/// The machine's lock checker: who holds what, and in which order classes of locks have been taken.
///
/// As in the kernel, locks of one kind are one class, an order is learnt the first time it is seen, and a cycle is
/// reported when its last edge is seen, whether or not anything has blocked (semantics LD1, LD2, LD3).
struct Lockdep: ~Copyable {
  /// The most classes that one execution can have: a bit each in `reach`.
  static let maximumClasses = 64

  /// The locks that are held, in the order in which they were taken.
  ///
  /// One list for all threads: it is short, and a list for each costs two questions after other owners at each lock.
  private var held = Table<HeldLock>()
  private var classNames = Table<StaticString>()
  /// For each class the classes that have been taken while it was held, directly or through others.
  private var reach = Table<UInt64>()
  private var edges: ContiguousArray<LockEdge> = []

  mutating func reset() {
    held.removeAll()
    classNames.removeAll()
    reach.removeAll()
    if !edges.isEmpty { edges.removeAll(keepingCapacity: true) }
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
  func locks(of thread: Int) -> [HeldLock] { held.filter { $0.thread == thread } }

  /// Whether a thread holds any lock.
  func holdsLock(_ thread: Int) -> Bool { held.firstIndex { $0.thread == thread } != nil }

  /// A lock in the list of a thread, the one taken last first.
  func find(_ object: ObjectID, by thread: Int) -> HeldLock? { place(of: object, by: thread).map { held[$0] } }

  private func place(of object: ObjectID, by thread: Int) -> Int? {
    held.lastIndex { $0.thread == thread && $0.object == object }
  }

  /// The lock that a thread has taken last.
  private func last(of thread: Int) -> HeldLock? { held.lastIndex { $0.thread == thread }.map { held[$0] } }

  /// Whether a thread holds a lock alone.
  func isHeldExclusively(_ object: ObjectID) -> Bool { held.firstIndex { $0.object == object && !$0.isShared } != nil }

  /// A lock that is held and fulfils a condition: of several the one of the thread that was started first.
  func firstHeld(where condition: (ObjectID) -> Bool) -> HeldLock? {
    var first: HeldLock?
    for place in held.indices where condition(held[place].object) {
      if held[place].thread < first?.thread ?? .max { first = held[place] }
    }
    return first
  }

  /// The number of threads that have a share of a lock.
  func shares(of object: ObjectID) -> Int {
    var count = 0
    for place in held.indices where held[place].object == object && held[place].isShared { count += 1 }
    return count
  }

  mutating func push(_ lock: HeldLock) { held.append(lock) }

  /// Takes a lock off a thread's list; false when the thread does not hold it.
  mutating func pop(_ object: ObjectID, by thread: Int) -> Bool {
    guard let place = place(of: object, by: thread) else { return false }
    held.remove(at: place)
    return true
  }

  mutating func forget(_ thread: Int) {
    while let place = held.lastIndex(where: { $0.thread == thread }) { held.remove(at: place) }
  }

  /// Learns that a thread is about to take a lock, and says what is wrong with that, if anything.
  mutating func learn(_ object: ObjectID, _ lockClass: UInt8, by thread: Int) -> LockOrderProblem? {
    for place in held.indices where held[place].thread == thread && held[place].lockClass == lockClass {
      return .recursive(held[place])
    }
    for place in held.indices where held[place].thread == thread {
      let holder = held[place].lockClass
      if reach[Int(holder)] & (1 << UInt64(lockClass)) != 0 { continue }
      let edge = LockEdge(from: holder, to: lockClass, thread: thread)
      if reach[Int(lockClass)] & (1 << UInt64(holder)) != 0 {
        return .cycle(edge, back: path(from: lockClass, to: holder))
      }
      edges.append(edge)
      let gained = reach[Int(lockClass)] | (1 << UInt64(lockClass))
      for other in reach.indices where other == Int(holder) || reach[other] & (1 << UInt64(holder)) != 0 {
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
    guard let lock = last(of: thread) else { return nil }
    let way = lock.isShared ? " (read)" : ""
    return "\(kernel.threads[thread].name) \(event) while holding \(kernel.name(of: lock.object))\(way)"
  }
}

/// A lock in the list of its holder.
struct HeldLock: Equatable {
  var object: ObjectID
  var thread: Int
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
  func willAcquire(
    _ lock: ObjectID, _ lockClass: LockClass, _ label: StaticString, file: StaticString, line: UInt
  ) throws(KernelFault) {
    if !lockdep.holdsLock(current) { return }
    // The step itself ends the thread then, and counts how often it has to.
    if isUnwinding { return }
    guard let problem = lockdep.learn(lock, lockClass.index, by: current) else { return }
    recorder?.noteAttempt(current, lock, .acquire, label, file, line, self)
    throw failLockOrder(problem, lock, at: "\(file):\(line)")
  }

  /// Notes that the current thread holds a lock; called in the step that took it.
  func didAcquire(_ lock: ObjectID, _ lockClass: LockClass, shared: Bool) {
    lockdep.push(HeldLock(object: lock, thread: current, lockClass: lockClass.index, isShared: shared))
  }

  /// Notes that a thread which sleeps in a lock's queue holds the lock: it is given to it before it runs.
  func didGrant(_ lock: ObjectID, _ lockClass: LockClass, to thread: Int, shared: Bool) {
    lockdep.push(HeldLock(object: lock, thread: thread, lockClass: lockClass.index, isShared: shared))
  }

  /// Notes that the current thread gives a lock back; a lock that it does not hold is a finding.
  func didRelease(_ lock: ObjectID) throws(KernelFault) {
    if !lockdep.pop(lock, by: current) { throw failUnlockByStranger(lock) }
  }

  /// Whether the current thread holds any lock.
  var holdsLock: Bool { lockdep.holdsLock(current) }

  /// Whether the current thread holds a lock, alone or as a reader.
  func isHeld(_ lock: ObjectID) -> Bool { lockdep.find(lock, by: current) != nil }

  /// Whether the current thread holds a lock alone.
  func isHeldExclusively(_ lock: ObjectID) -> Bool { lockdep.find(lock, by: current)?.isShared == false }
}

/// A class of locks, between which an order is kept.
public struct LockClass: Hashable, Sendable {
  let index: UInt8
}
