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
  /// Faults against the same PCI_COMMAND, half of them through a map of the BAR itself.
  case barmaps
  /// Faults of 2 MiB against permanent revokes.
  case large
  /// Faults of 1 GiB against permanent revokes.
  case huge
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
    case .barmaps: "the same, and half of the threads fault in a map of the BAR itself"
    case .large: "as revoke, by pages of 2 MiB; on a built-in device with a BAR of 128 GiB"
    case .huge: "as revoke, by pages of 1 GiB; on the same device"
    case .churn: "each thread exports, maps, touches, unmaps and closes a buffer of its own; no revoke"
    }
  }

  /// What is measured beside faults, as the report calls it.
  var operation: String {
    switch self {
    case .revoke, .apart, .importers, .large, .huge: "revoke"
    case .reset: "reset"
    case .command, .barmaps: "command"
    case .churn: "churn"
    }
  }

  /// The size of a page that a fault maps.
  var order: PageOrder {
    switch self {
    case .large: .pmd
    case .huge: .pud
    default: .page
    }
  }

  /// The memory that is lent out: that of the device that was asked for, if its pages can be large enough.
  func window(_ asked: LentWindow) throws -> LentWindow { order == .page ? asked : try LentWindow(.roomy()) }

  /// The scenario.
  func scenario(_ run: TimedRun) -> Scenario {
    switch self {
    case .revoke, .large, .huge: LendingWorkload(run: run, importers: []).scenario
    case .apart: ApartWorkload(run: run).scenario
    case .importers: LendingWorkload(run: run, importers: [0, 20_000_000]).scenario
    case .reset, .command, .barmaps: StayingWorkload(run: run, workload: self).scenario
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
  /// The size of a page that a fault maps.
  var order = PageOrder.page

  /// The pages that each thread has for itself, unless the BAR has fewer pages than there are threads.
  ///
  /// Of 2 MiB there are so few that no gigabyte is whole: a fault maps the largest page that fits.
  var pagesPerThread: Int {
    let most = order == .page ? 8 : order == .pmd ? 4 : 1
    return max(1, min(most, Int(window.bar.size / order.size) / threads))
  }

  /// All pages, in bytes.
  var length: UInt64 { min(UInt64(threads * pagesPerThread), window.bar.size / order.size) * order.size }

  /// The address of a thread's page in a buffer.
  func address(_ base: UInt64, thread: Int, page: Int) -> UInt64 {
    base + UInt64((thread * pagesPerThread + page) % Int(length / order.size)) * order.size
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

extension PciFunction {
  /// The built-in device, with a BAR of 128 GiB where it has one of 1 MiB.
  fileprivate static func roomy() throws(PciDumpError) -> PciFunction {
    try parse(
      builtInText.replacing("800000000 (64-bit, prefetchable) [size=1M]", with: roomyRegion)
        .replacing("0c 00 00 00 08 00 00 00", with: "0c 00 00 00 20 00 00 00"))
  }

  private static let roomyRegion = "2000000000 (64-bit, prefetchable) [size=128G]"
}
