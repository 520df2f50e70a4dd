// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Draws programs that are about something: threads that meet, and a driver that is broken where they do.
struct ProgramDice {
  typealias Op = DriverProgram.Op

  enum Theme: CaseIterable { case fault, importer, fences, lifetime, power, own, any }

  private var numbers: SplitMix64
  private(set) var theme = Theme.any
  private let isLarge: Bool
  private var setting = DriverProgram.Setting()
  private var threads: [[Op]] = []
  private var mutations: Set<Mutation> = []

  init(seed: UInt64, isLarge: Bool) {
    numbers = SplitMix64(seed: seed)
    self.isLarge = isLarge
  }

  mutating func roll(_ bound: Int) -> Int { Int(numbers.next() >> 33) % bound }

  mutating func pick<Element>(_ all: [Element]) -> Element { all[roll(all.count)] }

  mutating func program() -> (MutantDriver, DriverProgram.Setting, [[Op]]) {
    theme = pick(Theme.allCases + [.fault, .importer, .fault, .importer, .fences])
    switch theme {
    case .fault: fault()
    case .importer: importer()
    case .fences: fences()
    case .lifetime: lifetime()
    case .power: power()
    case .own: own()
    case .any: any()
    }
    // The first thread is not always the one that is about to be interrupted.
    if roll(2) == 0 { threads.reverse() }
    return (MutantDriver(mutations), setting, threads)
  }

  // MARK: Themes

  /// User code touches and unmaps what is being revoked.
  private mutating func fault() {
    mutate(Mutation.faults + Mutation.revokes)
    if !isLarge || roll(2) == 0 { mutations.formUnion([.faultBare, .revokeBare]) }
    for _ in 0..<1 + roll(3) / 2 { setting.mappings.append(roll(2) != 0) }
    setting.hasClient = roll(5) == 0
    let user: [Op] = [.load(0), .store(0), .load(0), .munmap(0), .copyFrom(0), .zap(0)]
    threads = [
      [isLarge ? taking() : pick([.take(0), .takeForNow(0), .take(0), .blink(0)])], some(user, isLarge ? 2 : 1),
    ]
    if roll(4) == 0 { threads[1].append(pick([.load(0), .zap(0), .status(0)])) }
    if roll(isLarge ? 2 : 6) == 0 { threads.append([pick(user + [.status(0), .fork, .mmap(0)])]) }
  }

  /// An importer maps and unmaps what is being revoked.
  private mutating func importer() {
    mutate(Mutation.importers + Mutation.revokes)
    if roll(2) == 0 { mutations.insert(pick([.revokeWithoutDrain, .revokeStatusLast, .revokeWithoutInvalidation])) }
    for _ in 0..<1 + roll(4) / 3 { setting.importers.append((pick(DriverProgram.Habit.allCases), roll(3) != 0)) }
    if roll(3) == 0 { setting.fences = [.bookkeep] }
    if roll(6) == 0 { setting.mappings = [true] }
    var user = some([.map(0), .unmap(0), .map(0), .status(0), .count(0), .attach], roll(isLarge ? 3 : 2))
    if !setting.fences.isEmpty { user.insert(.signal(0), at: roll(user.count + 1)) }
    for (place, importer) in setting.importers.enumerated() where importer.habit != .unmapsAtOnce {
      // Without it the revoke waits for ever, which is a program of its own now and then.
      if roll(10) != 0 { user.append(roll(5) == 0 ? .detach(place) : .unmap(place)) }
    }
    if user.isEmpty { user = [.unmap(0)] }
    threads = [[pick([.take(0), .takeForNow(0), taking()])], user]
    if roll(isLarge ? 2 : 8) == 0 { threads.append([pick([.status(0), .count(0), .map(0), .tryLock])]) }
  }

  /// A revoke waits for fences that others signal and add.
  private mutating func fences() {
    mutate(Mutation.revokes)
    for _ in 0..<1 + roll(2) { setting.fences.append(usage()) }
    if roll(3) == 0 { setting.importers = [(pick([.unmapsLater, .signals]), true)] }
    var user: [Op] = setting.fences.indices.map { .signal($0) }
    if roll(3) == 0 { user.reverse() }
    if !setting.importers.isEmpty {
      user.append(.unmap(0))
      mutations.insert(.revokeWithoutDrain)
    }
    if roll(2) == 0 { user.insert(pick([.test(usage()), .add(usage()), .look]), at: roll(user.count + 1)) }
    threads = [[roll(3) == 0 ? .waitFences(usage()) : taking()], user]
    if roll(isLarge ? 2 : 3) == 0 {
      threads.append([pick([.test(usage()), .add(usage()), .tryLock, .waitFences(usage()), .look])])
    }
  }

  /// Files, mappings and the device go away in any order.
  private mutating func lifetime() {
    mutate(Mutation.cleanups)
    setting.hasClient = roll(4) == 0
    if roll(3) == 0 { setting.mappings = [roll(2) == 0] }
    if roll(3) == 0 { setting.importers = [(pick([.unmapsAtOnce, .unmapsLater]), true)] }
    var user = some([.closeBuffer(0), .status(0), .count(0), .closeBuffer(0), .mmap(0)], 1 + roll(2))
    for (place, importer) in setting.importers.enumerated() where importer.habit != .unmapsAtOnce {
      user.append(.detach(place))
    }
    let ends: [Op] = [.closeDevice, .move(true), .exitClient, .move(true), taking(), .closeBuffer(0)]
    threads = [[pick(ends)], user]
    if roll(isLarge ? 2 : 6) == 0 { threads.append([pick([.closeBuffer(0), .status(0), .load(0)])]) }
  }

  /// The device's memory goes off while somebody uses it.
  private mutating func power() {
    mutate(Mutation.revokes + [.exportLooksEarly, .exportWithoutLock, .moveGetsDying])
    mutations.formUnion(roll(2) == 0 ? [.moveOwnRevoke, .revokeBare, .faultBare] : [.moveOwnRevoke, .revokeBare])
    if roll(2) == 0 { mutations.insert(.revokeWithoutZap) }
    setting.mappings = [true, roll(2) == 0]
    let off: [Op] = [.memoryOff, .sleep, .reset, .memoryOff]
    threads = [[pick(off)], some([.load(0), .store(0), .load(1), .closeBuffer(0)], isLarge ? 2 : 1)]
    if roll(isLarge ? 2 : 6) == 0 { threads.append([pick([.memoryOn, .wake, .load(0), .mmap(0)])]) }
  }

  /// Things that have nothing to do with the device.
  private mutating func own() {
    let groups: [[Op]] = [
      [.get, .put, .put, .useField], [.put, .useField, .freeField, .useField], [.put, .put, .useField],
      [.sleepOnQueue, .setFlag, .wakeQueue, .isQueueActive],
      [.readAndUp, .writeAndDowngrade, .tryRead, .tryWrite],
      [.complete, .completeAll, .waitDone, .isDone, .rearm, .waitDone], [.taskWork, .moveOne, .sumUp, .setFlag],
    ]
    let ops = pick(groups) + (roll(4) == 0 ? pick(groups) : [])
    for _ in 0..<2 + roll(3) / 2 { threads.append(some(ops, 1 + roll(3))) }
    if threads.count == 3 { threads = threads.map { Array($0.prefix(2)) } }
  }

  private mutating func any() {
    mutate(Mutation.allCases)
    setting.buffers = 1 + roll(3) / 2
    setting.hasClient = roll(2) == 0
    for _ in 0..<roll(4) { setting.mappings.append(roll(3) != 0) }
    if roll(2) == 0 { setting.importers = [(.unmapsAtOnce, roll(2) == 0)] }
    let long: [Op] = [
      .revoke(0), .revoke(1), .fork, .exitClient, .mmap(0), .attach, .move(true), .move(false), .blink(1), .unregister,
    ]
    let short: [Op] = [
      .load(0), .store(1), .load(2), .closeBuffer(0), .closeBuffer(1), .status(1), .zap(0), .unmap(0), .tryLock, .sumUp,
      .test(.read), .add(.kernel), .readAndUp, .useField, .isDone, .ioctl(1), .take(1),
    ]
    threads = [[pick(long)], some(short, 1 + roll(isLarge ? 3 : 2))]
    if roll(isLarge ? 2 : 4) == 0 { threads.append(some(short, 1)) }
  }

  // MARK: Pieces

  private mutating func taking() -> Op {
    pick([.take(0), .take(0), .take(0), .takeForNow(0), .ioctl(0), .blink(0), .move(true), .closeDevice, .revoke(0)])
  }

  private mutating func usage() -> FenceUsage { pick([.bookkeep, .bookkeep, .read, .write]) }

  private mutating func some(_ ops: [Op], _ count: Int) -> [Op] { (0..<count).map { _ in pick(ops) } }

  private mutating func mutate(_ all: [Mutation]) {
    for _ in 0..<pick([0, 1, 1, 1, 1, 2, 2]) { mutations.insert(pick(all)) }
  }
}

extension Mutation {
  static let faults: [Mutation] = [
    .faultLooksOnce, .faultLooksBeforeMemoryLock, .faultLooksWithoutLock, .faultTakesNoRegistration, .faultNeverLooks,
    .faultLooksOnce,
  ]
  static let revokes: [Mutation] = [
    .revokeWithoutZap, .revokeWithoutInvalidation, .revokeWithoutFences, .revokeWithoutDrain, .revokeWithoutPut,
    .revokeZapsFirst, .revokeZapsBeforeDrain, .revokeStatusLast, .revokeStatusFirst, .revokeStatusUnlocked,
    .revokeUnlocksEarly, .revokeWaitsUnlocked, .revokeLooksOnce, .unrevokeWithoutRearm, .unrevokeOkFirst,
    .unrevokeUnlocked, .ioctlOwnRevoke, .ioctlWithoutLock, .ioctlTwice, .revokeWithoutZap, .revokeWithoutDrain,
    .revokeForgetsUnlock,
  ]
  static let cleanups: [Mutation] = [
    .cleanupWithoutZap, .cleanupWithoutDrain, .cleanupWithoutFences, .cleanupKeepsDevice, .cleanupKeepsRegistration,
    .cleanupAlwaysDrains, .cleanupWithoutLock, .cleanupGetsDying, .releaseWithoutLock, .releaseKeepsList,
    .moveGetsDying, .faultTakesNoRegistration,
  ]
  static let importers: [Mutation] = [
    .mapsBlindly, .mapWithoutGet, .unmapWithoutPut, .unmapWithoutComplete, .unmapFreesLast, .unmapTwice,
    .attachBlindly, .mapsBlindly,
  ]
}
