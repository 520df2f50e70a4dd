// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Synchronization
import VfioSim

/// What programs of the net use beside the device: one of each primitive, and a user's own actors.
struct OwnObjects: Sendable {
  let kernel: Kernel
  let thing: Allocation
  let field: Shared<Int>
  let kref: Kref
  let queue: WaitQueue
  let flag: Shared<Int>
  let rwsem: ReadWriteSemaphore
  let completion: Completion
  let (left, right): (Purse, Purse)

  init(_ kernel: Kernel) {
    self.kernel = kernel
    thing = kernel.allocate("thing")
    field = Shared(kernel, "thing->field", 0, in: thing)
    kref = Kref(kernel, "thing->kref", in: thing)
    queue = WaitQueue(kernel)
    flag = Shared(kernel, "flag", 0)
    rwsem = ReadWriteSemaphore(kernel, "own rwsem")
    completion = Completion(kernel, "own completion")
    left = Purse(kernel, 1)
    right = Purse(kernel, 2)
  }

  func run(_ op: DriverProgram.Op, _ note: (String) -> Void) async throws(KernelFault) {
    switch op {
    case .get: try await kref.get()
    case .put: if try await kref.put() { try await kernel.free(thing) }
    case .useField: note("\(try await field.load())")
    case .freeField: try await kernel.free(thing)
    case .sleepOnQueue: try await queue.wait(until: { try await flag.load() == 1 })
    case .setFlag: try await flag.store(1)
    case .wakeQueue: try await queue.wakeUpAll()
    case .isQueueActive: note("\(try await queue.isActive())")
    case .complete: try await completion.complete()
    case .completeAll: try await completion.completeAll()
    case .waitDone: try await completion.wait()
    case .isDone: note("\(try await completion.isDone())")
    case .rearm: try await completion.reset()
    case .moveOne: note("\(try await left.move(to: right))")
    case .sumUp: note("\(try await left.sum(with: right))")
    case .taskWork:
      // What the machine reads for the work is read when it runs, in the order in which it was put off.
      kernel.addTaskWork { () async throws(KernelFault) in try await flag.store(1) }
      kernel.addTaskWork { () async throws(KernelFault) in try await flag.store(2) }
      try await kernel.returnToUserMode()
    default: try await lock(op, note)
    }
  }

  private func lock(_ op: DriverProgram.Op, _ note: (String) -> Void) async throws(KernelFault) {
    switch op {
    case .readAndUp:
      try await rwsem.downRead()
      try await rwsem.upRead()
    case .writeAndDowngrade:
      try await rwsem.downWrite()
      try await rwsem.downgrade()
      try await rwsem.upRead()
    case .tryRead:
      let isMine = try await rwsem.tryDownRead()
      note("\(isMine)")
      if isMine { try await rwsem.upRead() }
    case .tryWrite:
      let isMine = try await rwsem.tryDownWrite()
      note("\(isMine)")
      if isMine { try await rwsem.upWrite() }
    default: break
    }
  }

  /// Takes references until the threads give the last one back, or the one before it.
  func begin(_ threads: [[DriverProgram.Op]]) async throws(KernelFault) {
    let balance = threads.joined().reduce(0) { sum, op in
      if case .put = op { sum + 1 } else if case .get = op { sum - 1 } else { sum }
    }
    for _ in 0..<max(0, balance - (threads.count & 1)) { try await kref.get() }
  }

  func end(_ threads: [[DriverProgram.Op]], _ note: (String) -> Void) async throws(KernelFault) {
    note("flag \(try await flag.load())")
    var puts = 0
    for op in threads.joined() {
      if case .freeField = op { return }
      if case .put = op { puts += 1 }
    }
    if puts > 0 && threads.count & 1 == 1 { return }
    if try await kref.put() { try await kernel.free(thing) }
  }
}

/// A user's own actor, which touches another one in the same step.
actor Purse: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  private var coins: Int

  init(_ kernel: Kernel, _ coins: Int) {
    self.kernel = kernel
    self.coins = coins
    object = kernel.register("purse")
  }

  func move(to other: Purse) async throws(KernelFault) -> Int {
    try await step(.write, "move", also: ObjectAccess(other.object, .write))
    coins -= 1
    await other.take()
    return coins
  }

  func sum(with other: Purse) async throws(KernelFault) -> Int {
    try await step(.read, "sum", also: ObjectAccess(other.object, .read))
    return await coins + other.count
  }

  private func take() { coins += 1 }

  private var count: Int { coins }
}

/// An importer with a callback of its own around what a peer device does.
final class NetImporter: RevocableImporter {
  let allowsPeerToPeer = true
  private let habit: DriverProgram.Habit
  private let peer: PeerDevice
  private let fence: Fence?
  private let own: OwnObjects
  private let attachment = Mutex<DmaBufAttachment?>(nil)

  init(_ kernel: Kernel, _ habit: DriverProgram.Habit, _ fence: Fence?, _ own: OwnObjects) {
    self.habit = habit
    self.fence = fence
    self.own = own
    peer = PeerDevice(kernel, habit == .unmapsAtOnce ? .unmapsAtOnce : .unmapsLater)
  }

  /// Notes the attachment, before there are threads.
  func keep(_ made: DmaBufAttachment) { attachment.withLock { $0 = made } }

  func invalidateMappings(_ attachment: DmaBufAttachment) async throws(KernelFault) {
    switch habit {
    case .unmapsAtOnce, .unmapsLater: try await peer.invalidateMappings(attachment)
    case .signals: try await fence?.signal()
    case .wakes: try await own.completion.complete()
    }
  }

  func map() async throws(KernelFault) -> Errno? {
    guard let made = attachment.withLock({ $0 }) else { return .noSuchDevice }
    return try await peer.map(made)
  }

  func unmap() async throws(KernelFault) -> Bool {
    guard let made = attachment.withLock({ $0 }) else { return false }
    return try await peer.unmap(made)
  }

  /// Unmaps and detaches.
  func detach() async throws(KernelFault) {
    guard let made = attachment.withLock({ $0 }) else { return }
    try await peer.unmap(made)
    try await made.dmabuf.detach(made)
  }
}
