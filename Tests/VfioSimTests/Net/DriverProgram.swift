// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// A small program over the whole library, made from a seed: a device that has lent memory out, and two or three
/// threads.
struct DriverProgram: Sendable, CustomStringConvertible {
  /// What an importer does when it is told that its mapping is no longer good.
  enum Habit: Int, Sendable, CaseIterable { case unmapsAtOnce, unmapsLater, signals, wakes }

  /// What is there before the threads begin.
  struct Setting: Sendable {
    var buffers = 1
    var hasClient = false
    /// The mappings of the driver, of the client and of the BAR; whether each has a page table entry from the
    /// beginning.
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
    var dice = ProgramDice(seed: seed, isLarge: isLarge)
    (driver, setting, threads) = dice.program()
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
