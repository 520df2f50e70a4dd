// SPDX-License-Identifier: GPL-2.0-only

/// The threads that sleep until a lock is theirs, in the order in which they came, and what that order decides.
///
/// It has no kernel in it: a lock asks it and follows its answer. A mutex is a semaphore without readers, with two
/// differences: a try may overtake the queue (semantics M5), and a hand-off gives the lock away instead of keeping
/// others from it (M2, RW6).
struct LockQueue {
  /// A thread in the queue.
  struct Waiter: Equatable {
    /// The machine's number of the thread.
    var thread: Int
    /// What the thread sleeps on.
    var handle: ObjectID
    var isReader: Bool
    /// Whether it has been woken and has not run yet.
    var isWoken = false
    /// How often the lock was gone when the thread could have had it.
    var failures = 0
  }

  /// What happens to a thread that wants the lock.
  enum Entry: Int { case takes, steals, joins }

  /// Who may be woken.
  enum Waking: Equatable {
    /// The first one, whatever it is; with a reader all readers.
    case first
    /// The readers, if one of them is the first: the lock is held for reading.
    case readers
    /// The first one, which is given the lock.
    case handOff
  }

  /// The threads that a step wakes.
  struct Woken {
    var waiters: ContiguousArray<Waiter> = []
    /// Whether they have the lock from here on; if not, they have to win it.
    var areOwners = false
  }

  /// The most readers that one step lets in.
  ///
  /// The corresponding C macro is `MAX_READERS_WAKEUP`.
  static let mostReaders = 256

  /// Whether the lock can be shared.
  let hasReaders: Bool
  private(set) var waiters: ContiguousArray<Waiter> = []
  /// Whether the lock is kept for the first waiter: `RWSEM_FLAG_HANDOFF`, `MUTEX_FLAG_HANDOFF`.
  private(set) var isHandedOff = false

  init(hasReaders: Bool = false) { self.hasReaders = hasReaders }

  var isEmpty: Bool { waiters.isEmpty }

  // MARK: Coming to the lock

  /// What happens to a thread that comes to the lock (semantics RW1, RW2, RW4, RW5, M2).
  func entry(asReader isReader: Bool, _ hold: LockHold) -> Entry {
    let isOpen = isReader ? !hold.isExclusive : hold.isFree
    if !isOpen || isHandedOff { return .joins }
    if waiters.isEmpty { return .takes }
    // While others read a reader leaves the lock to the writer that waits.
    return isReader && hold.readers > 0 ? .joins : .steals
  }

  /// Whether a thread that only tries gets the lock (semantics RW10, M5).
  func admitsTry(asReader isReader: Bool, _ hold: LockHold) -> Bool {
    switch entry(asReader: isReader, hold) {
    case .takes: true
    case .steals: !hasReaders
    case .joins: false
    }
  }

  /// Puts a thread at the end (semantics M3).
  mutating func join(_ thread: Int, _ handle: ObjectID, asReader isReader: Bool) {
    waiters.append(Waiter(thread: thread, handle: handle, isReader: isReader))
  }

  // MARK: Giving the lock back

  /// What a thread gives back.
  enum Part { case whole, share, allButShare }

  /// What the thread then has to do about the queue.
  enum Duty: Equatable {
    case nothing
    /// To wake the first one in the same step.
    case now(Waking)
    /// To let readers in, in a step of its own: up to then a newcomer may be ahead of them.
    case later(Waking)
  }

  /// What a thread has to do about the queue that gives something back (semantics RW7, RW8, RW11, M2).
  ///
  /// - Parameters:
  ///   - part: What it gives back.
  ///   - hold: How the lock is held before that.
  func duty(givingBack part: Part, _ hold: LockHold) -> Duty {
    guard let first = waiters.first, part != .share || hold.readers == 1 else { return .nothing }
    if part == .allButShare { return first.isReader ? .later(.readers) : .nothing }
    if first.isReader { return .later(.first) }
    return .now(!hasReaders && isHandedOff ? .handOff : .first)
  }

  /// Whom a thread wakes in the step in which it gives something back.
  func wokenAtOnce(givingBack part: Part, _ hold: LockHold) -> Waiter? {
    if case .now = duty(givingBack: part, hold) { return waiters.first }
    return nil
  }

  // MARK: Waking

  /// Wakes the next thread, now that the lock is free or held for reading (semantics RW8, RW9, RW11, M2).
  ///
  /// - Parameters:
  ///   - hold: How the lock is held; readers that are let in hold it when this returns.
  ///   - waking: Who may be woken.
  ///   - mustHandOff: Whether a waiter has waited for too long.
  mutating func wake(
    _ hold: inout LockHold, _ waking: Waking, mustHandOff: (Waiter) -> Bool = { _ in false }
  ) -> Woken {
    guard let first = waiters.first else { return Woken() }
    if waking == .handOff {
      waiters.removeFirst()
      isHandedOff = false
      return Woken(waiters: [first], areOwners: true)
    }
    if !first.isReader {
      if waking == .readers { return Woken() }
      waiters[0].isWoken = true
      return Woken(waiters: [first])
    }
    if hold.isExclusive {
      noteFailure(at: 0, mustHandOff)
      return Woken()
    }
    let readers = waiters.filter(\.isReader).prefix(Self.mostReaders)
    waiters.removeAll { waiter in readers.contains { $0.thread == waiter.thread } }
    hold.readers += readers.count
    isHandedOff = false
    return Woken(waiters: ContiguousArray(readers), areOwners: true)
  }

  /// Whom a step would wake that does so now.
  func woken(_ hold: LockHold, _ waking: Waking) -> Woken {
    var (queue, hold) = (self, hold)
    return queue.wake(&hold, waking)
  }

  // MARK: Being woken

  /// What comes of a thread that has been woken.
  enum Turn: Int {
    /// It was given the lock before it ran.
    case owns
    /// It has won the lock.
    case wins
    /// The lock is gone: it sleeps on.
    case loses
  }

  /// Has a thread that has been woken try for the lock, and leave the queue if it gets it (semantics RW5, RW6, M2).
  mutating func takeTurn(of thread: Int, _ hold: LockHold, mustHandOff: (Waiter) -> Bool) -> Turn {
    guard let place = waiters.firstIndex(where: { $0.thread == thread }) else { return .owns }
    if hold.isFree && (!isHandedOff || place == 0) {
      waiters.remove(at: place)
      isHandedOff = false
      return .wins
    }
    waiters[place].isWoken = false
    noteFailure(at: place, mustHandOff)
    return .loses
  }

  /// Notes that a waiter could not have the lock; if it is the first one and has waited for too long, the lock is kept
  /// for it from here on.
  private mutating func noteFailure(at place: Int, _ mustHandOff: (Waiter) -> Bool) {
    waiters[place].failures += 1
    if place == 0 && (!hasReaders || mustHandOff(waiters[place])) { isHandedOff = true }
  }

  // MARK: States

  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(isHandedOff)
    fingerprint.add(waiters.count)
    for waiter in waiters {
      fingerprint.add(waiter.handle)
      fingerprint.add(waiter.isReader)
      fingerprint.add(waiter.isWoken)
      fingerprint.add(waiter.failures)
    }
  }
}
