// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// One thread of a test of queues: its name, and what it does with a lock.
struct QueueThread: Sendable {
  enum Op: Sendable { case write, read, tryWrite, tryRead, downgrade, upWrite, upRead }

  var name: String
  var ops: [Op]

  init(_ name: String, _ ops: Op...) {
    self.name = name
    self.ops = ops
  }

  func run(_ semaphore: ReadWriteSemaphore) async throws {
    for op in ops {
      switch op {
      case .write: try await semaphore.downWrite()
      case .read: try await semaphore.downRead()
      case .tryWrite: if try await semaphore.tryDownWrite() { try await semaphore.upWrite() }
      case .tryRead: if try await semaphore.tryDownRead() { try await semaphore.upRead() }
      case .downgrade: try await semaphore.downgrade()
      case .upWrite: try await semaphore.upWrite()
      case .upRead: try await semaphore.upRead()
      }
    }
  }
}

/// Runs one schedule under the kernel's queueing and answers its lines: who did what, and what came of it.
///
/// - Parameters:
///   - order: For each step the place of the thread among those that are started, from 1.
///   - scenario: Starts the threads and joins them; it has asked for queues.
func queueTrace(_ order: [UInt8], _ scenario: @escaping Scenario) -> [String] {
  let kernel = Kernel()
  defer { kernel.shutDown() }
  let recorder = Recorder()
  let follow = FollowStrategy(order)
  let outcome = kernel.execute(scenario, under: follow, recording: recorder)
  #expect(outcome.misuse == nil && outcome.finding == nil, "\(String(describing: outcome))")
  let steps = recorder.steps.filter(\.isVisible)
  #expect(
    (follow.divergedAt ?? order.count) >= order.count, "thread \(order) cannot go on at \(follow.divergedAt ?? 0)")
  return steps.map { step in
    "\(kernel.threads[step.thread.index].name): \(step.label)\(step.remark.isEmpty ? "" : ", \(step.remark)")"
  }
}

/// The lines of a schedule of threads on one semaphore.
func semaphoreTrace(_ order: [UInt8], _ threads: QueueThread...) -> [String] {
  queueTrace(order) { kernel in
    kernel.queueLocks()
    let semaphore = ReadWriteSemaphore(kernel, "sem")
    for thread in threads { kernel.thread(thread.name) { try await thread.run(semaphore) } }
    try await kernel.join()
  }
}

/// The outcomes of a scenario, by an exhaustive search under one policy of the locks.
func outcomes(queued: Bool, _ scenario: @escaping Scenario) throws -> Set<String> {
  let report = try explore(.exhaustive, name: "queues") { kernel in
    if queued { kernel.queueLocks() }
    try await scenario(kernel)
  }
  return Set(report.outcomes.map(\.outcome))
}
