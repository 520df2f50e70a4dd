// SPDX-License-Identifier: GPL-2.0-only

/// The simulated machine: its threads, its objects, and the executor that runs them one step at a time.
///
/// One operating-system thread drives a machine from start to end. Many machines may run side by side, sharing nothing.
/// A machine runs many executions one after the other and keeps its tasks and tables between them.
///
/// The class is the one place of the package where the compiler's proof is replaced by an argument: all of its state is
/// touched only from the operating-system thread that is inside `execute`, either by the run loop
/// itself or by a job that the run loop runs in place. The mailbox for jobs from elsewhere has a lock.
public final class Kernel: SerialExecutor, @unchecked Sendable {
  // MARK: Objects

  @safe @exclusivity(unchecked) var objects = Table<ObjectSlot>()
  @safe @exclusivity(unchecked) var objectNames = Table<StaticString>()
  /// Structures that others refer to without owning them; they stay until the execution is over, as in a quarantine.
  @safe @exclusivity(unchecked) var kept: ContiguousArray<any AnyObject & Sendable> = []
  /// The sum of all that objects say is still held; zero at the end of a clean execution.
  @safe @exclusivity(unchecked) var heldInAll = 0

  // MARK: Threads

  @safe @exclusivity(unchecked) var threads = Table<ThreadSlot>()
  @safe @exclusivity(unchecked) var threadCount = 0
  @safe @exclusivity(unchecked) var workers: ContiguousArray<Worker> = []
  @safe @exclusivity(unchecked) var current = 0
  @safe @exclusivity(unchecked) var next = Choice.none
  /// The thread that took the last step.
  @safe @exclusivity(unchecked) var lastRan = 0
  /// Threads that have been started.
  @safe @exclusivity(unchecked) var started = ThreadSet()
  /// Threads that have not ended.
  @safe @exclusivity(unchecked) var live = ThreadSet()
  /// Threads that have been started and have not reached their first step.
  @safe @exclusivity(unchecked) var newborn = ThreadSet()
  /// Threads whose pending step can be taken.
  @safe @exclusivity(unchecked) var enabled = ThreadSet()
  /// Threads whose pending step needs an offer.
  @safe @exclusivity(unchecked) var waiters = ThreadSet()
  /// Threads that have not been joined; without one the machine is a single thread, and nothing has to be decided.
  @safe @exclusivity(unchecked) var unjoined = ThreadSet() { didSet { isAlone = unjoined.isEmpty } }
  /// Whether the machine is a single thread.
  @safe @exclusivity(unchecked) var isAlone = true

  // MARK: The execution

  /// Whether sleeping locks queue as the kernel's do; see ``queueLocks()``.
  @safe @exclusivity(unchecked) var locksQueue = false
  @safe @exclusivity(unchecked) var strategy: any Strategy = SerialStrategy()
  /// When to stop.
  @safe @exclusivity(unchecked) public internal(set) var limits = Limits()
  /// The number of steps that the execution has taken.
  @safe @exclusivity(unchecked) var stepCount = 0
  /// How often the machine went from one thread to another in this execution.
  @safe @exclusivity(unchecked) var switchCount = 0
  /// The steps taken while more than one thread was there, in order.
  @safe @exclusivity(unchecked) var events = Table<Event>()
  /// The further accesses of steps that touch several objects.
  @safe @exclusivity(unchecked) var furtherAccesses: ContiguousArray<FurtherAccess> = []
  /// Threads whose next step reads an allocation in which they have registered a field.
  @safe @exclusivity(unchecked) @usableFromInline var owing = ThreadSet() {
    didSet { attention.set(.owing, !owing.isEmpty) }
  }
  /// Whether a thread has ever waited in a loop on this machine.
  @safe @exclusivity(unchecked) var hasRelaxed = false
  /// Threads that may be waiting when everything else has ended.
  @safe @exclusivity(unchecked) var idlers = ThreadSet()
  /// Threads that wait for a write to something that they have read.
  @safe @exclusivity(unchecked) var relaxing = ThreadSet()
  /// The number of steps when a thread was last started while the machine was one thread.
  @safe @exclusivity(unchecked) var stepsWhenAlone = 0
  /// What must hold whenever a lock is free, by the lock.
  @safe @exclusivity(unchecked) var invariants: ContiguousArray<LockInvariant> = []
  /// Page table entries that lead to an allocation.
  @safe @exclusivity(unchecked) var leads: ContiguousArray<Lead> = []
  @safe @exclusivity(unchecked) var isUnwinding = false
  /// Whether the only thread that runs is one that makes the message of a check that has failed.
  @safe @exclusivity(unchecked) var isStandingStill = false
  /// Threads that had a step pending when the machine stopped with a finding, before they unwound.
  @safe @exclusivity(unchecked) var pendingAtStop = ThreadSet()
  @safe @exclusivity(unchecked) var stepsWhileUnwinding = 0
  @safe @exclusivity(unchecked) var wasAbandoned = false
  @safe @exclusivity(unchecked) var finding: Finding?
  @safe @exclusivity(unchecked) var misuse: ScenarioError?
  @safe @exclusivity(unchecked) var endHooks: [EndHook] = []
  @safe @exclusivity(unchecked) var lockdep = Lockdep()
  @safe @exclusivity(unchecked) var log = MessageLog()
  @safe @exclusivity(unchecked) var conditions = Conditions()
  @safe @exclusivity(unchecked) var outcomes = Outcomes()
  @safe @exclusivity(unchecked) var recorder: Recorder? { didSet { attention.set(.recording, recorder != nil) } }
  /// The work at each step beside taking it; nothing while a search runs at its own speed.
  @safe @exclusivity(unchecked) var attention: Attention = []
  /// Whether the state is followed: whether there is a watch.
  @safe @exclusivity(unchecked) @usableFromInline var isWatched = false {
    didSet { attention.set(.watching, isWatched) }
  }
  @safe @exclusivity(unchecked) var watch: (any StepWatch)?
  /// What follows the time; nothing while a search runs.
  @safe @exclusivity(unchecked) var clock: (any StepClock)? { didSet { attention.set(.timing, clock != nil) } }
  /// Whether this execution is checked for what steps declare; see ``StepGuard``.
  @safe @exclusivity(unchecked) @usableFromInline var isGuarded = false
  @safe @exclusivity(unchecked) var stepGuard: StepGuard?
  @safe @exclusivity(unchecked) var spareGuard: StepGuard?
  /// Whether the executions that follow are to be checked for what their steps declare.
  @safe @exclusivity(unchecked) var isChecked = false

  /// Jobs that arrive from outside of the run loop: the first job of a task, or one that has strayed.
  let mailbox = Mailbox()

  /// Makes a machine with no threads and no objects.
  init() {}

  // MARK: SerialExecutor

  /// Takes the first job of a task that the machine starts.
  public func enqueue(_ job: consuming ExecutorJob) { mailbox.put(UnownedJob(job)) }

  /// The machine as an executor.
  ///
  /// The same as the standard library's, which is generic and not inlined: every hop of every actor asks for it.
  @inlinable @inline(__always)
  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

  /// Accepts every caller: the operating-system thread that drives the machine is the machine.
  public func checkIsolated() {}

  /// Answers yes, for the same reason.
  public func isIsolatingCurrentContext() -> Bool? { true }
}

/// The work at each step beside taking it.
struct Attention: OptionSet {
  var rawValue: UInt8

  static let recording = Attention(rawValue: 1)
  static let watching = Attention(rawValue: 2)
  static let owing = Attention(rawValue: 4)
  static let timing = Attention(rawValue: 8)

  var isEmpty: Bool { rawValue == 0 }

  mutating func set(_ part: Attention, _ isOn: Bool) {
    rawValue = isOn ? rawValue | part.rawValue : rawValue & ~part.rawValue
  }
}

/// Who runs next.
enum Choice {
  /// Nothing has been decided.
  static let none = -1
  /// No thread can run although one should.
  static let stuck = -2
}

/// What the machine knows about an object.
struct ObjectSlot {
  var offer = Offer()
  /// The number of shares that threads have of it.
  var shares: Int32 = 0
  /// The allocation that the object is a field of, or itself.
  var owner: UInt32
  /// What would be a leak if the execution ended now.
  var held: Int32 = 0
  var state: ObjectState = .live
  var kind: ObjectKind
  /// Whether something is stated about it as a lock; see ``LockInvariant``.
  var hasInvariants = false
  /// The thread that registered it; with its place among that thread's objects, a name that no schedule changes.
  var creator: UInt8
  /// The number of steps that the execution had taken then.
  var birth: Int32
}

enum ObjectState: UInt8 { case live, freed }

enum ObjectKind: UInt8 { case field, allocation, thread }

/// What the machine knows about a thread.
struct ThreadSlot {
  /// The step that the thread takes next.
  var object = ObjectID(0)
  var access = Access.read
  var need = Offer()
  var hasFurther = false
  var further: (ObjectAccess?, ObjectAccess?) = (nil, nil)
  var forecast: Forecast?
  /// What few threads have.
  var rare: RareThreadState?

  var name = ""
  var handle = ObjectID(0)
  var parent = ThreadID(0)
  /// The number of parents up to the thread that runs the scenario.
  var generation = 0
  /// The threads that this one has joined, and those that they had joined.
  var joined = ThreadSet()
  /// The number of events when the thread was started, and when it had ended.
  var firstEvent = 0
  var lastEvent = Int.max
  var body: (@Sendable () async throws -> Void)?
  var taskWork: [TaskWork] = []
  var isRunningTaskWork = false

  /// Forgets the thread that was here before.
  mutating func begin(
    _ name: String, _ handle: ObjectID, _ parent: ThreadID, _ generation: Int, _ event: Int,
    _ body: @escaping @Sendable () async throws -> Void
  ) {
    self.name = name
    self.handle = handle
    self.parent = parent
    self.generation = generation
    self.body = body
    joined = ThreadSet()
    firstEvent = event
    lastEvent = .max
    hasFurther = false
    isRunningTaskWork = false
    if rare != nil { rare = nil }
    if !taskWork.isEmpty { taskWork.removeAll(keepingCapacity: true) }
  }
}

/// What few threads have, apart from the rest so that the others are small.
final class RareThreadState {
  /// Allocations in which the thread has registered fields since its last step; its next step reads them.
  var owed: ContiguousArray<ObjectID> = []
  /// Where it has unlocked a lock in them, if that is why it owes them.
  var unlocked: (file: StaticString, line: UInt)?
  /// Parts of warnings that are tolerated in this thread and in those that it starts.
  var expectedWarnings: [String] = []
  /// What it has read and waits for; see ``Kernel/cpuRelax(file:line:)``.
  var relax = Relaxing()
  /// The lock in whose queue it sleeps.
  var queued: QueuedAt?
}

/// Work that a thread has put off until it goes back to user mode.
typealias TaskWork = @Sendable () async throws(KernelFault) -> Void

/// One step of an execution, as a search sees it.
struct Event: Equatable {
  var thread: UInt8
  var access: Access
  var hasFurther = false
  /// Whether the step turned out to change nothing, whatever its access.
  var isIdle = false
  var object: ObjectID
}

/// A further access of the step at `event`.
struct FurtherAccess {
  var event: Int
  var access: ObjectAccess
}
