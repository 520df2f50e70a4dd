// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// A small program over the whole library, made from a seed: a device that has lent memory out, and two or three threads.
struct DriverProgram: Sendable, CustomStringConvertible {
  /// What an importer does when it is told that its mapping is no longer good.
  enum Habit: Int, Sendable, CaseIterable { case unmapsAtOnce, unmapsLater, signals, wakes }

  /// What is there before the threads begin.
  struct Setting: Sendable {
    var buffers = 1
    var hasClient = false
    /// The mappings of the driver, of the client and of the BAR; whether each has a page table entry from the beginning.
    var mappings: [Bool] = []
    var importers: [(habit: Habit, isMapped: Bool)] = []
    var fences: [FenceUsage] = []
  }

  enum Op: Sendable {
    // User code.
    case load(Int), store(Int), munmap(Int), mmap(Int), copyFrom(Int), fork
    // System calls on the device.
    case revoke(Int), reset, memoryOff, memoryOn, sleep, wake, closeBuffer(Int), closeDevice, exitClient, unregister
    // The driver's functions under the locks that they need.
    case take(Int), takeForNow(Int), blink(Int), move(Bool), ioctl(Int), zap(Int)
    // Importers.
    case map(Int), unmap(Int), detach(Int), attach
    // Fences and the reservation.
    case signal(Int), add(FenceUsage), test(FenceUsage), waitFences(FenceUsage), tryLock, look
    // Looks at the driver.
    case status(Int), count(Int)
    // Things of the machine that stand by themselves.
    case get, put, useField, freeField
    case sleepOnQueue, setFlag, wakeQueue, isQueueActive
    case readAndUp, writeAndDowngrade, tryRead, tryWrite
    case complete, completeAll, waitDone, isDone, rearm
    case taskWork, moveOne, sumUp
  }

  let driver: MutantDriver
  let setting: Setting
  let threads: [[Op]]

  /// - Parameters:
  ///   - seed: The same program for the same seed.
  ///   - isLarge: Whether threads may be as long as they come, for searches that need no plain enumeration.
  init(seed: UInt64, isLarge: Bool) {
    var numbers = SplitMix64(seed: seed)
    func roll(_ bound: Int) -> Int { Int(numbers.next() >> 33) % bound }
    var mutations: Set<Mutation> = []
    for _ in 0..<[0, 1, 1, 1, 2, 2, 0, 1][roll(8)] {
      mutations.insert(Mutation.allCases[roll(Mutation.allCases.count)])
    }
    driver = MutantDriver(mutations)
    var setting = Setting()
    setting.buffers = roll(4) == 0 ? 2 : 1
    setting.hasClient = roll(4) == 0
    for _ in 0..<[1, 1, 0, 1, 2, 3][roll(6)] { setting.mappings.append(roll(3) != 0) }
    for _ in 0..<[0, 1, 1, 0, 2, 1][roll(6)] {
      setting.importers.append((Habit.allCases[roll(Habit.allCases.count)], roll(4) != 0))
    }
    for _ in 0..<[0, 1, 1, 0, 2, 0][roll(6)] { setting.fences.append(FenceUsage.allCases[3 - roll(3)]) }
    self.setting = setting
    var dice = Dice(numbers: numbers, setting: setting)
    var threads: [[Op]] = []
    let count = dice.roll(3) == 0 ? 3 : 2
    let hasLong = dice.roll(8) != 0
    for thread in 0..<count {
      if thread == 0 && hasLong {
        threads.append([dice.long(isLarge)] + (dice.roll(4) == 0 ? [dice.short()] : []))
        continue
      }
      let length = isLarge ? 1 + dice.roll(3) : count == 2 && !hasLong ? 2 + dice.roll(2) : 1 + dice.roll(4) / 3
      var ops: [Op] = []
      for _ in 0..<length { ops.append(isLarge && dice.roll(4) == 0 ? dice.long(true) : dice.short()) }
      threads.append(ops)
    }
    // The long one is not always the first.
    if dice.roll(2) == 0 { threads.reverse() }
    self.threads = threads
  }

  var description: String {
    let importers = setting.importers.map { "\($0.habit)\($0.isMapped ? " mapped" : "")" }
    return """
      driver \(driver), \(setting.buffers) buffers\(setting.hasClient ? ", a client" : ""), mappings \
      \(setting.mappings), importers \(importers), fences \(setting.fences)
          \(threads.map { $0.map { "\($0)" }.joined(separator: "; ") }.joined(separator: "\n    "))
      """
  }
}

/// Draws operations that mean something in a setting.
private struct Dice {
  var numbers: SplitMix64
  let setting: DriverProgram.Setting

  mutating func roll(_ bound: Int) -> Int { Int(numbers.next() >> 33) % bound }

  private mutating func mapping() -> Int { roll(max(1, setting.mappings.count)) }

  private mutating func buffer() -> Int { setting.buffers > 1 && roll(4) == 0 ? 1 : 0 }

  private mutating func usage() -> FenceUsage { FenceUsage.allCases[3 - roll(3)] }

  /// An operation of a dozen steps and more.
  mutating func long(_ isLarge: Bool) -> DriverProgram.Op {
    let mostly: [DriverProgram.Op] = [
      .take(buffer()), .take(0), .takeForNow(0), .revoke(buffer()), .ioctl(buffer()), .ioctl(0), .blink(0), .move(true),
      .closeDevice, .take(0), .closeBuffer(0),
    ]
    let others: [DriverProgram.Op] = [
      .reset, .memoryOff, .memoryOn, .sleep, .wake, .unregister, .exitClient, .fork, .munmap(mapping()),
      .mmap(buffer()),
      .attach, .move(false),
    ]
    return roll(isLarge ? 2 : 3) != 0 ? mostly[roll(mostly.count)] : others[roll(others.count)]
  }

  /// An operation of a few steps, of the part of the library that the setting is about.
  mutating func short() -> DriverProgram.Op {
    var some: [DriverProgram.Op] = [.closeBuffer(buffer()), .status(0), .count(0), .zap(0), .test(usage()), .tryLock]
    if !setting.mappings.isEmpty {
      for _ in 0..<3 { some += [.load(mapping()), .store(mapping())] }
      some += [.copyFrom(mapping()), .munmap(mapping())]
    }
    if !setting.importers.isEmpty {
      let importer = roll(setting.importers.count)
      some += [.map(importer), .unmap(importer), .unmap(importer), .detach(importer)]
    }
    if !setting.fences.isEmpty {
      for fence in setting.fences.indices { some += [.signal(fence), .signal(fence)] }
      some += [.waitFences(usage()), .add(usage()), .look]
    }
    if roll(4) == 0 { some = own() }
    return some[roll(some.count)]
  }

  private mutating func own() -> [DriverProgram.Op] {
    [
      [.get, .put, .put, .useField, .freeField], [.sleepOnQueue, .setFlag, .wakeQueue, .isQueueActive],
      [.readAndUp, .writeAndDowngrade, .tryRead, .tryWrite],
      [.complete, .completeAll, .waitDone, .isDone, .rearm], [.taskWork, .moveOne, .sumUp],
    ][roll(5)]
  }
}
