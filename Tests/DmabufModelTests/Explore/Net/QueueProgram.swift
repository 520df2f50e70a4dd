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
    /// Gives up a reference; the last one to do so frees the structure of the locks behind its section (semantics M6).
    case put
  }

  private enum Extra: CaseIterable { case nothing, waits, frees }

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
    // Some programs wait for something beside the locks, some free them.
    let extra = Extra.allCases[numbers.below(3)]
    threads = (0..<count).map { _ in
      (0...numbers.below(count == 2 ? 2 : 5) / 4).map { _ in
        Self.section(&numbers, from: 0, kinds.count, extra)
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
    _ numbers: inout SplitMix64, from first: Int, _ count: Int, _ extra: Extra
  ) -> Op {
    let lock = first + numbers.below(count - first)
    let body = Self.body(&numbers, behind: lock, count, extra)
    switch numbers.below(10) {
    case 0..<3: return .whole(lock, body)
    case 3..<6: return .shared(lock, body)
    case 6: return .downgraded(lock, body, [.load])
    case 7: return .tryWhole(lock, body)
    case 8: return .tryShared(lock, body)
    default: return .downgraded(lock, [.store], [])
    }
  }

  private static func body(
    _ numbers: inout SplitMix64, behind lock: Int, _ count: Int, _ extra: Extra
  ) -> [Op] {
    let choice = numbers.below(6)
    if extra == .frees && choice < 3 { return [.put] }
    if extra == .waits && choice < 3 { return [choice == 0 ? .wait : .complete] }
    switch choice {
    case 0: return []
    case 1: return lock + 1 < count ? [section(&numbers, from: lock + 1, count, .nothing)] : [.store]
    case 2, 3: return [.load]
    default: return [.store]
    }
  }

  func scenario(_ notes: Notes, order: [Int]) -> Scenario {
    { kernel in
      if isQueued { kernel.queueLocks() }
      let machine = QueueMachine(kernel, self, notes)
      let puts = threads.joined().map(\.puts).reduce(0, +)
      for _ in 1..<max(puts, 1) { try await machine.references.get() }
      for thread in order {
        kernel.thread("t\(thread + 1)") {
          for op in threads[thread] { if try await machine.run(op, thread) { try await machine.free() } }
        }
      }
      try await kernel.join()
      notes.note("\(try await machine.field.load())", by: threads.count)
      if puts == 0 { try await machine.free() }
    }
  }
}

extension QueueProgram.Op {
  /// The number of references that it gives up.
  fileprivate var puts: Int {
    switch self {
    case .put: 1
    case .load, .store, .complete, .wait: 0
    case .whole(_, let body), .shared(_, let body), .tryWhole(_, let body), .tryShared(_, let body):
      body.map(\.puts).reduce(0, +)
    case .downgraded(_, let first, let second): (first + second).map(\.puts).reduce(0, +)
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

  private let kernel: Kernel
  private let notes: Notes
  private let thing: Allocation
  private let locks: [Lock]
  let references: Kref
  let field: Shared<Int>
  private let done: Completion

  init(_ kernel: Kernel, _ program: QueueProgram, _ notes: Notes) {
    self.notes = notes
    notes.begin(program.threads.count + 1)
    self.kernel = kernel
    let thing = kernel.allocate("thing")
    self.thing = thing
    references = Kref(kernel, "references")
    field = Shared(kernel, "field", 0)
    done = Completion(kernel)
    // A class of its own for each: they are taken inside of each other.
    let names: [StaticString] = ["outer", "inner"]
    locks = zip(program.kinds, names).map { kind, name in
      switch kind {
      case .semaphore: .semaphore(ReadWriteSemaphore(kernel, name, in: thing))
      case .mutex: .mutex(SleepingMutex(kernel, name, in: thing))
      // All reservations are one class.
      case .reservation:
        name.description == "outer"
          ? .reservation(Reservation(kernel, in: thing)) : .mutex(SleepingMutex(kernel, in: thing))
      }
    }
  }

  func free() async throws { try await kernel.free(thing) }

  /// - Returns: Whether the thread has given up the last reference.
  func run(_ op: QueueProgram.Op, _ thread: Int) async throws -> Bool {
    switch op {
    case .load: notes.note("\(try await field.load())", by: thread)
    case .store: try await field.store(thread + 1)
    case .complete: try await done.complete()
    case .wait: try await done.wait()
    case .put: return try await references.put()
    default: return try await runSection(op, thread)
    }
    return false
  }

  private func runSection(_ op: QueueProgram.Op, _ thread: Int) async throws -> Bool {
    var isLast = false
    switch op {
    case .whole(let lock, let body):
      try await take(locks[lock])
      isLast = try await run(body, thread)
      try await give(locks[lock])
    case .shared(let lock, let body):
      try await takeShare(locks[lock])
      isLast = try await run(body, thread)
      try await giveShare(locks[lock])
    case .downgraded(let lock, let first, let second):
      try await take(locks[lock])
      isLast = try await run(first, thread)
      if case .semaphore(let semaphore) = locks[lock] { try await semaphore.downgrade() }
      let isLastNow = try await run(second, thread)
      try await giveShare(locks[lock])
      return isLast || isLastNow
    case .tryWhole(let lock, let body):
      let isMine = try await tryTake(locks[lock])
      notes.note("\(isMine)", by: thread)
      if !isMine { return false }
      isLast = try await run(body, thread)
      try await give(locks[lock])
    case .tryShared(let lock, let body):
      let isMine = try await tryTakeShare(locks[lock])
      notes.note("\(isMine)", by: thread)
      if !isMine { return false }
      isLast = try await run(body, thread)
      try await giveShare(locks[lock])
    default: break
    }
    return isLast
  }

  private func run(_ ops: [QueueProgram.Op], _ thread: Int) async throws -> Bool {
    var isLast = false
    for op in ops { if try await run(op, thread) { isLast = true } }
    return isLast
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
