// SPDX-License-Identifier: GPL-2.0-only

/// What leads to a file: page table entries, and mappings of importers if it is a buffer.
///
/// Like KASAN's shadow memory this is no state of the modelled kernel. It is changed and looked at inside of the steps
/// that set and clear entries, make and end mappings and release locks, as accesses that those steps declare.
public final class Reach: LockRule {
  let kernel: Kernel
  let entries: MappedEntries
  /// Nothing for a file that is no buffer.
  let mappings: ImporterMappings?
  private let owner: ObjectID?
  private let rules: [RevokeRule]

  init(_ kernel: Kernel, in owner: Allocation?, hasImporters: Bool, revokedWhen rules: [RevokeRule]) {
    self.kernel = kernel
    self.owner = owner?.object
    self.rules = rules
    entries = MappedEntries(kernel)
    mappings = hasImporters ? ImporterMappings(kernel) : nil
    for (place, rule) in rules.enumerated() {
      guard let lock = rule.lock else {
        kernel.refuse(.badOption(name: "revokedWhen", found: "the reservation lock", expected: "a lock of the file's"))
        continue
      }
      kernel.add(LockInvariant(lock: lock, what: .ruled(self, place)))
    }
  }

  /// Whether nothing leads to the file: what has been counted for the look for leaks.
  var isEmpty: Bool {
    kernel.objects[entries.object.index].held == 0 && mappings.map { kernel.objects[$0.object.index].held == 0 } ?? true
  }

  /// Reads what a look for what is alive has to read.
  ///
  /// What is not revoked may be reached, so that nothing else is read then: mappings are made and ended without the
  /// lock.
  func look(at place: Int, _ look: inout Look) {
    if let owner, look.isFreed(owner) { return }
    guard rules[place].isRevoked(&look) else { return }
    guard look.isForecast else { return }
    if let mappings { look.note(mappings.object) }
    look.note(entries.object)
  }

  /// What is alive although it must not be, now that no thread has the lock.
  func violation(of place: Int) -> Violation? {
    var look = Look(kernel)
    let rule = rules[place]
    if let owner, look.isFreed(owner) { return nil }
    guard rule.isRevoked(&look) else { return nil }
    let mappings = mappings.map { $0.assumeIsolated { $0.all } } ?? []
    let entries = entries.assumeIsolated { $0.all }
    let alive = mappings.map { $0.text(kernel) } + entries.map { $0.text(kernel) }
    let summary = alive.count == 1 ? "\(alive[0]) is" : "\(alive[0]) and \(alive.count - 1) more are"
    kernel.recorder?.blame(mappings.map(\.step) + entries.map(\.step))
    let lives = mappings.flatMap { kernel.recorder?.life(of: $0.table) ?? [] }
    return Violation(
      kind: .outlivesRevoke, summary: "\(summary) alive after \(rule.event)",
      details: alive.dropFirst().map { "so is \($0)" } + lives)
  }

  /// The event after which the file must not be reached, if it has happened and no thread has the whole of the lock.
  private func broken(_ look: inout Look) -> String? {
    for rule in rules where rule.isRevoked(&look) {
      if let lock = rule.lock, !look.isHeldExclusively(lock) { return rule.event }
    }
    return nil
  }

  // MARK: Page table entries

  func declareInsertion(of memory: any PhysicalMemory, _ list: inout AccessList) {
    declareRemoval(of: memory, &list)
    declareRules(&list)
  }

  func declareRemoval(of memory: any PhysicalMemory, _ list: inout AccessList) {
    list.add(entries.object, .update)
    forEachTarget(of: memory) { list.add($0, .read) }
  }

  /// Calls a function with each allocation that an entry leads to: the file, and the structure that the memory is in.
  private func forEachTarget(of memory: any PhysicalMemory, _ body: (ObjectID) -> Void) {
    if let owner { body(owner) }
    let object = memory.accesses(isWrite: false).0.object
    let structure = kernel.owner(of: object)
    if structure != object { body(structure) }
  }

  func add(_ entry: PageTableEntry, in table: ObjectID) throws(KernelFault) {
    forEachTarget(of: entry.memory) { target in
      kernel.leads.append(Lead(target: target, table: table, address: entry.address, frame: entry.frame.rawValue))
    }
    let new = MappedEntry(
      table: table, address: entry.address, frame: entry.frame, thread: kernel.currentThread, step: kernel.stepCount)
    entries.assumeIsolated { $0.add(new) }
    var look = Look(kernel)
    guard let event = broken(&look) else { return }
    let me = kernel.threads[kernel.current].name
    throw kernel.fail(.outlivesRevoke, "\(me) maps \(hex(entry.address)) to pfn \(entry.frame) after \(event)")
  }

  func remove(_ entry: PageTableEntry, in table: ObjectID) {
    kernel.leads.removeAll { $0.table == table && $0.address == entry.address }
    entries.assumeIsolated { $0.remove(table, entry.address) }
  }

  // MARK: Mappings of importers

  func declareRules(_ list: inout AccessList) {
    var look = Look(kernel, after: list)
    _ = broken(&look)
    list = look.accesses
  }

  /// Refuses a mapping that has just been made of what must not be reached.
  func check(_ mapping: ImporterMapping) throws(KernelFault) {
    var look = Look(kernel)
    guard let event = broken(&look) else { return }
    throw kernel.fail(.outlivesRevoke, "\(mapping.importer) maps the buffer after \(event)")
  }
}

/// A page table entry that leads to a file.
struct MappedEntry: Sendable, Equatable {
  var table: ObjectID
  var address: UInt64
  var frame: Pfn
  /// The thread that set it, and the step of the execution.
  var thread: ThreadID
  var step: Int

  func text(_ kernel: Kernel) -> String {
    "page table entry \(hex(address)) -> pfn \(frame), set by \(kernel.threads[thread.index].name),"
  }
}

/// The page table entries that lead to a file.
actor MappedEntries: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  /// By table and address: in an order that does not depend on which thread was first.
  @safe @exclusivity(unchecked) private(set) var all: [MappedEntry] = []

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("page table entries")
  }

  func add(_ entry: MappedEntry) {
    let place =
      all.firstIndex { (entry.table.rawValue, entry.address) < ($0.table.rawValue, $0.address) } ?? all.count
    all.insert(entry, at: place)
    note()
  }

  func remove(_ table: ObjectID, _ address: UInt64) {
    all.removeAll { $0.table == table && $0.address == address }
    note()
  }

  /// What is left at the end is a leak.
  private func note() {
    hold(all.count)
    changed()
  }

  /// Adds the entries, without the threads that set them.
  func describe(to fingerprint: inout Fingerprint) {
    fingerprint.add(all.count)
    for entry in all {
      fingerprint.add(entry.table)
      fingerprint.add(entry.address)
      fingerprint.add(entry.frame.rawValue)
    }
  }
}

extension Finding.Kind {
  /// A page table entry or a mapping that outlives a revoke.
  public static let outlivesRevoke = Self("alive after revoke")
}
