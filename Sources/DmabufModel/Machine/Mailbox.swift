// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// Where jobs arrive that the run loop has not asked a lane for.
///
/// The machine's own tasks come through here once each. Anything else is a thread of the scenario that has left the
/// machine and comes back on its own, possibly from another operating-system thread: hence the lock.
final class Mailbox: Sendable {
  private let jobs = Mutex<[UnownedJob]>([])

  func put(_ job: UnownedJob) { jobs.withLock { $0.append(job) } }

  func take() -> UnownedJob? { jobs.withLock { $0.popLast() } }
}
