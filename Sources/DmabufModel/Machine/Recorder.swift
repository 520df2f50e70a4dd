// SPDX-License-Identifier: GPL-2.0-only

/// Writes down every step of one execution for a report.
///
/// Searching records nothing but thread and object numbers. What is worth showing is run a second time, from its
/// choices, with a recorder; that it comes out the same is checked on the way.
final class Recorder {
  /// How much is written down.
  enum Detail {
    /// Everything that a report shows.
    case full
    /// Who did what to what, without a word of text; for counting over many executions.
    case labels
  }

  /// Of an execution longer than this the rest is left out: it is a livelock, and is not read to the end.
  static let maximumSteps = 10_000

  private let detail: Detail
  private(set) var steps: [TraceStep] = []
  /// The label of each step taken while other threads were there; only of ``Detail/labels``.
  private(set) var labels: [StaticString] = []
  /// The step that was refused before it was taken, if it was.
  private(set) var attempt: TraceStep?
  /// What the threads that had not ended were about to do when the machine stopped.
  private(set) var pendingAtEnd: [TraceStep] = []
  /// The same for those that slept in the queue of a lock, as it is to be shown: at the lock.
  private(set) var queuedAtEnd: [TraceStep] = []
  private(set) var heldAtEnd: [LocksAtEnd] = []
  private var pending: [Int: (object: ObjectID, label: StaticString, file: StaticString, line: UInt)] = [:]
  private var lives: [ObjectID: [String]] = [:]
  /// Each allocation, with the number of the step behind which it was made.
  private(set) var allocations: [(object: ObjectID, thread: Int, after: Int)] = []
  /// What is alive at the end: the numbers of the steps that have made it.
  private(set) var makers: [Int] = []
  private var counts = LiveCounts()
  /// Steps that have made what a check of the machine has found alive.
  private var blamed: [Int] = []

  init(_ detail: Detail = .full) { self.detail = detail }

  func declare(_ thread: Int, _ object: ObjectID, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    pending[thread] = (object, label, file, line)
  }

  func record(_ thread: Int, _ object: ObjectID, _ access: Access, isConcurrent: Bool, _ kernel: Kernel) {
    guard let what = pending[thread] else { return }
    if isConcurrent { labels.append(what.label) }
    if detail != .full || steps.count >= Self.maximumSteps { return }
    counts.update(kernel, after: steps.last?.number ?? 0, touching: object)
    var step = step(thread, object, access, what.label, what.file, what.line, kernel)
    step.number = kernel.stepCount
    step.isConcurrent = isConcurrent
    steps.append(step)
  }

  /// Writes down a step that is refused before it is taken.
  func noteAttempt(
    _ thread: Int, _ object: ObjectID, _ access: Access, _ label: StaticString, _ file: StaticString, _ line: UInt,
    _ kernel: Kernel
  ) {
    attempt = step(thread, object, access, label, file, line, kernel)
  }

  func remark(_ text: () -> String) {
    guard detail == .full, !steps.isEmpty, steps.count < Self.maximumSteps else { return }
    steps[steps.count - 1].remark = text()
  }

  /// Writes down who holds what and who was about to do what; called when the machine stops, before its threads unwind.
  func noteEnd(_ kernel: Kernel) {
    noteAlive(kernel)
    heldAtEnd = (0..<kernel.threadCount).compactMap { thread in
      let locks = Self.heldLocks(of: thread, kernel)
      return locks.isEmpty ? nil : LocksAtEnd(thread: kernel.threads[thread].name, locks: locks)
    }
    for thread in 0..<kernel.threadCount where kernel.live.contains(thread) {
      let slot = kernel.threads[thread]
      guard let what = pending[thread], kernel.lastRan != thread || kernel.enabled.isEmpty else { continue }
      pendingAtEnd.append(step(thread, slot.object, slot.access, what.label, what.file, what.line, kernel))
      guard let queued = slot.rare?.queued else { continue }
      queuedAtEnd.append(step(thread, queued.lock, .acquire, queued.label, what.file, what.line, kernel))
    }
  }

  /// Writes down what is alive; before threads unwind.
  func noteAlive(_ kernel: Kernel) {
    counts.update(kernel, after: steps.last?.number ?? 0, touching: nil)
    makers = Set(counts.makers(kernel) + blamed).sorted()
  }

  /// Notes which steps have made what should not be alive any more.
  func blame(_ steps: [Int]) { blamed += steps }

  func pendingLabel(of thread: Int) -> String? { pending[thread]?.label.description }

  func location(of thread: Int) -> String? { pending[thread].map { "\($0.file):\($0.line)" } }

  func noteLife(of object: ObjectID, _ event: String, by thread: Int, _ kernel: Kernel) {
    if event == "allocated" { allocations.append((object, thread, kernel.stepCount)) }
    lives[object, default: []].append("\(event) by \(kernel.threads[thread].name) at step \(kernel.stepCount)")
  }

  func life(of object: ObjectID) -> [String] { lives[object] ?? [] }

  private func step(
    _ thread: Int, _ object: ObjectID, _ access: Access, _ label: StaticString, _ file: StaticString, _ line: UInt,
    _ kernel: Kernel
  ) -> TraceStep {
    let further = kernel.further(of: thread).all
    func owner(of object: ObjectID) -> ObjectID { ObjectID(Int(kernel.objects[object.index].owner)) }
    return TraceStep(
      number: 0, thread: ThreadID(thread), object: object, objectName: kernel.name(of: object),
      kindName: kernel.plainName(of: object), owners: ([object] + further.map(\.object)).map { owner(of: $0) },
      access: access, further: further, isJoin: kernel.isJoin(ObjectAccess(object, access)),
      label: label.description, file: file.description, line: line,
      isConcurrent: true, heldLocks: Self.heldLocks(of: thread, kernel))
  }

  private static func heldLocks(of thread: Int, _ kernel: Kernel) -> [String] {
    kernel.lockdep.locks(of: thread).map { kernel.name(of: $0.object) + ($0.isShared ? " (read)" : "") }
  }
}

/// What the machine counts by itself, and which steps have brought it about: page table entries, mappings.
private struct LiveCounts {
  private var known: [Int32] = []
  /// For each object the steps that have raised its count since it was last zero.
  private var raised: [Int: [Int]] = [:]
  /// Objects that steps are about: they are locks and counters of the model, and are no counts of the machine's.
  private var touched: Set<ObjectID> = []

  /// Looks what the last step has changed.
  mutating func update(_ kernel: Kernel, after step: Int, touching object: ObjectID?) {
    if let object { touched.insert(object) }
    for index in 0..<kernel.objects.count {
      let held = kernel.objects[index].held
      if index == known.count {
        // What is there from the first is a property of the object.
        known.append(held)
        continue
      }
      if held == known[index] { continue }
      if held == 0 { raised[index] = nil } else if held > known[index] { raised[index, default: []].append(step) }
      known[index] = held
    }
  }

  /// The steps that have made what is alive.
  func makers(_ kernel: Kernel) -> [Int] {
    known.indices.filter { index in
      let slot = kernel.objects[index]
      return slot.held != 0 && slot.kind == .field && slot.offer.isEmpty && !touched.contains(ObjectID(index))
    }.flatMap { raised[$0] ?? [] }.sorted()
  }
}

/// One step of a recorded execution.
package struct TraceStep: Sendable, Hashable {
  /// Its number in the execution, from 1; zero for a step that was not taken.
  package internal(set) var number: Int
  /// The thread that took it.
  package let thread: ThreadID
  /// The object that it touched.
  package let object: ObjectID
  /// That object's name.
  package internal(set) var objectName: String
  /// The object's name without the number that tells it from others of that name; the same in a run with more of them.
  let kindName: String
  /// For each object that the step touches the allocation that it is a field of, or itself.
  let owners: [ObjectID]
  /// What it did to the object.
  package let access: Access
  /// What it did to other objects in the same instant.
  let further: [ObjectAccess]
  /// Whether the step waits for the end of a thread.
  let isJoin: Bool
  /// The C spelling of the step.
  package let label: String
  /// Where in the source the step was asked for.
  package let file: String
  /// Where in the source the step was asked for.
  package let line: UInt
  /// Whether another thread could have run in its place.
  package internal(set) var isConcurrent: Bool
  /// The locks that the thread held when it came to the step.
  package let heldLocks: [String]
  /// What was read or written.
  package internal(set) var remark = ""

  /// What is done to what: `mutex_lock(resv)`.
  package var text: String { StepText.of(label, objectName) }

  /// Whether the step is a part of the race: others were there, and it is not the wait for their end.
  var isVisible: Bool { isConcurrent && !isJoin }

  /// Whether it matters which of two steps of different threads comes first.
  func isDependent(on other: TraceStep) -> Bool {
    thread == other.thread || depends(on: other, countingLooks: true)
  }

  /// Whether the steps of two threads depend on each other by what the modelled kernel does, without the machine's
  /// looks.
  func isDependentInKernel(on other: TraceStep) -> Bool {
    thread == other.thread || depends(on: other, countingLooks: false)
  }

  private func depends(on other: TraceStep, countingLooks: Bool) -> Bool {
    for mine in touches where countingLooks || !mine.access.isOfMachine {
      for its in other.touches where mine.object == its.object && !mine.access.commutes(with: its.access) {
        if countingLooks || !its.access.isOfMachine { return true }
      }
    }
    return false
  }

  /// All that the step does, and that it reads the allocations of the fields that it touches: it needs them to be
  /// there.
  private var touches: [ObjectAccess] {
    accesses + zip(accesses, owners).filter { $0.object != $1 && $0.access != .look }.map { ObjectAccess($1, .read) }
  }

  /// All that the step does.
  var accesses: [ObjectAccess] { [ObjectAccess(object, access)] + further }
}

extension Kernel {
  func declareForRecord(_ object: ObjectID, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    recorder?.declare(current, object, label, file, line)
  }

  func record(_ object: ObjectID, _ access: Access) {
    recorder?.record(current, object, access, isConcurrent: !unjoined.isEmpty, self)
  }

  /// A value as it is printed in a trace: one of the machine's objects by its name, and what an optional holds.
  ///
  /// Made for the text of ``KernelActor/note(_:)``.
  public func text<Value>(of value: Value) -> String {
    if let actor = value as? any KernelActor { return name(of: actor.object) }
    if let object = value as? ObjectID { return name(of: object) }
    if let allocation = value as? Allocation { return name(of: allocation.object) }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional else { return "\(value)" }
    return mirror.children.first.map { text(of: $0.value) } ?? "nil"
  }

  /// The name of an object as it was registered, the same whatever else is registered.
  func plainName(of object: ObjectID) -> String {
    objects[object.index].kind == .thread ? name(of: object) : objectNames[object.index].description
  }
}

/// The locks that a thread held when an execution stopped.
package struct LocksAtEnd: Sendable, Hashable {
  /// The thread's name.
  package let thread: String
  /// Its locks, in the order in which it took them.
  package let locks: [String]
}
