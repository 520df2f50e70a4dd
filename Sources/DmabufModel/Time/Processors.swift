// SPDX-License-Identifier: GPL-2.0-only

/// Which thread has which processor, and which threads queue for one.
///
/// The scheduler is a small one: a queue a processor, first come first served, and a time slice. A thread that is woken
/// goes to the processor that it had, or to the nearest one that is idle, or queues for the one that it had.
struct Processors {
  /// A processor.
  struct Processor {
    /// The thread that has it, or -1.
    var running = -1
    /// The thread that had it last, or -1.
    var last = -1
    /// Since when the thread has it.
    var since = 0
    /// The threads that queue for it, with the time at which each one began to.
    var queue: [(thread: Int, since: Int)] = []
  }

  private(set) var all: ContiguousArray<Processor>
  /// The processors for threads; a further one is the scenario's own.
  let count: Int

  init(_ count: Int) {
    self.count = count
    all = ContiguousArray(repeating: Processor(), count: min(count + 1, Kernel.maximumThreads))
  }

  /// The processor of a thread that has just been started.
  ///
  /// The thread that runs the scenario has one of its own: what it does takes no time from the others.
  func home(of thread: Int) -> Int { thread == 0 ? all.count - 1 : (thread - 1) % count }

  /// Where a thread that is woken goes.
  func place(for thread: Int, from home: Int, _ distances: MachineDistances) -> Int {
    if thread == 0 || isIdle(home) { return home }
    var best = home
    var nearest = Int.max
    for other in 0..<count where isIdle(other) && distances.distance(home, other) < nearest {
      best = other
      nearest = distances.distance(home, other)
    }
    return best
  }

  func isIdle(_ processor: Int) -> Bool { all[processor].running < 0 && all[processor].queue.isEmpty }

  func hasQueue(_ processor: Int) -> Bool { !all[processor].queue.isEmpty }

  func since(_ processor: Int) -> Int { all[processor].since }

  /// Gives a processor that is free to a thread.
  ///
  /// - Returns: Whether it had another one before, or none.
  mutating func give(_ processor: Int, to thread: Int, at time: Int) -> Bool {
    let isSwitch = all[processor].last != thread
    all[processor].running = thread
    all[processor].last = thread
    all[processor].since = time
    return isSwitch
  }

  /// Takes a processor from the thread that has it.
  mutating func free(_ processor: Int) { all[processor].running = -1 }

  mutating func enqueue(_ thread: Int, on processor: Int, at time: Int) {
    all[processor].queue.append((thread, time))
  }

  mutating func dequeue(_ processor: Int) -> (thread: Int, since: Int)? {
    all[processor].queue.isEmpty ? nil : all[processor].queue.removeFirst()
  }
}
