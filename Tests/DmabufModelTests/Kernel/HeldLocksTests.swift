// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// One list holds the locks of all threads; each thread must find its own in it, in the order in which it took them.
@Suite("The list of held locks")
struct HeldLocksTests {
  private func lock(_ object: Int, by thread: Int, isShared: Bool = false) -> HeldLock {
    HeldLock(object: ObjectID(object), thread: thread, lockClass: UInt8(object), isShared: isShared)
  }

  @Test("a lock given back from the middle leaves the others in their order, and those of other threads alone")
  func middle() {
    var lockdep = Lockdep()
    let taken = [lock(1, by: 1), lock(2, by: 2), lock(3, by: 1), lock(4, by: 2), lock(5, by: 1)]
    for one in taken { lockdep.push(one) }
    let isPopped = lockdep.pop(ObjectID(3), by: 1)
    let isPoppedTwice = lockdep.pop(ObjectID(3), by: 1)
    let isPoppedByStranger = lockdep.pop(ObjectID(1), by: 2)
    #expect(isPopped && !isPoppedTwice && !isPoppedByStranger)
    let (first, second) = (lockdep.locks(of: 1), lockdep.locks(of: 2))
    #expect(first == [taken[0], taken[4]])
    #expect(second == [taken[1], taken[3]])
  }

  @Test("of a lock that is held twice the one taken last is found and given back")
  func twice() {
    var lockdep = Lockdep()
    lockdep.push(lock(1, by: 1))
    lockdep.push(lock(2, by: 1))
    lockdep.push(lock(1, by: 1, isShared: true))
    let found = lockdep.find(ObjectID(1), by: 1)
    #expect(found == lock(1, by: 1, isShared: true))
    let isPopped = lockdep.pop(ObjectID(1), by: 1)
    let left = lockdep.locks(of: 1)
    #expect(isPopped && left == [lock(1, by: 1), lock(2, by: 1)])
  }

  @Test("a thread that ends leaves no lock, and the others keep theirs")
  func forget() {
    var lockdep = Lockdep()
    for one in [lock(1, by: 1), lock(2, by: 2), lock(3, by: 1)] { lockdep.push(one) }
    lockdep.forget(1)
    let (isHeld, isHeldByOther) = (lockdep.holdsLock(1), lockdep.holdsLock(2))
    #expect(!isHeld && isHeldByOther)
  }

  @Test("a share is not the whole of a lock")
  func whole() {
    var lockdep = Lockdep()
    lockdep.push(lock(1, by: 1, isShared: true))
    lockdep.push(lock(2, by: 2))
    let (shared, whole) = (lockdep.isHeldExclusively(ObjectID(1)), lockdep.isHeldExclusively(ObjectID(2)))
    #expect(!shared && whole)
  }

  @Test("of several held locks in what is freed, the report names that of the thread that was started first")
  func first() {
    var lockdep = Lockdep()
    for one in [lock(1, by: 3), lock(2, by: 2), lock(3, by: 2), lock(4, by: 1)] { lockdep.push(one) }
    let found = lockdep.firstHeld { $0 != ObjectID(4) }
    let absent = lockdep.firstHeld { $0 == ObjectID(5) }
    #expect(found == lock(2, by: 2))
    #expect(absent == nil)
  }
}
