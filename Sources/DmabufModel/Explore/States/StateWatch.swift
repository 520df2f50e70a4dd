// SPDX-License-Identifier: GPL-2.0-only

/// Keeps a fingerprint of the whole state of a machine while it takes steps.
///
/// The state is that of the objects and that of the threads. What a thread does next is fixed by what its steps have
/// given back so far, so a hash of those results stands for all of its private state, its place in the code included.
/// An object that can say what is in it is asked after each step that may have changed it. For one that cannot, a hash
/// of what has been done to it stands for its state. The same hash stands for the result of a step that does not state
/// its result. Both are sound: equal hashes mean equal states, but not the other way round.
///
/// The fingerprint of the whole is the exclusive-or of all parts, so that a step costs what it touches. Changes are
/// kept in a log, so that a search can go back without running again what led there.
final class StateWatch: StepWatch {
  var names: StableNames
  /// By stable name; an object that has not been touched is 0, and so is a thread that has not taken a step.
  private var threads: ContiguousArray<UInt64> = []
  private var objects: ContiguousArray<UInt64> = []
  /// The fingerprint of the whole, up to the last step that is settled.
  private(set) var total: UInt64 = 0
  private var undo: ContiguousArray<Change> = []

  /// Whether to keep results and actors only: a comparison looks into the actors itself.
  private let isComparing: Bool
  /// By the machine's number, the actors whose steps have been seen; only kept for a comparison.
  private(set) var actors: ContiguousArray<(any KernelActor)?> = []

  /// Prepares to watch.
  ///
  /// - Parameters:
  ///   - comparing: Whether only results and actors are of interest.
  ///   - registry: Where watches agree on names whose states are compared.
  init(comparing: Bool = false, sharing registry: NameRegistry? = nil) {
    isComparing = comparing
    names = StableNames(sharing: registry)
  }

  private struct Change {
    var place: Int32
    var isThread: Bool
    var before: UInt64
  }

  /// The last step, until it is settled: its method may still be at work.
  private var thread = -1
  private var accesses = InlineAccesses()
  private var actor: (any KernelActor)?
  /// Actors that have changed without a step of theirs, and the thread that has changed them.
  private var changed: ContiguousArray<(actor: any KernelActor, thread: Int)> = []
  private var result: UInt64 = 0
  private var hasResult = false

  func name(of object: ObjectID, _ kernel: Kernel) -> UInt64 {
    names.catchUp(with: kernel)
    return UInt64(truncatingIfNeeded: names.name(ofObject: object.index))
  }

  func hash(ofThread thread: Int) -> UInt64 { hash(in: threads, Int(names.name(ofThread: thread))) }

  // MARK: A step

  func enter(_ object: ObjectID, _ access: Access, _ kernel: Kernel) {
    settle(kernel)
    thread = kernel.current
    accesses = InlineAccesses(ObjectAccess(object, access))
  }

  func enterFurther(_ further: AccessList) {
    for index in further.indices { accesses.further.append(further[index]) }
  }

  func setActor(_ actor: any KernelActor) {
    self.actor = actor
    keep(actor)
  }

  func addChanged(_ actor: any KernelActor, by thread: Int) {
    changed.append((actor, thread))
    keep(actor)
  }

  private func keep(_ actor: any KernelActor) {
    if isComparing {
      while actors.count <= actor.object.index { actors.append(nil) }
      actors[actor.object.index] = actor
    }
  }

  func setResult(_ bits: UInt64) {
    result = hasResult ? Fingerprint.mix(result, bits) : bits
    hasResult = true
  }

  func addObserved(_ bits: UInt64, by current: Int, _ kernel: Kernel) {
    // Not settled here: the thread may be in the middle of a step.
    names.catchUp(with: kernel)
    let name = Int(names.name(ofThread: current))
    set(thread: name, to: Fingerprint.mix(hash(in: threads, name), bits))
  }

  /// Takes the last step into account; called when its method has ended.
  func settle(_ kernel: Kernel) {
    if !changed.isEmpty { settleChanged(kernel) }
    guard thread >= 0 else { return }
    names.catchUp(with: kernel)
    let me = Int(names.name(ofThread: thread))
    let before = Fingerprint.mix(hash(in: threads, me), UInt64(truncatingIfNeeded: me))
    if isComparing {
      // What a step returns and does not tell shows in what the thread does with it.
      set(thread: me, to: Fingerprint.mix(before, result))
      forgetStep()
      return
    }
    if !hasResult {
      accesses.forEach { access in
        let name = Int(names.name(ofObject: access.object.index))
        result = Fingerprint.mix(result, hash(in: objects, name))
      }
    }
    update(accesses.own, by: before, actor, kernel)
    for access in accesses.further {
      // A thread that is woken in a lock's queue takes a step on itself, and the lock in it.
      update(access, by: before, actor?.object == access.object ? actor : nil, kernel)
    }
    set(thread: me, to: Fingerprint.mix(before, result))
    forgetStep()
  }

  private func settleChanged(_ kernel: Kernel) {
    names.catchUp(with: kernel)
    if !isComparing {
      for change in changed {
        let name = Int(names.name(ofThread: change.thread))
        let thread = Fingerprint.mix(hash(in: threads, name), UInt64(truncatingIfNeeded: name))
        update(ObjectAccess(change.actor.object, .write), by: thread, change.actor, kernel)
      }
    }
    changed.removeAll(keepingCapacity: true)
  }

  private func update(_ access: ObjectAccess, by thread: UInt64, _ actor: (any KernelActor)?, _ kernel: Kernel) {
    if access.access == .read || access.access == .look { return }
    let slot = kernel.objects[access.object.index]
    if slot.kind == .thread { return }
    let name = Int(names.name(ofObject: access.object.index))
    let seed = UInt64(slot.offer.rawValue) << 32 | UInt64(UInt32(bitPattern: slot.held))
    if slot.kind == .allocation {
      set(object: name, to: Fingerprint.mix(seed, UInt64(access.access.rawValue)))
      return
    }
    if let actor, let bits = describe(actor, seed, kernel) {
      set(object: name, to: bits)
    } else {
      let history = Fingerprint.mix(hash(in: objects, name), thread)
      set(object: name, to: Fingerprint.mix(history, UInt64(access.access.rawValue)))
    }
  }

  private func describe(_ actor: any KernelActor, _ seed: UInt64, _ kernel: Kernel) -> UInt64? {
    let described = kernel.pausingGuard {
      actor.assumeIsolated { actor in
        var fingerprint = Fingerprint(kernel, seed: seed)
        actor.describe(to: &fingerprint)
        return fingerprint
      }
    }
    return described.isComplete ? described.bits : nil
  }

  /// The state, and what each thread does next: a thread may have looked at something before it said what that is.
  func fingerprint(_ kernel: Kernel) -> UInt64 {
    settle(kernel)
    var bits = total
    for thread in kernel.live {
      var part = Fingerprint.mix(UInt64(truncatingIfNeeded: names.name(ofThread: thread)), 1)
      Footprint(pending: thread, kernel).forEach { access in
        part = Fingerprint.mix(part, UInt64(truncatingIfNeeded: names.name(ofObject: access.object.index)))
        part = Fingerprint.mix(part, UInt64(access.access.rawValue))
      }
      if kernel.hasRelaxed {
        for object in kernel.staleReads(of: thread) {
          part = Fingerprint.mix(part, UInt64(truncatingIfNeeded: names.name(ofObject: object.index)) &+ 0x5EAD)
        }
      }
      bits ^= part
    }
    return bits
  }

  private func forgetStep() {
    thread = -1
    actor = nil
    result = 0
    hasResult = false
  }

  // MARK: Back and forth

  /// A place to which one can go back.
  var mark: Int { undo.count }

  /// Goes back to the state at a mark, and forgets what belongs to one execution.
  func rewind(to mark: Int) {
    forgetStep()
    changed.removeAll(keepingCapacity: true)
    names.beginExecution()
    while undo.count > mark {
      let change = undo.removeLast()
      let place = Int(change.place)
      if change.isThread {
        total ^= part(place, threads[place], isThread: true) ^ part(place, change.before, isThread: true)
        threads[place] = change.before
      } else {
        total ^= part(place, objects[place], isThread: false) ^ part(place, change.before, isThread: false)
        objects[place] = change.before
      }
    }
  }

  private func hash(in hashes: ContiguousArray<UInt64>, _ name: Int) -> UInt64 {
    name < hashes.count ? hashes[name] : 0
  }

  private func set(thread name: Int, to hash: UInt64) {
    while threads.count <= name { threads.append(0) }
    undo.append(Change(place: Int32(truncatingIfNeeded: name), isThread: true, before: threads[name]))
    total ^= part(name, threads[name], isThread: true) ^ part(name, hash, isThread: true)
    threads[name] = hash
  }

  private func set(object name: Int, to hash: UInt64) {
    while objects.count <= name { objects.append(0) }
    if objects[name] == hash { return }
    undo.append(Change(place: Int32(truncatingIfNeeded: name), isThread: false, before: objects[name]))
    total ^= part(name, objects[name], isThread: false) ^ part(name, hash, isThread: false)
    objects[name] = hash
  }

  @inline(__always)
  private func part(_ name: Int, _ hash: UInt64, isThread: Bool) -> UInt64 {
    hash == 0 ? 0 : Fingerprint.mix(hash, UInt64(truncatingIfNeeded: name) << 1 | (isThread ? 1 : 0))
  }
}

/// The accesses of a step, the object's own first.
private struct InlineAccesses {
  var own = ObjectAccess(ObjectID(0), .read)
  var further: ContiguousArray<ObjectAccess> = []

  init() {}
  init(_ own: ObjectAccess) { self.own = own }

  func forEach(_ body: (ObjectAccess) -> Void) {
    body(own)
    for access in further { body(access) }
  }
}
