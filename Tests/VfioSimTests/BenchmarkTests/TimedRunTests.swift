// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing
import VfioSim

@testable import DmabufBenchmarks

@Suite("Faults against revokes under the clock, small")
struct TimedRunTests {
  @Test("rows are the same digit for digit on two runs, alone and in a list, and others for another seed")
  func repeats() throws {
    let words = ["timed", "--seconds", "0.0001", "--json", "-", "--cpus"]
    let list = Captured.run(words + ["1,4,6"])
    #expect(list.exitCode == 0)
    #expect(list.err.contains("who waited for whom at 6 CPUs"))
    #expect(Captured.run(words + ["1,4,6"]).out == list.out)
    let lines = list.out.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(Captured.run(words + ["4"]).out.split(separator: "\n") == [lines[1]])
    #expect(Captured.run(words + ["1,4,6", "--seed", "2"]).out != list.out)
  }

  @Test("each workload maps pages, does what it is about, and accounts for all time", arguments: TimedWorkload.allCases)
  func workloads(workload: TimedWorkload) throws {
    let (run, report) = try Self.time(workload, .posted, threads: 3)
    let row = TimedRow(workload, run, seed: 1, report)
    #expect((row.latencies["fault: mapped"]?.count ?? 0) > 20)
    #expect((row.latencies[workload.operation]?.count ?? 0) > 1)
    #expect(row.elapsed >= run.end)
    #expect(report.threads.reduce(0) { $0 + $1.elapsed } == row.used + row.lostInAll)
    #expect(row.lost.reduce(0) { $0 + $1.time } == row.lostInAll)
    #expect(row.utilisation > 0 && row.utilisation <= 1)
    #expect((0...1_000).contains(row.slowest) && row.starvation > 0)
    if workload == .large || workload == .huge { #expect(run.length % run.order.size == 0) }
  }

  @Test("each design passes the checks of the model", arguments: TimedDesign.allCases)
  func designs(design: TimedDesign) throws {
    for workload in [TimedWorkload.revoke, .importers, .reset, .command] {
      let (run, report) = try Self.time(workload, design, threads: 3)
      let row = TimedRow(workload, run, seed: 1, report)
      #expect((row.latencies["fault: mapped"]?.count ?? 0) > 20, "\(workload)")
      let refused = row.latencies["fault: refused"]?.count ?? 0
      // During a reset the posted fault has SIGBUS for an answer. One that goes by memory_lock alone waits, as the
      // stalling one does.
      let waits = design == .stall || design == .onelock
      if workload == .reset { #expect((refused == 0) == waits, "\(refused) refused") }
    }
  }

  @Test("pages of 2 MiB and 1 GiB are mapped by one fault each")
  func orders() throws {
    #expect([TimedWorkload.revoke, .large, .huge].map(\.order) == [.page, .pmd, .pud])
    let counts = try [TimedWorkload.revoke, .large, .huge].map { workload in
      let (run, report) = try Self.time(workload, .posted, threads: 2)
      return (run.pagesPerThread, report.operation("fault: mapped")?.latency.count ?? 0)
    }
    #expect(counts.map(\.0) == [8, 4, 1])
    #expect(counts.allSatisfy { $0.1 > 20 })
  }

  @Test("a BAR with fewer pages than threads is shared")
  func onePage() throws {
    let window = try LentWindow(PciFunction.parse(SmallDevice.text.replacing("[size=1M]", with: "[size=4K]")))
    let run = TimedRun(window: window, design: .posted, threads: 3, end: 100_000_000)
    #expect(run.length == Page.size && run.pagesPerThread == 1)
    let report = try TimedCommand([]) { _ in nil }.report(.revoke, run)
    #expect((report.operation("revoke")?.latency.count ?? 0) > 1)
  }

  @Test("rates and shares are zero where no time has passed")
  func free() throws {
    let strategy = TimedStrategy(on: .free, processors: 2)
    try explore(strategy) { kernel in
      let word = Shared(kernel, "word", 0)
      kernel.thread("fault1") { try await kernel.measure("fault: mapped") { try await word.store(1) } }
      try await kernel.join()
    }
    let run = TimedRun(window: try LentWindow(.builtIn), design: .posted, threads: 1, end: 0)
    let row = TimedRow(.revoke, run, seed: 1, try #require(strategy.report))
    #expect(row.elapsed == 0 && row.used == 0 && row.lostInAll == 0)
    #expect(row.perSecond("fault: mapped") == 0 && row.utilisation == 0)
    #expect(TimedTable(rows: [row]).text.contains("0 %"))
    #expect(!TimedPicture(rows: [row]).text.contains("nan"))
  }

  @Test("tables are no wider than a terminal, and the shares of lost time add up to all of it")
  func table() throws {
    for workload in [TimedWorkload.revoke, .churn, .reset] {
      let rows = try [1, 6].map { threads in
        let (run, report) = try Self.time(workload, .posted, threads: threads)
        return TimedRow(workload, run, seed: 1, report)
      }
      let text = TimedTable(rows: rows).text
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
      let tail = try #require(text.components(separatedBy: "who waited").last)
      let shares = tail.matches(of: /\s(\d+)\.(\d) %/).map { Int("\($0.output.1)\($0.output.2)") ?? 0 }
      #expect(shares.count > 1 && shares.reduce(0, +) == 1_000)
    }
    #expect(TimedTable.tenths([1, 1, 1]) == [334, 333, 333])
    #expect(TimedTable.tenths([0, 5]) == [0, 1_000])
    #expect(TimedTable.tenths([0]) == [0])
    #expect(TimedTable.tenths([Int.max / 4, Int.max / 4]) == [500, 500])
  }

  @Test("a picture is well-formed, for light and for dark, and names its curves")
  func picture() throws {
    var rows: [TimedRow] = []
    for design in [TimedDesign.posted, .onelock] {
      for threads in [1, 2, 6] {
        let (run, report) = try Self.time(.revoke, design, threads: threads)
        rows.append(TimedRow(.revoke, run, seed: 1, report))
      }
    }
    let text = TimedPicture(rows: rows).text
    #expect(text.contains("prefers-color-scheme: dark"))
    for word in ["revoke, posted, on icelake", "revoke, onelock, on icelake", "processors", "microseconds"] {
      #expect(text.contains(word))
    }
    var open: [Substring] = []
    for tag in text.matches(of: /<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/) {
      if tag.output.3 == "/" { continue }
      if tag.output.1.isEmpty { open.append(tag.output.2) } else { #expect(open.popLast() == tag.output.2) }
    }
    #expect(open.isEmpty)
    #expect(text.replacing(/<[^<>]*>/, with: "").firstIndex { "<&".contains($0) } == nil)
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  /// Runs a workload for a tenth of a millisecond, or a bit longer where it is slow.
  static func time(
    _ workload: TimedWorkload, _ design: TimedDesign, threads: Int
  ) throws -> (run: TimedRun, report: TimeReport) {
    let run = TimedRun(
      window: try workload.window(LentWindow(.builtIn)), design: design, threads: threads,
      end: workload == .reset ? 400_000_000 : 200_000_000, order: workload.order)
    return (run, try TimedCommand([]) { _ in nil }.report(workload, run))
  }
}
