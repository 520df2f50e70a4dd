// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// One execution's objects of a ``DriverProgram``.
struct DriverRig: Sendable {
  let kernel: Kernel
  let program: DriverProgram
  let notes: Notes
  let device: VfioPciDevice
  let driver: UserProcess
  let client: UserProcess
  let fd: FileDescriptor
  var bufferFds: [FileDescriptor] = []
  var buffers: [VfioPciDmaBuf] = []
  /// Who has mapped what where.
  var mappings: [(process: UserProcess, address: UInt64)] = []
  var importers: [NetImporter] = []
  var fences: [Fence] = []
  let own: OwnObjects

  init(_ kernel: Kernel, _ program: DriverProgram, _ notes: Notes) async throws {
    self.kernel = kernel
    self.program = program
    self.notes = notes
    notes.begin(program.threads.count + 1)
    device = VfioPciDevice(kernel, driver: program.driver)
    driver = UserProcess(kernel, "driver")
    client = program.setting.hasClient ? UserProcess(kernel, "client") : driver
    fd = try await driver.open(device).get()
    own = OwnObjects(kernel)
    try await own.begin(program.threads)
    for place in 0..<program.setting.buffers {
      let descriptor = try await driver.exportDmaBuf(fd, bar: 2, offset: UInt64(place) * Page.size).get()
      let dmabuf = try await driver.importDmaBuf(descriptor).get()
      bufferFds.append(descriptor)
      buffers.append(try VfioPciDmaBuf(dmabuf).orThrow())
      if program.setting.hasClient && place == 0 {
        _ = try await client.install(dmabuf)
      } else {
        try await dmabuf.put()
      }
    }
    for (place, isTouched) in program.setting.mappings.enumerated() {
      let process = place == 1 ? client : driver
      let file =
        place == 2
        ? fd
        : program.setting.hasClient && place == 1 ? FileDescriptor(rawValue: 0) : bufferFds[place % bufferFds.count]
      let offset = place == 2 ? VfioRegion.offset(of: 2) : 0
      let address = try await process.mmap(file, length: Page.size, offset: offset).get()
      mappings.append((process, address))
      if isTouched { _ = try await process.load(address) }
    }
    for usage in program.setting.fences { fences.append(try await addFence(usage)) }
    for (habit, isMapped) in program.setting.importers {
      try await buffers[0].dmabuf.get()
      let importer = NetImporter(kernel, habit, fences.first, own)
      importer.keep(try await buffers[0].dmabuf.attach(importer).get())
      importers.append(importer)
      if isMapped { _ = try await importer.map() }
    }
  }

  private var reservation: Reservation { buffers[0].dmabuf.reservation }

  func addFence(_ usage: FenceUsage) async throws(KernelFault) -> Fence {
    let fence = Fence(kernel, context: UInt64(fences.count + 1))
    try await reservation.lock()
    _ = try await reservation.reserveFences(1)
    try await reservation.add(fence, usage: usage)
    try await reservation.unlock()
    return fence
  }

  private func mapping(_ place: Int) -> (process: UserProcess, address: UInt64) {
    mappings.isEmpty ? (driver, 0x1000) : mappings[place % mappings.count]
  }

  private func note(_ what: some Any, _ thread: Int) { notes.note("\(what)", by: thread) }

  /// Runs one operation in a thread.
  func run(_ op: DriverProgram.Op, _ thread: Int) async throws {
    switch op {
    case .load(let place): note(try await mapping(place).process.load(mapping(place).address), thread)
    case .store(let place): note(try await mapping(place).process.store(mapping(place).address, 7), thread)
    case .munmap(let place):
      try await mapping(place).process.munmap(mapping(place).address, length: Page.size)
    case .mmap(let place):
      note(try await driver.mmap(bufferFds[place % bufferFds.count], length: Page.size).failure == nil, thread)
    case .copyFrom(let place):
      note(try await mapping(place).process.memory.copyFromUser(mapping(place).address), thread)
    case .fork:
      let child = try await driver.memory.fork()
      kernel.atEnd { try await child.exit() }
    case .exitClient: try await client.exit()
    case .closeBuffer(let place): note(try await driver.close(bufferFds[place % bufferFds.count]) as Any, thread)
    case .closeDevice: note(try await driver.close(fd) as Any, thread)
    case .unregister: try await device.unregister()
    case .revoke(let place):
      note(try await driver.revokeDmaBuf(bufferFds[place % bufferFds.count], on: fd) as Any, thread)
    case .reset: note(try await driver.reset(fd) as Any, thread)
    case .memoryOff: note(try await driver.writeCommand(fd, []) as Any, thread)
    case .memoryOn: note(try await driver.writeCommand(fd, .memory) as Any, thread)
    case .sleep: note(try await driver.writePowerState(fd, .d3hot) as Any, thread)
    case .wake: note(try await driver.writePowerState(fd, .d0) as Any, thread)
    case .take, .takeForNow, .blink, .move, .ioctl, .zap: try await revoke(op, thread)
    case .map, .unmap, .detach, .attach: try await lend(op, thread)
    case .signal, .add, .test, .waitFences, .tryLock, .look, .status, .count: try await look(op, thread)
    default: try await own.run(op) { note($0, thread) }
    }
  }

  private func revoke(_ op: DriverProgram.Op, _ thread: Int) async throws(KernelFault) {
    switch op {
    case .ioctl(let place):
      note(try await device.driver.revoke(device, bufferFds[place % bufferFds.count], of: driver) as Any, thread)
      try await kernel.returnToUserMode()
    case .zap(let place): try await buffers[place % buffers.count].dmabuf.mapping.unmapMappingRange()
    default:
      try await device.memoryLock.downWrite()
      switch op {
      case .take(let place):
        try await device.driver.applyRevoke(buffers[place % buffers.count], revoked: true, permanently: true)
      case .takeForNow(let place):
        try await device.driver.applyRevoke(buffers[place % buffers.count], revoked: true, permanently: false)
      case .blink(let place):
        try await device.driver.applyRevoke(buffers[place % buffers.count], revoked: true, permanently: false)
        try await device.driver.applyRevoke(buffers[place % buffers.count], revoked: false, permanently: false)
      case .move(let revoked): try await device.driver.move(device, revoked: revoked)
      default: break
      }
      try await device.memoryLock.upWrite()
      try await kernel.returnToUserMode()
    }
  }

  private func lend(_ op: DriverProgram.Op, _ thread: Int) async throws(KernelFault) {
    guard !importers.isEmpty || op.isAttach else { return }
    switch op {
    case .map(let place): note(try await importers[place % importers.count].map() as Any, thread)
    case .unmap(let place): note(try await importers[place % importers.count].unmap(), thread)
    case .detach(let place): try await importers[place % importers.count].detach()
    default:
      switch try await buffers[0].dmabuf.attach(PeerDevice(kernel)) {
      case .failure(let errno): note(errno, thread)
      case .success(let attachment): try await buffers[0].dmabuf.detach(attachment)
      }
    }
  }

  private func look(_ op: DriverProgram.Op, _ thread: Int) async throws(KernelFault) {
    switch op {
    case .signal(let place): if !fences.isEmpty { try await fences[place % fences.count].signal() }
    case .add(let usage): try await addFence(usage).signal()
    case .test(let usage): note(try await reservation.testSignalled(usage), thread)
    case .waitFences(let usage): try await reservation.wait(usage)
    case .tryLock:
      let isMine = try await reservation.tryLock()
      note(isMine, thread)
      if isMine { try await reservation.unlock() }
    case .look: if let fence = fences.first { note(try await fence.checkSignalled(), thread) }
    case .status(let place): note(try await buffers[place % buffers.count].status.load(), thread)
    case .count(let place): note(try await buffers[place % buffers.count].kref.read(), thread)
    default: break
    }
  }

  /// Gives back what the threads may have left, so that what is left behind after it is somebody's fault.
  func end() async throws {
    let thread = program.threads.count
    for fence in fences { try await fence.signal() }
    for (place, importer) in importers.enumerated() {
      let isDetached = program.threads.joined().contains { op in
        if case .detach(let other) = op { other % importers.count == place } else { false }
      }
      if !isDetached { try await importer.detach() }
      try await buffers[0].dmabuf.put()
    }
    try await kernel.returnToUserMode()
    if let (process, address) = mappings.first { note(try await process.load(address), thread) }
    try await own.end(program.threads) { note($0, thread) }
  }
}

extension DriverProgram: NetProgram {
  var threadCount: Int { threads.count }

  func scenario(_ notes: Notes, order: [Int]) -> Scenario {
    let program = self
    return { kernel in
      let rig = try await DriverRig(kernel, program, notes)
      for thread in order {
        kernel.thread("t\(thread)") { for op in program.threads[thread] { try await rig.run(op, thread) } }
      }
      try await kernel.join()
      try await rig.end()
    }
  }
}

extension DriverProgram.Op {
  fileprivate var isAttach: Bool {
    if case .attach = self { return true }
    return false
  }
}
