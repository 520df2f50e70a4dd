// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// What the threads of a timed run do.
enum TimedWorkload: String, CaseIterable, Sendable {
  /// Faults against permanent revokes: export, map, fault, revoke, again.
  case revoke
  /// The same, with a buffer for each thread.
  case apart
  /// The same, with two importers that have the buffer mapped and have to let go: a quick one and a slow one.
  case importers
  /// Faults against resets of the function.
  case reset
  /// Faults against a PCI_COMMAND that switches the memory off and on.
  case command
  /// Each thread opens and closes: export, map, touch, unmap, close.
  case churn

  /// One line for the help.
  var purpose: String {
    switch self {
    case .revoke: "export, map, fault, revoke for good, again; one buffer for all threads"
    case .apart: "the same with a buffer for each thread, revoked in turn"
    case .importers: "one buffer, with a quick and a slow importer that a revoke waits for"
    case .reset: "resets of the function under a buffer that stays"
    case .command: "PCI_COMMAND switches memory off and on under a buffer that stays"
    case .churn: "each thread exports, maps, touches, unmaps and closes a buffer of its own; no revoke"
    }
  }

  /// What is measured beside faults, as the report calls it.
  var operation: String {
    switch self {
    case .revoke, .apart, .importers: "revoke"
    case .reset: "reset"
    case .command: "command"
    case .churn: "churn"
    }
  }

  /// The scenario.
  func scenario(_ run: TimedRun) -> Scenario {
    switch self {
    case .revoke: LendingWorkload(run: run, importers: []).scenario
    case .apart: ApartWorkload(run: run).scenario
    case .importers: LendingWorkload(run: run, importers: [0, 20_000_000]).scenario
    case .reset, .command: StayingWorkload(run: run, workload: self).scenario
    case .churn: ChurnWorkload(run: run).scenario
    }
  }
}

/// What all threads of a timed run know.
struct TimedRun: Sendable {
  /// The memory that is lent out.
  let window: LentWindow
  /// The design.
  let design: TimedDesign
  /// The number of threads that fault, each on a processor of its own.
  let threads: Int
  /// When all threads end, in picoseconds.
  let end: Int

  /// The pages that each thread has for itself.
  var pagesPerThread: Int { max(1, min(8, Int(window.bar.size / Page.size) / threads)) }

  /// All pages, in bytes.
  var length: UInt64 { UInt64(threads * pagesPerThread) * Page.size }

  /// The address of a thread's page in a buffer.
  func address(_ base: UInt64, thread: Int, page: Int) -> UInt64 {
    base + UInt64((thread * pagesPerThread + page) % Int(length / Page.size)) * Page.size
  }

  /// Whether the time is not over.
  func goesOn(_ kernel: Kernel) -> Bool { (kernel.time ?? .max) < end }

  /// Touches a page that the thread has not touched since it was taken away, and measures the fault.
  ///
  /// - Returns: Whether the page is there now.
  func touch(_ process: UserProcess, _ address: UInt64) async throws -> Bool {
    let access = try await process.kernel.measure("fault", outcome: Self.outcome) {
      try await design.touch(process, address)
    }
    if case .value = access { return true }
    return false
  }

  private static func outcome(_ access: UserAccess) -> String {
    if case .value = access { return "mapped" }
    return "refused"
  }
}
