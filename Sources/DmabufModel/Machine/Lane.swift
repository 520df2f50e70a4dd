// SPDX-License-Identifier: GPL-2.0-only

/// The executor on which one simulated thread is parked: it keeps the thread's one job until the machine runs it.
///
/// A continuation would come back through the global pool. A hop onto an executor that only keeps the job does not, and
/// the machine runs that job as its own, so that the hop back is free.
///
/// The compiler cannot check the parked job. Only the operating-system thread inside
/// ``Kernel/execute(_:under:recording:)`` parks it and takes it, which is the argument that stands at ``Kernel``.
final class Lane: SerialExecutor, @unchecked Sendable {
  @safe @exclusivity(unchecked) private var job: UnownedJob?

  func enqueue(_ job: consuming ExecutorJob) { self.job = UnownedJob(job) }

  /// Takes the parked job; none means that the thread has gone somewhere else.
  @inline(__always)
  func take() -> UnownedJob? {
    let parked = job
    job = nil
    return parked
  }

  var isEmpty: Bool { job == nil }
}

/// Where a thread is parked: an actor on the lane, a hop to which suspends the thread.
actor ParkingSpot {
  nonisolated let lane: Lane
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe lane.asUnownedSerialExecutor() }
  private var parks: UInt = 0

  init(_ lane: Lane) { self.lane = lane }

  /// Parks the calling thread.
  ///
  /// A body without a side effect would be removed together with the hop.
  @inline(never)
  func park() { parks &+= 1 }
}

/// A task that runs simulated threads, one after another, for as long as the machine lives.
///
/// Starting a task costs as much as ten switches, so threads of later executions run in the tasks of earlier ones.
actor Worker: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object = ObjectID(0)
  nonisolated let spot: ParkingSpot
  nonisolated let lane: Lane
  @inline(__always)
  nonisolated var unownedExecutor: UnownedSerialExecutor {
    if kernel.isGuarded { kernel.noteReturn() }
    return unsafe kernel.asUnownedSerialExecutor()
  }

  init(_ kernel: Kernel) {
    self.kernel = kernel
    lane = Lane()
    spot = ParkingSpot(lane)
  }

  /// Starts the task; written in an isolated method so that its first job lands on the machine.
  func start() { Task { await self.main() } }

  private func main() async {
    while true {
      await spot.park()
      guard let body = kernel.takeBody() else { return }
      do {
        try await body()
        if !kernel.owing.isEmpty { try await kernel.settleOwedAtExit() }
        try await kernel.runTaskWorkAtExit()
        kernel.exit(nil)
      } catch {
        kernel.exit(error)
      }
    }
  }
}
