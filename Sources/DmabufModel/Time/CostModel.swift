// SPDX-License-Identifier: GPL-2.0-only

/// What things cost on a machine, in picoseconds.
///
/// No figure is fitted to a curve: each is published for the machine or one like it, with its source beside it, or it is
/// marked as assumed. What a step takes follows from the lines of memory that it needs; what happens between steps has
/// a figure of its own.
public struct CostModel: Sendable, Hashable {
  // MARK: Lines of memory

  /// Reading a line that the processor has.
  public var cachedRead = 0
  /// An atomic or a store to a line that the processor has alone.
  public var ownedWrite = 0
  /// Fetching a line from the other thread of the same core.
  public var fromSibling = 0
  /// Fetching a line from another core of the socket.
  public var fromSocket = 0
  /// Fetching a line from another socket.
  public var fromOtherSocket = 0

  // MARK: Processors

  /// Giving a processor to another thread.
  public var contextSwitch = 0
  /// What it takes a thread to wake another one.
  public var wakeUp = 0
  /// From the wake-up until an idle processor begins to switch to the thread.
  public var idleExit = 0
  /// For how long a thread keeps its processor while others queue for it.
  public var timeSlice = 3_000_000_000
  /// For how long a writer looks at a lock that readers have before it joins the queue.
  public var spinOnReaders = 10_000_000
  /// For how much longer for each of them, up to 30.
  public var spinPerReader = 500_000
  /// After which wait a lock is handed to the first thread in its queue.
  public var handOff = 4_000_000_000

  // MARK: The kernel

  /// Into a page fault and out of it.
  public var pageFault = 0
  /// Into a system call and out of it.
  public var systemCall = 0
  /// Setting an entry of a page table.
  public var setEntry = 0
  /// Clearing an entry of a page table.
  public var clearEntry = 0
  /// The first processor that has to forget translations.
  public var flushFirst = 0
  /// Each further one.
  public var flushNext = 0
  /// What it takes from the processor that forgets.
  public var flushed = 0
  /// Calling a function of an importer.
  public var callback = 0

  // MARK: The device

  /// Loading from a BAR.
  public var deviceLoad = 0
  /// Storing to a BAR.
  public var deviceStore = 0
  /// Resetting a function.
  public var functionReset = 0

  /// By how much the work between steps varies, in percent up and down, each amount as likely as any other.
  ///
  /// Real work varies, and without it threads that do the same stay in the order in which they were started.
  public var variation = 0

  /// Makes a model in which everything is free.
  public init() {}

  /// What work costs on the average.
  ///
  /// - Parameter processors: The number of other processors that it interrupts.
  func cost(of work: Work, interrupting processors: Int) -> Int {
    switch work {
    case .pageFault: pageFault
    case .systemCall: systemCall
    case .setEntry: setEntry
    case .clearEntry: clearEntry
    case .flushTranslations: processors == 0 ? 0 : flushFirst + (processors - 1) * flushNext
    case .callback: callback
    case .deviceLoad: deviceLoad
    case .deviceStore: deviceStore
    case .functionReset: functionReset
    case .other(let time): time
    }
  }
}

/// Nanoseconds, as picoseconds.
func nanoseconds(_ count: Double) -> Int { Int((count * 1_000).rounded()) }
