// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufModel

/// Shows in two ways that an abandoned execution leaves no parked task behind.
///
/// - Each thread's body owns probes, one captured and one local. A body that is parked somewhere keeps both alive, so
///   no probe alive after an execution means that no body of it is parked.
/// - The tasks themselves belong to the machine, as many as there were threads at once; they wait for the next body,
///   each with its one job in its lane. Their number does not grow, and when the machine is shut down they are
///   destroyed.
@Suite("An abandoned execution")
struct UnwindingTests {
  enum Ending: String, Sendable, CaseIterable {
    case check, deadlock, error, useAfterFree, stepLimit, abandoned, passes
  }

  @Test("leaves no parked body behind, however it ended, in any of thousands", arguments: Ending.allCases)
  func nothingParked(ending: Ending) {
    let counter = ProbeCounter()
    let kernel = Kernel()
    kernel.limits.stepsPerExecution = 200
    let random = RandomStrategy(seed: 5, executions: 1_000)
    let strategy: any Strategy = ending == .abandoned ? GivingUp(random, after: 6) : random
    var ended = 0
    var executions = 0
    while strategy.beginExecution() {
      executions += 1
      let outcome = kernel.execute(Self.scenario(ending, counter), under: strategy, recording: nil)
      if outcome.misuse != nil { Issue.record("\(String(describing: outcome.misuse))") }
      if ending == .passes ? outcome.finding == nil : outcome.finding != nil || outcome.wasAbandoned { ended += 1 }
      guard counter.alive == 0 else {
        Issue.record("execution \(executions): \(counter.alive) probes are alive")
        break
      }
    }
    #expect(ended == executions && executions == 1_000, "every execution ended in this way")
    #expect(kernel.workers.count == 4, "as many tasks as there were threads, over all executions")
    #expect(kernel.workers.allSatisfy { !$0.lane.isEmpty }, "each task waits for its next body")
    let workers = kernel.workers.map { Weak($0) }
    #expect(workers.allSatisfy { $0.value != nil })
    kernel.shutDown()
    #expect(workers.allSatisfy { $0.value == nil }, "the tasks have ended")
  }

  static func scenario(_ ending: Ending, _ counter: ProbeCounter) -> Scenario {
    { kernel in
      let captured = Probe(counter)
      let lock = SleepingMutex(kernel)
      let field = Shared(kernel, "field", 0)
      let never = Completion(kernel)
      let allocation = kernel.allocate("priv")
      let freed = Shared(kernel, "priv->status", 0, in: allocation)
      for number in 1...3 {
        kernel.thread("t\(number)") {
          let local = Probe(counter)
          try await lock.lock()
          try await field.store(number)
          try await lock.unlock()
          for _ in 0..<3 { _ = try await field.load() }
          switch ending {
          case .check: try kernel.check(false, "a failure")
          case .deadlock: try await never.wait()
          case .error: throw Errno.ioError
          case .useAfterFree: if number == 3 { _ = try await freed.load() }
          case .stepLimit: while true { _ = try await field.load() }
          case .abandoned, .passes: break
          }
          local.touch()
          captured.touch()
        }
      }
      try await kernel.free(allocation)
      try await kernel.join()
      if ending == .useAfterFree { _ = try await freed.load() }
    }
  }

  @Test("runs the deferred blocks of its bodies, which take no step any more")
  func deferredBlocks() throws {
    let blocks = Box(0)
    let after = Box(0)
    let failure = try failure(.check, under: .serial) { kernel in
      let field = Shared(kernel, "field", 0)
      let never = Completion(kernel)
      for number in 1...2 {
        kernel.thread("t\(number)") {
          defer { blocks.update { $0 += 1 } }
          do {
            try await never.wait()
          } catch {
            try? await field.store(99)
            if (try? await field.load()) != nil { after.update { $0 += 1 } }
            throw error
          }
        }
      }
      _ = try await field.load()
      try kernel.check(false, "a failure")
    }
    #expect(blocks.value >= 4 && blocks.value.isMultiple(of: 2), "two threads, searched and then recorded")
    #expect(after.value == 0)
    #expect(!failure.recording.steps.contains { $0.label == "WRITE_ONCE" })
  }

  @Test("starts nothing more: a thread started while unwinding never runs")
  func noThreadWhileUnwinding() throws {
    let counter = ProbeCounter()
    let ran = Box(0)
    _ = try failure(.check, under: .serial) { kernel in
      kernel.thread("t") {
        do {
          try await Completion(kernel).wait()
        } catch {
          let probe = Probe(counter)
          kernel.thread("late") {
            probe.touch()
            ran.update { $0 += 1 }
          }
        }
      }
      kernel.thread("u") {
        try await Kref(kernel).get()
        try kernel.check(false, "a failure")
      }
      try await kernel.join()
    }
    #expect(ran.value == 0)
    #expect(counter.alive == 0)
  }
}

@Suite("The memory of the process")
struct MemoryTests {
  /// In a process of its own, so that no other test's memory is in the figure.
  ///
  /// 20,000 schedules, half of them failing; a million with `DMABUF_DEEP=1`. After a warm-up the memory that the allocator
  /// has given out may grow by half a mebibyte, which is 26 bytes a schedule in the short run and half a byte in the
  /// long one. Resident pages would be a matter of what else the computer does.
  @Test("and its threads stay as they are over many passing and failing schedules")
  func flat() async {
    await #expect(processExitsWith: .success) {
      let isDeep = ProcessInfo.processInfo.environment["DMABUF_DEEP"] == "1"
      let schedules = isDeep ? 1_000_000 : 20_000
      let kernel = Kernel()
      func run(_ count: Int, seed: UInt64) -> (passed: Int, failed: Int) {
        let strategy = RandomStrategy(seed: seed, executions: count)
        var passed = 0
        while strategy.beginExecution() {
          let scenario = passed.isMultiple(of: 2) ? Races.lostUpdate : Races.harmless
          if kernel.execute(scenario, under: strategy, recording: nil).finding == nil { passed += 1 }
        }
        return (passed, count - passed)
      }
      _ = run(5_000, seed: 1)
      let before = ProcessUsage.current
      let counts = run(schedules, seed: 2)
      let after = ProcessUsage.current
      precondition(counts.passed > schedules / 4 && counts.failed > schedules / 20, "\(counts)")
      precondition(before.allocatedKibibytes > 100, "\(before)")
      precondition(after.allocatedKibibytes - before.allocatedKibibytes <= 512, "\(before) -> \(after)")
      precondition(after.threads <= before.threads, "\(before) -> \(after)")
    }
  }
}

/// How much memory this process has been given, and how many threads it has.
private struct ProcessUsage {
  var allocatedKibibytes: Int
  var threads: Int

  static var current: ProcessUsage {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Threads:") }
    let threads = Int(line?.split(whereSeparator: { " \t".contains($0) })[1] ?? "") ?? -1
    precondition(threads > 0, status)
    return ProcessUsage(allocatedKibibytes: allocated() / 1_024, threads: threads)
  }

  /// What the allocator's own account says: all that it has of the system, without what lies free in it.
  private static func allocated() -> Int {
    typealias Info = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
    guard let symbol = unsafe dlsym(nil, "malloc_info"), let file = unsafe tmpfile() else { return 0 }
    defer { unsafe fclose(file) }
    _ = unsafe unsafeBitCast(symbol, to: Info.self)(0, file)
    unsafe rewind(file)
    var bytes: [UInt8] = []
    while true {
      let byte = unsafe fgetc(file)
      if byte < 0 { break }
      bytes.append(UInt8(truncatingIfNeeded: byte))
    }
    let totals = String(decoding: bytes, as: UTF8.self).components(separatedBy: "</heap>").last ?? ""
    func size(_ kind: String) -> Int {
      let line = totals.split(separator: "\n").first { $0.contains(kind) }
      return line?.firstMatch(of: /size="([0-9]+)"/).flatMap { Int($0.output.1) } ?? 0
    }
    return size("<system type=\"current\"") + size("type=\"mmap\"") - size("type=\"fast\"") - size("type=\"rest\"")
  }
}

private struct Weak<Object: AnyObject> {
  weak let value: Object?

  init(_ value: Object) { self.value = value }
}

/// Gives each execution up after some steps, as a search does that has seen the rest before.
private final class GivingUp: Strategy {
  private let base: RandomStrategy
  private let depth: Int

  init(_ base: RandomStrategy, after depth: Int) {
    self.base = base
    self.depth = depth
  }

  func beginExecution() -> Bool { base.beginExecution() }

  func choose(_ point: DecisionPoint) -> Int { point.depth < depth ? base.choose(point) : DecisionPoint.abandon }
}
