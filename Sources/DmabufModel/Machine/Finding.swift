// SPDX-License-Identifier: GPL-2.0-only

/// What the machine has found wrong in an execution.
///
/// Not an errno of the modelled kernel and not a mistake in the use of this package: a defect of the code under test.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
  /// The check that found it, by its words in a report.
  ///
  /// A check of your own has a kind of its own: `extension Finding.Kind { static let torn = Self("torn read") }`.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The words.
    public let rawValue: String

    /// Makes a kind of its words.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Makes a kind of its words.
    public init(_ words: String) { rawValue = words }

    /// A check that the scenario made.
    public static let check = Kind("check failed")
    /// An access to a structure that has been freed.
    public static let useAfterFree = Kind("KASAN: use-after-free")
    /// A structure that was freed twice.
    public static let doubleFree = Kind("KASAN: double-free")
    /// A structure that was freed with a lock in it held.
    public static let heldLockFreed = Kind("held lock freed")
    /// Something that must hold whenever a lock is free, and did not.
    public static let invariant = Kind("invariant broken")
    /// A reference count that was misused; what the kernel only warns about.
    public static let refcount = Kind("refcount_t")
    /// Another warning of the modelled kernel that the scenario does not expect.
    public static let warning = Kind("WARNING")
    /// An access through a pointer that leads nowhere.
    public static let oops = Kind("Oops")
    /// An order of locks that can deadlock.
    public static let lockOrder = Kind("possible circular locking dependency")
    /// Two locks of one class in one thread.
    public static let recursiveLock = Kind("possible recursive locking")
    /// A lock given back by a thread that does not hold it.
    public static let unlockByStranger = Kind("bad unlock balance")
    /// A lock that had to be held and was not.
    public static let lockNotHeld = Kind("lock not held")
    /// A thread that ended with a lock held.
    public static let lockHeldAtExit = Kind("lock held at exit")
    /// Threads that wait for something that no thread can give.
    public static let deadlock = Kind("hung task")
    /// Something left behind when the execution had ended.
    public static let leak = Kind("leak")
    /// An error that left a thread's body.
    public static let uncaughtError = Kind("uncaught error")
    /// More steps than the limit allows.
    public static let stepLimit = Kind("step limit")
  }

  /// The check that found it.
  public let kind: Kind
  /// The finding in one line.
  public let summary: String
  /// What else is to be said, line by line: the threads that wait, the two orders, the histories.
  public let details: [String]
  /// The thread in whose step it was found, by its name.
  public let thread: String
  /// Where in the source the finding was made, where that is known.
  public let location: String?
  /// For threads that wait for ever: each of them, what it waits for and what it holds.
  package internal(set) var blocked: [BlockedThread] = []

  /// The kind and the summary; warnings of the kernel name their kind themselves.
  public var description: String { summary.hasPrefix("\(kind.rawValue): ") ? summary : "\(kind.rawValue): \(summary)" }
}

/// A mistake in the use of this package: in a scenario, an option or a replay string.
public enum ScenarioError: Error, Hashable, CustomStringConvertible {
  /// A thread awaited something that is not the machine's.
  case leftTheMachine(thread: String)
  /// A thread goes on although every step tells it to unwind.
  case doesNotUnwind(thread: String)
  /// More threads than a machine can have.
  case tooManyThreads(name: String)
  /// An actor that has changed in a step that does not say so.
  case undeclaredChange(actor: String, step: String)
  /// Something for the end of the scenario that a kernel thread has asked for.
  case hookOfKernelThread(thread: String)
  /// A method of an actor that takes no step.
  case methodWithoutStep(actor: String, step: String)
  /// Something that had to be said before other threads were started.
  case tooLate(String, lock: String)
  /// That locks queue was said by a thread after others had been started.
  case queueLocksTooLate
  /// More classes of locks than the lock checker can tell apart.
  case tooManyLockClasses(name: String)
  /// A variable of the environment, a limit or a parameter with a value that it cannot have, or without the one it
  /// needs.
  case badOption(name: String, found: String?, expected: String)
  /// A replay string that cannot be read.
  case badSchedule(String, at: Int, expected: String)
  /// A scenario that did something else when the same schedule was run again.
  case notDeterministic(String)
  /// Two steps that are declared independent and whose order matters: a primitive that declares less than it does.
  case doNotCommute(String, String, String)

  /// One line: what was wrong, where, and what was expected.
  public var description: String {
    switch self {
    case .leftTheMachine(let thread):
      "thread \(thread) awaited something outside of the machine (a sleep, a task, an actor that is not a KernelActor, an "
        + "async initialiser, a closure with a capture list or kept in a constant, or a nonisolated async function in a "
        + "target without NonisolatedNonsendingByDefault); a body may await model code only"
    case .doesNotUnwind(let thread):
      "thread \(thread) swallows the KernelFault that is to end it and goes on; pass KernelFault on"
    case .tooManyThreads(let name):
      "thread \(name) is one too many: a machine has at most \(Kernel.maximumThreads) threads"
    case .undeclaredChange(let actor, let step):
      "\(actor) has changed in \(step), so that no search can be trusted; expected a method that begins with step() and "
        + "declares what it does: .write on the actor, and also: for other objects"
    case .methodWithoutStep(let actor, let step):
      "a method or property of \(actor) was used without a step by \(step), so that no search can be trusted; "
        + "expected a method that begins with step(), or nonisolated for what never changes"
    case .hookOfKernelThread(let thread):
      "kernel thread \(thread) asks for something to be done at the end (atEnd, a process, a device); expected that of a "
        + "thread that is joined, since a kernel thread may not have come so far by then"
    case .tooLate(let what, let lock):
      "\(what) was stated while other threads were there; expected it before they are started, or with \(lock) held"
    case .queueLocksTooLate:
      "queueLocks() was called when a thread had been started; expected it before the first one: the locks of an "
        + "execution have one policy"
    case .tooManyLockClasses(let name):
      "lock class \(name) is one too many: a machine can tell \(Lockdep.maximumClasses) apart; give locks of one kind one name"
    case .badOption(let name, let found, let expected):
      "\(name) is \(found.map { "'\($0)'" } ?? "not set"); expected \(expected)"
    case .badSchedule(let text, let place, let expected):
      "replay string '\(text)', character \(place + 1): expected \(expected)"
    case .doNotCommute(let first, let second, let difference):
      "two steps are declared independent and do not commute, so that no search can be trusted: \(first); \(second); "
        + "\(difference). One of them touches more than it declares: give step() the stronger access, or name the other "
        + "object in also:"
    case .notDeterministic(let what):
      "the scenario does not do the same again: \(what); first look for an actor whose step declares less than it touches, "
        + "or whose method takes no step; then for clocks, random numbers, hash order and state outside of the scenario"
    }
  }
}
