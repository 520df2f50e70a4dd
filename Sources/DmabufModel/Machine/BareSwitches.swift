// SPDX-License-Identifier: GPL-2.0-only

/// Parks and resumes simulated threads a number of times, and does nothing else: the floor under the price of a switch.
///
/// Threads take turns as in a search, each on its own lane, but no strategy decides, nothing is declared and nothing
/// checked.
///
/// - Parameters:
///   - count: The number of times that one of them is resumed.
///   - threads: The number of threads.
package func parkAndResume(_ count: Int, threads: Int = 3) {
  let kernel = Kernel()
  let sleepers = (0..<max(1, threads)).map { _ in Sleeper(kernel) }
  let machine = unsafe kernel.asUnownedSerialExecutor()
  for sleeper in sleepers {
    sleeper.assumeIsolated { $0.start() }
    if let job = kernel.mailbox.take() { unsafe job.runSynchronously(on: machine) }
  }
  var place = 0
  for _ in 0..<count {
    if let job = sleepers[place].lane.take() { unsafe job.runSynchronously(on: machine) }
    place = place + 1 == sleepers.count ? 0 : place + 1
  }
  for sleeper in sleepers {
    sleeper.assumeIsolated { $0.finish() }
    if let job = sleeper.lane.take() { unsafe job.runSynchronously(on: machine) }
  }
}

/// A thread that does nothing but park.
private actor Sleeper: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object = ObjectID(0)
  nonisolated let spot: ParkingSpot
  nonisolated let lane: Lane
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }
  private var isOver = false

  init(_ kernel: Kernel) {
    self.kernel = kernel
    lane = Lane()
    spot = ParkingSpot(lane)
  }

  func start() { Task { await self.main() } }

  func finish() { isOver = true }

  private func main() async {
    while !isOver { await spot.park() }
  }
}
