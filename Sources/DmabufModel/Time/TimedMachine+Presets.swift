// SPDX-License-Identifier: GPL-2.0-only

// Sources are named by what was measured; `Documentation/Time.md` lists them with their addresses.
extension TimedMachine {
  /// Two sockets of Ice Lake servers with 32 cores each (Xeon 8336C); lines as of a Xeon 8375C.
  public static let iceLake = TimedMachine(
    "icelake", sockets: 2, cores: 32, threads: 2, costs: .server(sibling: 8.1, socket: 51, otherSocket: 108))

  /// Two sockets of Skylake servers with 28 cores each; lines as of a Cascade Lake 8275CL, which has the same cores.
  public static let skylake = TimedMachine(
    "skylake", sockets: 2, cores: 28, threads: 2,
    costs: {
      var costs = CostModel.server(sibling: 8.1, socket: 47, otherSocket: 135)
      // A system call with page table isolation and return trampolines.
      costs.systemCall = nanoseconds(232)
      return costs
    }())

  /// Two sockets of EPYC with 64 cores each; lines as of an EPYC 7R13, on the average of a socket.
  public static let rome = TimedMachine(
    "rome", sockets: 2, cores: 64, threads: 2,
    costs: {
      var costs = CostModel.server(sibling: 9.8, socket: 107, otherSocket: 197)
      // Derived from a run that flushes on 36 cores.
      costs.flushNext = nanoseconds(800)
      return costs
    }())

  /// A laptop of the 11th generation with four cores.
  public static let laptop = TimedMachine(
    "laptop", sockets: 1, cores: 4, threads: 2,
    costs: {
      var costs = CostModel.server(sibling: 8.1, socket: 51, otherSocket: 51)
      // The least that a minor fault took.
      costs.pageFault = nanoseconds(575)
      return costs
    }())

  /// A machine on which everything is free, with 128 processors in a socket.
  public static let free = TimedMachine("free", sockets: 1, cores: 128, threads: 1, costs: CostModel())

  /// All on which time goes by.
  public static let presets = [iceLake, skylake, rome, laptop]
}

extension CostModel {
  /// What servers have in common.
  fileprivate static func server(sibling: Double, socket: Double, otherSocket: Double) -> CostModel {
    var costs = CostModel()
    // Assumed: four cycles.
    costs.cachedRead = nanoseconds(1.5)
    // Half of locking and unlocking an rwsem with one thread, 34 ns.
    costs.ownedWrite = nanoseconds(17)
    costs.fromSibling = nanoseconds(sibling)
    costs.fromSocket = nanoseconds(socket)
    costs.fromOtherSocket = nanoseconds(otherSocket)
    // Between threads, pinned, on a Core i7 of the 11th generation.
    costs.contextSwitch = nanoseconds(1_070)
    // Assumed: as long as it takes to send an interrupt.
    costs.wakeUp = nanoseconds(500)
    // An interrupt, there and back, takes 2.5 us; assumed to be half of it one way.
    costs.idleExit = nanoseconds(1_250)
    // The least that a minor fault took, on the same Core i7.
    costs.pageFault = nanoseconds(575)
    // getpid in a guest.
    costs.systemCall = nanoseconds(93)
    // Assumed: a store to a line of the page table, and the look before it.
    costs.setEntry = nanoseconds(40)
    // Assumed.
    costs.clearEntry = nanoseconds(30)
    // An interrupt, there and back, to one processor; and for each of a broadcast to 80.
    costs.flushFirst = nanoseconds(2_500)
    costs.flushNext = nanoseconds(1_170)
    // Assumed: an interrupt on the side that gets it.
    costs.flushed = nanoseconds(500)
    // Assumed: a call through a pointer with return trampolines, and the importer's own lock.
    costs.callback = nanoseconds(50)
    // The least of 2 to 5.5 us.
    costs.deviceLoad = nanoseconds(2_000)
    // The least of 50 to 300 ns.
    costs.deviceStore = nanoseconds(50)
    // The rule of pcie_flr().
    costs.functionReset = 100_000_000_000
    // Assumed.
    costs.variation = 25
    return costs
  }
}
