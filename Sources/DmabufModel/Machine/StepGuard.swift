// SPDX-License-Identifier: GPL-2.0-only

/// Holds what each step does to the machine's actors against what it has declared.
///
/// A search believes what steps declare. In a checked execution every actor that has been seen is compared before and
/// after each step: by what it says is in it, and by the bytes of its instance. What has changed must have been
/// declared by the step, as something else than a read. A method that takes no step at all is noticed as well, since
/// each call asks the actor for its executor on the way in.
///
/// What this cannot see: a change in place in memory that an instance only refers to (an array with room for more),
/// unless the actor describes itself; a read without a declaration by a method that has a step; and actors on a hot
/// path that give the machine's executor themselves, until their first step.
final class StepGuard {
  private struct Known {
    var actor: any KernelActor
    var parts: [ObjectID]
    var size: Int
    var bytes: [UInt8]
    var description: UInt64?
    /// Whether it has changed in this execution, and a call of it that took no step.
    var hasChanged = false
    var silentCall: String?
  }

  /// A call of an actor's method that has not returned.
  private struct Call {
    var object: ObjectID
    var isSilent: Bool
    /// The number of steps that the thread had taken when it came in.
    var steps: Int
  }

  private var known: [Known] = []
  private var places: [ObjectID: Int] = [:]
  private var calls: [[Call]] = []
  private var steps: [Int] = []
  private var segment: [ObjectAccess] = []
  /// Actors that have changed under a lock that keeps them still, and have said so.
  private var excused: [ObjectID] = []
  /// The step that is being taken, in words that are made when they are needed.
  private var step: (thread: Int, object: ObjectID, label: StaticString, file: StaticString, line: UInt)?
  private var declared: [(label: StaticString, file: StaticString, line: UInt)?] = []
  private var isPaused = false

  // MARK: Steps

  func declare(_ thread: Int, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    while declared.count <= thread { declared.append(nil) }
    declared[thread] = (label, file, line)
  }

  /// Ends the step before and begins another one.
  func enter(_ thread: Int, _ object: ObjectID, _ access: Access, _ kernel: Kernel) -> ScenarioError? {
    let problem = endStep(kernel)
    segment.append(ObjectAccess(object, access))
    if thread < declared.count, let (label, file, line) = declared[thread] {
      step = (thread, object, label, file, line)
    }
    while steps.count <= thread { steps.append(0) }
    steps[thread] += 1
    noteAccess(to: object, by: thread)
    return problem
  }

  func enterFurther(_ accesses: AccessList, _ thread: Int) {
    for index in accesses.indices {
      segment.append(accesses[index])
      noteAccess(to: accesses[index].object, by: thread)
    }
  }

  func excuse(_ object: ObjectID) { excused.append(object) }

  /// Compares all actors with what they were before the step that has just ended.
  func endStep(_ kernel: Kernel) -> ScenarioError? {
    isPaused = true
    defer {
      isPaused = false
      if !segment.isEmpty { segment.removeAll(keepingCapacity: true) }
      if !excused.isEmpty { excused.removeAll(keepingCapacity: true) }
      step = nil
    }
    var problem: ScenarioError?
    var index = 0
    while index < known.count {
      defer { index += 1 }
      let description = describe(known[index].actor, kernel)
      let isSame = InstanceBytes.areSame(known[index].actor, known[index].bytes)
      if isSame && description == known[index].description { continue }
      let isChanged = description == nil || description != known[index].description
      if !isSame { known[index].bytes = InstanceBytes.read(known[index].actor, known[index].size) }
      known[index].description = description
      if isChanged && problem == nil { problem = noteChange(index) }
      if !isChanged || step == nil && segment.isEmpty || kernel.unjoined.isEmpty { continue }
      if problem == nil { problem = objection(to: known[index], kernel) }
    }
    return problem
  }

  /// What changes makes a call without a step a mistake: what it read may have been another value.
  private func noteChange(_ index: Int) -> ScenarioError? {
    known[index].hasChanged = true
    guard let call = known[index].silentCall else { return nil }
    return .methodWithoutStep(actor: describe(known[index]), step: call)
  }

  /// Takes everything as it is: it was changed where no other thread could see it.
  func accept(_ kernel: Kernel) {
    isPaused = true
    defer { isPaused = false }
    for index in known.indices {
      known[index].bytes = InstanceBytes.read(known[index].actor, known[index].size)
      known[index].description = describe(known[index].actor, kernel)
    }
  }

  private func objection(to actor: Known, _ kernel: Kernel) -> ScenarioError? {
    if excused.contains(where: { actor.parts.contains($0) }) { return nil }
    let own = segment.filter { actor.parts.contains($0.object) }
    if own.contains(where: { $0.access != .read && $0.access != .look }) { return nil }
    let what = own.isEmpty ? "declares nothing of it" : "declares it as \(own[0].access)"
    return .undeclaredChange(actor: describe(actor), step: "\(place(kernel)), which \(what)")
  }

  private func place(_ kernel: Kernel) -> String {
    guard let step else { return "a step" }
    let name = kernel.threads[step.thread].name
    let text = StepText.of(step.label, kernel.name(of: step.object))
    return "thread \(name), in or behind \(text) at \(step.file):\(step.line)"
  }

  private func describe(_ actor: Known) -> String {
    let fields = Mirror(reflecting: actor.actor).children.filter { child in
      guard let label = child.label else { return false }
      return !label.hasPrefix("$") && label != "kernel" && label != "object" && !(child.value is any KernelActor)
    }
    let state = fields.map { "\($0.label ?? "") = \($0.value)" }.joined(separator: ", ")
    return "\(type(of: actor.actor)) '\(actor.actor.kernel.name(of: actor.actor.object))' (now \(state))"
  }

  // MARK: Actors

  func know(_ actor: any KernelActor, _ kernel: Kernel) {
    if places[actor.object] != nil { return }
    places[actor.object] = known.count
    let size = InstanceBytes.size(of: actor)
    let bytes = InstanceBytes.read(actor, size)
    var new = Known(actor: actor, parts: actor.parts, size: size, bytes: bytes, description: nil)
    let wasPaused = isPaused
    isPaused = true
    new.description = describe(actor, kernel)
    isPaused = wasPaused
    known.append(new)
  }

  private func describe(_ actor: any KernelActor, _ kernel: Kernel) -> UInt64? {
    let described = actor.assumeIsolated { actor in
      var fingerprint = Fingerprint(kernel, seed: 0, ofOneExecution: true)
      actor.describe(to: &fingerprint)
      return fingerprint
    }
    return described.isComplete ? described.bits : nil
  }

  // MARK: Calls

  /// Has looks of the machine's own not be taken for calls.
  func pausing<Value>(_ body: () -> Value) -> Value {
    let wasPaused = isPaused
    isPaused = true
    defer { isPaused = wasPaused }
    return body()
  }

  /// Notes that a thread comes into an actor, or back to it.
  func noteCall(of actor: any KernelActor, _ thread: Int, _ kernel: Kernel) -> ScenarioError? {
    if isPaused { return nil }
    know(actor, kernel)
    while calls.count <= thread { calls.append([]) }
    while steps.count <= thread { steps.append(0) }
    if let place = calls[thread].lastIndex(where: { $0.object == actor.object }) {
      return popCalls(of: thread, downTo: place + 1, kernel)
    }
    let isDeclared = segment.contains { actor.parts.contains($0.object) }
    calls[thread].append(Call(object: actor.object, isSilent: !isDeclared, steps: steps[thread]))
    return nil
  }

  /// Notes that a thread is back in its body.
  func noteReturn(_ thread: Int, _ kernel: Kernel) -> ScenarioError? {
    if isPaused || thread >= calls.count { return nil }
    return popCalls(of: thread, downTo: 0, kernel)
  }

  private func noteAccess(to object: ObjectID, by thread: Int) {
    guard thread < calls.count, let place = known.firstIndex(where: { $0.parts.contains(object) }) else {
      if thread < calls.count {
        for index in calls[thread].indices where calls[thread][index].object == object {
          calls[thread][index].isSilent = false
        }
      }
      return
    }
    let own = known[place].actor.object
    for index in calls[thread].indices where calls[thread][index].object == own {
      calls[thread][index].isSilent = false
    }
  }

  private func popCalls(of thread: Int, downTo count: Int, _ kernel: Kernel) -> ScenarioError? {
    var problem: ScenarioError?
    while calls[thread].count > count {
      let call = calls[thread].removeLast()
      // A method that only hands on to others has nothing to declare.
      let tookNone = call.isSilent && call.steps == steps[thread]
      guard tookNone, !kernel.unjoined.isEmpty, let place = places[call.object] else { continue }
      let caller = caller(thread, kernel)
      if known[place].hasChanged || hasChangedNow(place, kernel) {
        problem = problem ?? .methodWithoutStep(actor: describe(known[place]), step: caller)
      } else {
        known[place].silentCall = caller
      }
    }
    return problem
  }

  /// Whether an actor has changed since the step began.
  private func hasChangedNow(_ index: Int, _ kernel: Kernel) -> Bool {
    let description = pausing { describe(known[index].actor, kernel) }
    if let description { return description != known[index].description }
    return !InstanceBytes.areSame(known[index].actor, known[index].bytes)
  }

  private func caller(_ thread: Int, _ kernel: Kernel) -> String {
    let name = "thread \(kernel.threads[thread].name)"
    guard thread < declared.count, let (label, file, line) = declared[thread] else { return name }
    return "\(name), behind its \(label) at \(file):\(line)"
  }

  /// Forgets the execution.
  func reset() {
    known.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    calls.removeAll(keepingCapacity: true)
    steps.removeAll(keepingCapacity: true)
    segment.removeAll(keepingCapacity: true)
    excused.removeAll(keepingCapacity: true)
    declared.removeAll(keepingCapacity: true)
    step = nil
  }
}

/// The bytes of an instance behind its header.
enum InstanceBytes {
  private static let header = 16

  /// The number of bytes to be compared; zero where that cannot be told.
  static func size(of object: AnyObject) -> Int {
    #if canImport(Glibc) || canImport(Musl)
    return max(0, unsafe usableSize(Unmanaged.passUnretained(object).toOpaque()) - header)
    #else
    return 0
    #endif
  }

  /// Whether an instance has the bytes that it had.
  static func areSame(_ object: AnyObject, _ bytes: [UInt8]) -> Bool {
    let start = unsafe Unmanaged.passUnretained(object).toOpaque() + header
    return unsafe bytes.isEmpty || compare(start, bytes, bytes.count) == 0
  }

  static func read(_ object: AnyObject, _ size: Int) -> [UInt8] {
    if size == 0 { return [] }
    let start = unsafe Unmanaged.passUnretained(object).toOpaque() + header
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: size))
  }
}

#if canImport(Glibc) || canImport(Musl)
/// The C library's own word on how much memory a block has; its module does not export it.
@_silgen_name("malloc_usable_size")
private func usableSize(_ block: UnsafeMutableRawPointer?) -> Int
#endif

/// The C library's own: a loop in a build without optimisation takes a hundred times as long.
@_silgen_name("memcmp")
private func compare(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer, _ count: Int) -> Int32
