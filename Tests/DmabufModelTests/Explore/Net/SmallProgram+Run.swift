// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// One execution's objects of a ``SmallProgram``; only those that it uses do anything.
private struct SmallMachine: Sendable {
  let kernel: Kernel
  let program: SmallProgram
  let notes: Notes
  let reservation: Reservation
  var fences: [Fence] = []
  let queue: WaitQueue
  let flag: Shared<Int>
  let thing: Allocation
  let kref: Kref
  let field: Shared<Int>
  let completion: Completion
  let device: RamDevice
  let file: RamFile
  let memory: ProcessMemory
  var address: UInt64 = 0

  init(_ kernel: Kernel, _ program: SmallProgram, _ notes: Notes) async throws {
    self.kernel = kernel
    self.program = program
    self.notes = notes
    notes.begin(program.threads.count + 1)
    reservation = Reservation(kernel)
    for (context, sequence) in SmallProgram.fences {
      fences.append(Fence(kernel, context: context, sequence: sequence))
    }
    queue = WaitQueue(kernel)
    flag = Shared(kernel, "flag", 0)
    thing = kernel.allocate("thing")
    kref = Kref(kernel, "thing->kref", in: thing)
    field = Shared(kernel, "thing->field", 0, in: thing)
    completion = Completion(kernel)
    let mistakes = RamDevice.Mistake.allCases
    device = RamDevice(kernel, mistake: program.mistake < mistakes.count ? mistakes[program.mistake] : nil)
    file = device.open()
    memory = kernel.addressSpace()
    if program.kinds.contains(.memory) {
      address = try await memory.mmap(file, length: 2 * Page.size).address(kernel)
      for page in 0..<program.touched { _ = try await memory.load(address + UInt64(page) * Page.size) }
    }
    if program.kinds.contains(.reservation) {
      try await reservation.lock()
      _ = try await reservation.reserveFences(4)
      for fence in 0..<program.added { try await reservation.add(fences[fence], usage: .read) }
      try await reservation.unlock()
    }
    for _ in 0..<program.references { try await kref.get() }
  }

  private func note(_ what: some Any, _ thread: Int) { notes.note("\(what)", by: thread) }

  func run(_ op: SmallProgram.Op, _ thread: Int) async throws {
    switch op {
    case .sleep: try await queue.wait(until: { try await flag.load() == 1 })
    case .setFlag: try await flag.store(1)
    case .clearFlag: try await flag.store(0)
    case .loadFlag: note(try await flag.load(), thread)
    case .wake: try await queue.wakeUpAll()
    case .isActive: note(try await queue.isActive(), thread)
    case .complete: try await completion.complete()
    case .completeAll: try await completion.completeAll()
    case .wait: try await completion.wait()
    case .tryWait: note(try await completion.tryWait(), thread)
    case .isDone: note(try await completion.isDone(), thread)
    case .reset: try await completion.reset()
    case .defer1(let value):
      kernel.addTaskWork { () async throws(KernelFault) in try await flag.store(value) }
      kernel.addTaskWork { () async throws(KernelFault) in note(try await flag.load(), thread) }
    case .runDeferred: try await kernel.returnToUserMode()
    case .touch, .write, .unmap, .map, .zap, .revoke, .seeRevoked, .exitMemory, .fork: try await remember(op, thread)
    case .get, .put, .getUnlessZero, .read, .free, .load, .store, .make: try await count(op, thread)
    default: try await reserve(op, thread)
    }
  }

  private func count(_ op: SmallProgram.Op, _ thread: Int) async throws(KernelFault) {
    switch op {
    case .get: try await kref.get()
    case .put: if try await kref.put() { try await kernel.free(thing) }
    case .getUnlessZero:
      let isMine = try await kref.getUnlessZero()
      note(isMine, thread)
      if isMine, try await kref.put() { try await kernel.free(thing) }
    case .read: note(try await kref.read(), thread)
    case .free: try await kernel.free(thing)
    case .load: note(try await field.load(), thread)
    case .store: try await field.store(thread + 1)
    default:
      let mine = kernel.allocate("mine")
      let inside = Shared(kernel, "mine->field", 0, in: mine)
      try await inside.store(1)
      try await kernel.free(mine)
    }
  }

  private func reserve(_ op: SmallProgram.Op, _ thread: Int) async throws(KernelFault) {
    switch op {
    case .lockedAdd(let fence, let usage):
      try await reservation.lock()
      try await add(fence, usage)
      try await reservation.unlock()
    case .tryAdd(let fence):
      let isMine = try await reservation.tryLock()
      note(isMine, thread)
      if !isMine { return }
      try await add(fence, .bookkeep)
      try await reservation.unlock()
    case .lockedLook(let usage):
      try await reservation.lock()
      note(try await reservation.testSignalled(usage), thread)
      try await reservation.unlock()
    case .lockedWait(let usage):
      try await reservation.lock()
      try await reservation.wait(usage)
      try await reservation.unlock()
    case .waitFences(let usage): try await reservation.wait(usage)
    case .test(let usage): note(try await reservation.testSignalled(usage), thread)
    case .signal(let fence): try await fences[fence].signal()
    case .setError(let fence): try await fences[fence].setError(.ioError)
    case .waitFence(let fence): try await fences[fence].wait()
    case .status(let fence): note(try await fences[fence].status(), thread)
    case .isSignalled(let fence): note(try await fences[fence].checkSignalled(), thread)
    default: break
    }
  }

  private func add(_ fence: Int, _ usage: FenceUsage) async throws(KernelFault) {
    _ = try await reservation.reserveFences(1)
    try await reservation.add(fences[fence], usage: usage)
  }

  private func remember(_ op: SmallProgram.Op, _ thread: Int) async throws(KernelFault) {
    switch op {
    case .touch(let page): note(try await memory.load(address + UInt64(page) * Page.size), thread)
    case .write(let page):
      note(try await memory.store(address + UInt64(page) * Page.size, UInt64(thread)), thread)
    case .unmap(let page): try await memory.munmap(address + UInt64(page) * Page.size, length: Page.size)
    case .map: note(try await memory.mmap(file, length: Page.size), thread)
    case .zap: try await file.mapping.unmapMappingRange()
    case .revoke: try await device.revoke(file)
    case .seeRevoked: note(try await device.isRevoked.load(), thread)
    case .fork:
      let child = try await memory.fork()
      note(try await child.load(address), thread)
      kernel.atEnd { try await child.exit() }
    default: break
    }
  }

  func end() async throws {
    let thread = program.threads.count
    note(try await flag.load(), thread)
    if program.kinds.contains(.memory) { note(try await memory.load(address), thread) }
    if program.kinds.contains(.reservation) { note(try await reservation.testSignalled(.bookkeep), thread) }
    let all = program.threads.joined()
    if all.contains(where: { $0.isFree }) { return }
    // Whose reference is the last one is a matter of the program.
    if program.references > 0 && all.contains(where: { $0.isPut }) && program.added == 0 { return }
    if try await kref.put() { try await kernel.free(thing) }
  }
}

extension SmallProgram: NetProgram {
  var threadCount: Int { threads.count }

  func scenario(_ notes: Notes, order: [Int]) -> Scenario {
    let program = self
    return { kernel in
      let machine = try await SmallMachine(kernel, program, notes)
      for thread in order {
        kernel.thread("t\(thread)") { for op in program.threads[thread] { try await machine.run(op, thread) } }
      }
      try await kernel.join()
      try await machine.end()
    }
  }
}
