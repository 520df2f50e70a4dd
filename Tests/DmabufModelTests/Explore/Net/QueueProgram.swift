// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// A small program made from a seed over locks that queue: two or three threads, each with a section or two.
struct QueueProgram: NetProgram, Sendable {
  enum Kind: Int, Sendable, CaseIterable { case semaphore, mutex, reservation }

  indirect enum Op: Sendable {
    /// Takes the whole of a lock for some operations.
    case whole(Int, [Op])
    /// Takes a share; the whole of a lock that has no shares.
    case shared(Int, [Op])
    /// Takes the whole, and keeps a share of it for the second half.
    case downgraded(Int, [Op], [Op])
    case tryWhole(Int, [Op]), tryShared(Int, [Op])
    case load, store, complete, wait
  }

  let kinds: [Kind]
  let threads: [[Op]]
  let isQueued: Bool

  init(seed: UInt64, isQueued: Bool = true) {
    var numbers = SplitMix64(seed: seed)
    var kinds: [Kind] = []
    for _ in 0...(numbers.below(4) / 3) { kinds.append(Kind(rawValue: max(0, numbers.below(5) - 2)) ?? .semaphore) }
    self.kinds = kinds
    self.isQueued = isQueued
    let count = 2 + numbers.below(2)
    // One program in three waits for something beside the locks.
    let signals = numbers.below(3) == 0
    threads = (0..<count).map { _ in
      (0...numbers.below(count == 2 ? 2 : 5) / 4).map { _ in
        Self.section(&numbers, from: 0, kinds.count, signals: signals)
      }
    }
  }

  var threadCount: Int { threads.count }

  var description: String {
    let ops = threads.map { $0.map { "\($0)" }.joined(separator: "; ") }.joined(separator: "\n    ")
    return "\(kinds)\n    \(ops)"
  }

  /// A section of a lock that is not before `first` in the order of locks.
  private static func section(
    _ numbers: inout SplitMix64, from first: Int, _ count: Int, signals: Bool
  ) -> Op {
    let lock = first + numbers.below(count - first)
    let body = Self.body(&numbers, behind: lock, count, signals: signals)
    switch numbers.below(10) {
    case 0..<3: return .whole(lock, body)
    case 3..<6: return .shared(lock, body)
    case 6: return .downgraded(lock, body, [.load])
    case 7: return .tryWhole(lock, body)
    case 8: return .tryShared(lock, body)
    default: return .downgraded(lock, [.store], [])
    }
  }

  private static func body(_ numbers: inout SplitMix64, behind lock: Int, _ count: Int, signals: Bool) -> [Op] {
    switch numbers.below(6) {
    case 0: return []
    case 1 where signals: return [.wait]
    case 1,
      2 where signals:
      return [.complete]
    case 3 where lock + 1 < count:
      return [section(&numbers, from: lock + 1, count, signals: false)]
    case 3, 4: return [.load]
    default: return [.store]
    }
  }

  func scenario(_ notes: Notes, order: [Int]) -> Scenario {
    { kernel in
      if isQueued { kernel.queueLocks() }
      let machine = QueueMachine(kernel, self, notes)
      for thread in order {
        kernel.thread("t\(thread + 1)") {
          for op in threads[thread] { try await machine.run(op, thread) }
        }
      }
      try await kernel.join()
      notes.note("\(try await machine.field.load())", by: threads.count)
    }
  }
}

/// One execution's objects of a ``QueueProgram``.
private struct QueueMachine: Sendable {
  private enum Lock: Sendable {
    case semaphore(ReadWriteSemaphore)
    case mutex(SleepingMutex)
    case reservation(Reservation)
  }

  private let notes: Notes
  private let locks: [Lock]
  let field: Shared<Int>
  private let done: Completion

  init(_ kernel: Kernel, _ program: QueueProgram, _ notes: Notes) {
    self.notes = notes
    notes.begin(program.threads.count + 1)
    field = Shared(kernel, "field", 0)
    done = Completion(kernel)
    // A class of its own for each: they are taken inside of each other.
    let names: [StaticString] = ["outer", "inner"]
    locks = zip(program.kinds, names).map { kind, name in
      switch kind {
      case .semaphore: .semaphore(ReadWriteSemaphore(kernel, name))
      case .mutex: .mutex(SleepingMutex(kernel, name))
      // All reservations are one class.
      case .reservation: name.description == "outer" ? .reservation(Reservation(kernel)) : .mutex(SleepingMutex(kernel))
      }
    }
  }

  func run(_ op: QueueProgram.Op, _ thread: Int) async throws {
    switch op {
    case .load: notes.note("\(try await field.load())", by: thread)
    case .store: try await field.store(thread + 1)
    case .complete: try await done.complete()
    case .wait: try await done.wait()
    case .whole(let lock, let body):
      try await take(locks[lock])
      try await run(body, thread)
      try await give(locks[lock])
    case .shared(let lock, let body):
      try await takeShare(locks[lock])
      try await run(body, thread)
      try await giveShare(locks[lock])
    case .downgraded(let lock, let first, let second):
      try await take(locks[lock])
      try await run(first, thread)
      if case .semaphore(let semaphore) = locks[lock] { try await semaphore.downgrade() }
      try await run(second, thread)
      try await giveShare(locks[lock])
    case .tryWhole(let lock, let body):
      let isMine = try await tryTake(locks[lock])
      notes.note("\(isMine)", by: thread)
      if !isMine { return }
      try await run(body, thread)
      try await give(locks[lock])
    case .tryShared(let lock, let body):
      let isMine = try await tryTakeShare(locks[lock])
      notes.note("\(isMine)", by: thread)
      if !isMine { return }
      try await run(body, thread)
      try await giveShare(locks[lock])
    }
  }

  private func run(_ ops: [QueueProgram.Op], _ thread: Int) async throws {
    for op in ops { try await run(op, thread) }
  }

  private func take(_ lock: Lock) async throws {
    switch lock {
    case .semaphore(let semaphore): try await semaphore.downWrite()
    case .mutex(let mutex): try await mutex.lock()
    case .reservation(let reservation): try await reservation.lock()
    }
  }

  private func takeShare(_ lock: Lock) async throws {
    if case .semaphore(let semaphore) = lock { try await semaphore.downRead() } else { try await take(lock) }
  }

  private func tryTake(_ lock: Lock) async throws -> Bool {
    switch lock {
    case .semaphore(let semaphore): try await semaphore.tryDownWrite()
    case .mutex(let mutex): try await mutex.tryLock()
    case .reservation(let reservation): try await reservation.tryLock()
    }
  }

  private func tryTakeShare(_ lock: Lock) async throws -> Bool {
    if case .semaphore(let semaphore) = lock { return try await semaphore.tryDownRead() }
    return try await tryTake(lock)
  }

  private func give(_ lock: Lock) async throws {
    switch lock {
    case .semaphore(let semaphore): try await semaphore.upWrite()
    case .mutex(let mutex): try await mutex.unlock()
    case .reservation(let reservation): try await reservation.unlock()
    }
  }

  private func giveShare(_ lock: Lock) async throws {
    if case .semaphore(let semaphore) = lock { try await semaphore.upRead() } else { try await give(lock) }
  }
}
