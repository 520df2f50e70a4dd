// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

extension RandomProgram {
  /// The program as a scenario; each thread writes what it reads into the ledger.
  func scenario(_ ledger: Ledger) -> Scenario {
    let program = self
    return { kernel in
      let (kinds, threads) = (program.kinds, program.threads)
      ledger.begin(threads.count * 8 + 2)
      let machine = Machine(kernel, kinds, ledger)
      for _ in 0..<program.rounds {
        try await machine.run(program.before, as: threads.count * 8 + 1, own: nil)
        for (index, ops) in threads.enumerated() {
          kernel.thread("t\(index)") { try await machine.run(ops, as: index * 8, own: nil) }
        }
        try await machine.run(program.after, as: threads.count * 8 + 1, own: nil)
        try await kernel.join()
      }
      for (index, kind) in kinds.enumerated() where kind == .field {
        ledger.note(try await machine.fields[index].load(), by: threads.count * 8)
      }
    }
  }

  /// One execution's objects; each place has one of each kind, and the program uses the one that it says.
  private struct Machine {
    let kernel: Kernel
    let ledger: Ledger
    let kinds: [Kind]
    var fields: [Shared<Int>] = []
    var locks: [BareLock] = []
    var readWriteLocks: [BareReadWriteLock] = []
    var completions: [Completion] = []
    var semaphores: [Semaphore] = []
    var mutexes: [SleepingMutex] = []
    var rwsems: [ReadWriteSemaphore] = []
    var counters: [AtomicCounter] = []

    init(_ kernel: Kernel, _ kinds: [Kind], _ ledger: Ledger) {
      self.kernel = kernel
      self.kinds = kinds
      self.ledger = ledger
      let names: [StaticString] = ["object0", "object1", "object2"]
      for index in kinds.indices {
        fields.append(Shared(kernel, names[index], 0))
        locks.append(BareLock(kernel, names[index]))
        readWriteLocks.append(BareReadWriteLock(kernel, names[index]))
        completions.append(Completion(kernel, names[index]))
        semaphores.append(Semaphore(kernel, 1, names[index]))
        mutexes.append(SleepingMutex(kernel, names[index]))
        rwsems.append(ReadWriteSemaphore(kernel, names[index]))
        counters.append(AtomicCounter(kernel, names[index]))
      }
    }

    func run(_ ops: [Op], as thread: Int, own: Shared<Int>?) async throws(KernelFault) {
      var skips = false
      var own = own
      var children = 0
      for (place, op) in ops.enumerated() {
        if skips {
          skips = false
          if op.isOptional { continue }
        }
        switch op {
        case .spawn(let body):
          children += 1
          let field = Shared(kernel, "own", 0)
          own = field
          let child = thread + children
          kernel.thread("child") { try await self.run(body, as: child, own: field) }
        case .loadOwn: if let own { ledger.note(try await own.load(), by: thread) }
        case .storeOwn: if let own { try await own.store(thread * 16 + place) }
        case .loadAndSkip(let object):
          let value = try await fields[object].load()
          ledger.note(value, by: thread)
          skips = value & 1 != 0
        default: if let value = try await take(op, thread * 16 + place) { ledger.note(value, by: thread) }
        }
      }
    }

    /// Takes one step on one object; what it returns is what the thread has learnt.
    private func take(_ op: Op, _ value: Int) async throws(KernelFault) -> Int? {
      switch op {
      case .load(let object): return try await fields[object].load()
      case .store(let object): try await fields[object].store(value)
      case .lock(let object): try await lock(object)
      case .unlock(let object): try await unlock(object)
      case .lockShared(let object):
        if kinds[object] == .rwsem {
          try await rwsems[object].downRead()
        } else {
          try await readWriteLocks[object].lockShared()
        }
      case .unlockShared(let object):
        if kinds[object] == .rwsem {
          try await rwsems[object].upRead()
        } else {
          try await readWriteLocks[object].unlockShared()
        }
      case .downgrade(let object):
        if kinds[object] == .rwsem {
          try await rwsems[object].downgrade()
        } else {
          try await readWriteLocks[object].downgrade()
        }
      case .tryLock(let object): return try await tryLock(object) ? 1 : 0
      case .tryLockShared(let object):
        if !(try await rwsems[object].tryDownRead()) { return 0 }
        try await rwsems[object].upRead()
        return 1
      case .complete(let object): try await completions[object].complete()
      case .wait(let object): try await completions[object].wait()
      case .tryWait(let object): return try await completions[object].tryWait() ? 1 : 0
      case .isDone(let object): return try await completions[object].isDone() ? 1 : 0
      case .down(let object): try await semaphores[object].down()
      case .up(let object): try await semaphores[object].up()
      case .increment(let object): return try await counters[object].increment()
      case .add(let object, let other): return try await counters[object].add(counters[other])
      case .spawn, .loadOwn, .storeOwn, .loadAndSkip: break
      }
      return nil
    }

    private func lock(_ object: Int) async throws(KernelFault) {
      switch kinds[object] {
      case .mutex: try await mutexes[object].lock()
      case .rwsem: try await rwsems[object].downWrite()
      case .readWriteLock: try await readWriteLocks[object].lock()
      default: try await locks[object].lock()
      }
    }

    private func unlock(_ object: Int) async throws(KernelFault) {
      switch kinds[object] {
      case .mutex: try await mutexes[object].unlock()
      case .rwsem: try await rwsems[object].upWrite()
      case .readWriteLock: try await readWriteLocks[object].unlock()
      default: try await locks[object].unlock()
      }
    }

    /// Gives back at once what it got.
    private func tryLock(_ object: Int) async throws(KernelFault) -> Bool {
      if kinds[object] == .mutex {
        if !(try await mutexes[object].tryLock()) { return false }
        try await mutexes[object].unlock()
      } else {
        if !(try await rwsems[object].tryDownWrite()) { return false }
        try await rwsems[object].upWrite()
      }
      return true
    }
  }
}

extension RandomProgram.Op {
  /// Whether a thread may leave the operation out: locks and unlocks have to stay together.
  fileprivate var isOptional: Bool {
    switch self {
    case .lock, .unlock, .lockShared, .unlockShared, .downgrade: false
    default: true
    }
  }
}
