// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// The decisions of a queue, without a kernel.
@Suite("The queue of a lock")
struct LockQueueTests {
  /// A queue of the threads 1, 2, … that are written as `r` and `w`.
  private static func queue(_ threads: String, hasReaders: Bool = true) -> LockQueue {
    var queue = LockQueue(hasReaders: hasReaders)
    for (place, kind) in threads.enumerated() {
      queue.join(place + 1, ObjectID(place + 1), asReader: kind == "r")
    }
    return queue
  }

  /// A queue whose first thread has been woken and has found the lock gone.
  private static func handedOff(_ threads: String, hasReaders: Bool = true) -> LockQueue {
    var queue = queue(threads, hasReaders: hasReaders)
    #expect(queue.takeTurn(of: 1, LockHold(isExclusive: true)) { $0.failures > 0 } == .loses)
    return queue
  }

  struct Row: Sendable {
    var hold = LockHold()
    var queue = ""
    var isHandedOff = false
    var reader: LockQueue.Entry
    var writer: LockQueue.Entry
    var triesRead: Bool
    var triesWrite: Bool
  }

  @Test(
    "says what happens to a thread that comes (RW1 to RW5, RW10)",
    arguments: [
      Row(reader: .takes, writer: .takes, triesRead: true, triesWrite: true),
      Row(hold: LockHold(readers: 1), reader: .takes, writer: .joins, triesRead: true, triesWrite: false),
      Row(hold: LockHold(isExclusive: true), reader: .joins, writer: .joins, triesRead: false, triesWrite: false),
      Row(queue: "w", reader: .steals, writer: .steals, triesRead: false, triesWrite: false),
      Row(queue: "rw", reader: .steals, writer: .steals, triesRead: false, triesWrite: false),
      Row(
        hold: LockHold(readers: 1), queue: "w", reader: .joins, writer: .joins, triesRead: false, triesWrite: false),
      Row(
        hold: LockHold(isExclusive: true), queue: "r", reader: .joins, writer: .joins, triesRead: false,
        triesWrite: false),
      Row(queue: "w", isHandedOff: true, reader: .joins, writer: .joins, triesRead: false, triesWrite: false),
    ])
  func entry(row: Row) {
    let queue = row.isHandedOff ? Self.handedOff(row.queue) : Self.queue(row.queue)
    #expect(queue.entry(asReader: true, row.hold) == row.reader)
    #expect(queue.entry(asReader: false, row.hold) == row.writer)
    #expect(queue.admitsTry(asReader: true, row.hold) == row.triesRead)
    #expect(queue.admitsTry(asReader: false, row.hold) == row.triesWrite)
  }

  @Test("of a mutex lets a try overtake, and a newcomer too (M2, M5)")
  func mutex() {
    let queue = Self.queue("w", hasReaders: false)
    #expect(queue.entry(asReader: false, LockHold()) == .steals)
    #expect(queue.admitsTry(asReader: false, LockHold()))
    #expect(!queue.admitsTry(asReader: false, LockHold(isExclusive: true)))
  }

  @Test(
    "lets in all readers past the writers if a reader is the first, and else wakes one writer (RW8, RW9)",
    arguments: [
      ("rwrr", [1, 3, 4], true), ("wrr", [1], false), ("r", [1], true), ("w", [1], false), ("", [], false),
      ("rr", [1, 2], true), ("rww", [1], true),
    ])
  func wakes(threads: String, woken: [Int], areOwners: Bool) {
    var queue = Self.queue(threads)
    var hold = LockHold()
    #expect(queue.woken(hold, .first).waiters.map(\.thread) == woken)
    let result = queue.wake(&hold, .first)
    #expect(result.waiters.map(\.thread) == woken)
    #expect(result.areOwners == areOwners)
    #expect(hold.readers == (areOwners ? woken.count : 0))
    // Readers have left the queue; a writer stays in it until it has won.
    #expect(queue.waiters.count == threads.count - (areOwners ? woken.count : 0))
    #expect(queue.waiters.allSatisfy { !areOwners || !$0.isReader })
  }

  struct Release: Sendable {
    var part: LockQueue.Part
    var hold: LockHold
    var queue: String
    var duty: LockQueue.Duty
  }

  @Test(
    "tells a thread that gives the lock back what it has to do (RW7, RW8, RW11)",
    arguments: [
      Release(part: .whole, hold: LockHold(isExclusive: true), queue: "", duty: .nothing),
      Release(part: .whole, hold: LockHold(isExclusive: true), queue: "wr", duty: .now(.first)),
      Release(part: .whole, hold: LockHold(isExclusive: true), queue: "rw", duty: .later(.first)),
      Release(part: .share, hold: LockHold(readers: 2), queue: "w", duty: .nothing),
      Release(part: .share, hold: LockHold(readers: 1), queue: "w", duty: .now(.first)),
      Release(part: .share, hold: LockHold(readers: 1), queue: "", duty: .nothing),
      Release(part: .allButShare, hold: LockHold(isExclusive: true), queue: "wr", duty: .nothing),
      Release(part: .allButShare, hold: LockHold(isExclusive: true), queue: "rw", duty: .later(.readers)),
    ])
  func duty(row: Release) {
    let queue = Self.queue(row.queue)
    #expect(queue.duty(givingBack: row.part, row.hold) == row.duty)
    let isNow = if case .now = row.duty { true } else { false }
    #expect(queue.wokenAtOnce(givingBack: row.part, row.hold)?.thread == (isNow ? 1 : nil))
  }

  @Test("lets in 256 readers at once and no more (RW8)")
  func mostReaders() {
    var queue = Self.queue(String(repeating: "r", count: 300) + "w")
    var hold = LockHold()
    #expect(queue.wake(&hold, .first).waiters.count == 256)
    #expect(hold.readers == 256)
    #expect(queue.waiters.first?.thread == 257)
    #expect(queue.wake(&hold, .readers).waiters.count == 44)
    #expect(queue.waiters.map(\.isReader) == [false])
  }

  @Test("wakes no writer for a lock that is held for reading (RW11)")
  func wakesReadersOnly() {
    var hold = LockHold(readers: 1)
    var queue = Self.queue("wr")
    #expect(queue.wake(&hold, .readers).waiters.isEmpty)
    queue = Self.queue("rwr")
    #expect(queue.wake(&hold, .readers).waiters.map(\.thread) == [1, 3])
    #expect(hold.readers == 3)
  }

  @Test("keeps the lock for a first writer that was woken in vain, and for no other (RW6)")
  func handOff() {
    var queue = Self.handedOff("ww")
    #expect(queue.isHandedOff)
    #expect(queue.takeTurn(of: 2, LockHold()) { _ in true } == .loses)
    #expect(queue.takeTurn(of: 1, LockHold()) { _ in true } == .wins)
    #expect(!queue.isHandedOff)
    #expect(queue.waiters.map(\.thread) == [2])
  }

  @Test("does not keep the lock for a writer that has not waited for too long (RW6)")
  func noHandOff() {
    var queue = Self.queue("w")
    #expect(queue.takeTurn(of: 1, LockHold(readers: 1)) { _ in false } == .loses)
    #expect(!queue.isHandedOff)
  }

  @Test("keeps the lock for a first reader that a waking writer has been ahead of (RW6)")
  func handOffToReader() {
    var queue = Self.queue("rw")
    var hold = LockHold(isExclusive: true)
    #expect(queue.wake(&hold, .first, mustHandOff: { $0.failures > 0 }).waiters.isEmpty)
    #expect(queue.isHandedOff)
    #expect(queue.entry(asReader: false, LockHold()) == .joins)
    hold.isExclusive = false
    #expect(queue.wake(&hold, .first).waiters.map(\.thread) == [1])
    #expect(!queue.isHandedOff)
  }

  @Test("of a mutex gives it away after the first vain try of the first thread (M2)")
  func mutexHandOff() {
    var queue = Self.handedOff("ww", hasReaders: false)
    var hold = LockHold(isExclusive: true)
    #expect(queue.duty(givingBack: .whole, hold) == .now(.handOff))
    let woken = queue.wake(&hold, .handOff)
    #expect(woken.waiters.map(\.thread) == [1] && woken.areOwners)
    #expect(hold.isExclusive, "it was never free")
    #expect(!queue.isHandedOff)
    #expect(queue.takeTurn(of: 1, hold) { _ in true } == .owns)
  }

  @Test("serves in the order in which threads came (M3)")
  func order() {
    var queue = Self.queue("www", hasReaders: false)
    var hold = LockHold()
    for thread in 1...3 {
      #expect(queue.wake(&hold, .first).waiters.map(\.thread) == [thread])
      #expect(queue.takeTurn(of: thread, hold) { _ in true } == .wins)
    }
    #expect(queue.isEmpty)
  }
}
