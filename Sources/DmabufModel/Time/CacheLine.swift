// SPDX-License-Identifier: GPL-2.0-only

/// A line of memory: which processors have it, and which ones it is on its way to.
struct CacheLine {
  /// A stay of the line at a processor that may write to it.
  struct Stay {
    let processor: Int
    /// The thread that has asked for it.
    let thread: Int
    var from: Int
    /// When it leaves for the next processor; never, as long as none has asked.
    var to: Int
  }

  /// The stays that are not over, in order; the last one has no end.
  private(set) var stays: ContiguousArray<Stay> = []
  /// The processors that can read the line without fetching it.
  private var sharers = ThreadSet()
  /// The processors that have ever asked for the line.
  private(set) var users = ThreadSet()

  /// The processor that the line is at, or that is the last one to have asked for it.
  var owner: Int? { stays.last?.processor }

  /// Asks for the line to read it.
  ///
  /// Readers share a line, so they do not queue; one that comes while the line moves to a writer waits for that.
  ///
  /// - Returns: When the processor has it.
  mutating func read(by processor: Int, at now: Int, _ machine: MachineDistances) -> Int {
    users.insert(processor)
    if sharers.contains(processor) || stay(at: processor, now) != nil { return now }
    sharers.insert(processor)
    guard let last = stays.last else { return now }
    return max(now, last.from) + machine.distance(last.processor, processor)
  }

  /// Asks for the line to write to it, or to do something atomic with it.
  ///
  /// The line leaves all other processors. It is fetched from the one that is farthest away: that one is the last to
  /// answer. Processors queue for it, first come first served. It stays where it is until the request is there, half
  /// of the way.
  ///
  /// - Returns: When the processor has it.
  mutating func write(by processor: Int, _ thread: Int, at now: Int, _ machine: MachineDistances) -> Int {
    users.insert(processor)
    while stays.count > 1 && stays[0].to <= now { stays.removeFirst() }
    guard let last = stays.indices.last else {
      stays.append(Stay(processor: processor, thread: thread, from: now, to: .max))
      sharers = ThreadSet(processor)
      return now
    }
    var latency = machine.distance(stays[last].processor, processor)
    for other in sharers.without(processor) { latency = max(latency, machine.distance(other, processor)) }
    let start = max(now, stays[last].from)
    sharers = ThreadSet(processor)
    if latency == 0 { return start }
    stays[last].to = start + latency - latency / 2
    stays.append(Stay(processor: processor, thread: thread, from: start + latency, to: .max))
    return start + latency
  }

  /// The place of a stay at a processor that is not over; a line that only has been asked for is not there yet.
  func stay(at processor: Int, _ now: Int) -> Int? {
    stays.firstIndex { $0.processor == processor && $0.from <= now && now < $0.to }
  }

  /// Whether the processor can write without asking: it has the line, and no other one can read it.
  func isOwned(at place: Int) -> Bool {
    place < stays.count - 1 || sharers == ThreadSet(stays[place].processor)
  }

  /// Lets a stay last until what is done in it is done; the ones behind it begin later by as much.
  ///
  /// - Returns: By how much.
  mutating func extend(_ place: Int, until end: Int) -> Int {
    let delay = end - stays[place].to
    if delay <= 0 { return 0 }
    stays[place].to = end
    for later in (place + 1)..<stays.count {
      stays[later].from += delay
      if stays[later].to != .max { stays[later].to += delay }
    }
    return delay
  }
}

/// What a line costs, by where it is.
struct MachineDistances {
  let cachedRead: Int
  let ownedWrite: Int
  private let count: Int
  private let table: ContiguousArray<Int>

  init(_ machine: TimedMachine, processors: Int) {
    cachedRead = machine.costs.cachedRead
    ownedWrite = machine.costs.ownedWrite
    count = processors
    table = ContiguousArray(
      (0..<processors).flatMap { one in (0..<processors).map { machine.distance(from: one, to: $0) } })
  }

  @inline(__always)
  func distance(_ one: Int, _ other: Int) -> Int { table[one * count + other] }
}
