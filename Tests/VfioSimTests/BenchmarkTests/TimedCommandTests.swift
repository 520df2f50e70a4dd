// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing
import VfioSim

@testable import DmabufBenchmarks

@Suite("Benchmarks timed")
struct TimedCommandTests {
  static let short = ["--seconds", "0.0002", "--json", "-"]

  private static func rows(_ arguments: [String]) throws -> [TimedRow] {
    let captured = Captured.run(["timed"] + short + arguments)
    #expect(captured.exitCode == 0, "\(captured.err)")
    return try captured.out.split(separator: "\n").map {
      try JSONDecoder().decode(TimedRow.self, from: Data($0.utf8))
    }
  }

  @Test("runs each workload with each design, and the checks find nothing", arguments: TimedWorkload.allCases)
  func workloads(workload: TimedWorkload) throws {
    let rows = try Self.rows(["--workload", workload.rawValue, "--design", "all", "--cpus", "1,3"])
    #expect(rows.count == TimedDesign.allCases.count * 2)
    for row in rows {
      #expect(row.latencies["fault: mapped"]?.count ?? 0 > 0, "\(row.key)")
      #expect(row.latencies[workload.operation]?.count ?? 0 > 0, "\(row.key)")
      #expect(row.elapsed >= 200_000_000)
    }
  }

  @Test("gives the same digits twice, and alone as in a list; others for another seed")
  func repeats() throws {
    let list = try Self.rows(["--cpus", "1,2,4"])
    #expect(try Self.rows(["--cpus", "1,2,4"]) == list)
    #expect(try Self.rows(["--cpus", "4"]) == [list[2]])
    #expect(try Self.rows(["--cpus", "4", "--seed", "2"])[0].figures.map(\.value) != list[2].figures.map(\.value))
  }

  @Test("accounts for all of the time that was lost", arguments: TimedWorkload.allCases)
  func shares(workload: TimedWorkload) throws {
    let row = try Self.rows(["--workload", workload.rawValue, "--cpus", "6"])[0]
    #expect(row.lost.reduce(0) { $0 + $1.time } == row.lostInAll)
    // What is not lost is used: seven processors, each up to the end of its thread.
    let threads = workload == .churn ? 6 : 7
    #expect(row.used + row.lostInAll <= row.elapsed * threads)
  }

  @Test("stalls faults during a reset instead of refusing them, if the design says so")
  func stall() throws {
    let arguments = ["--workload", "reset", "--cpus", "16", "--seconds", "0.001", "--design"]
    let posted = try Self.rows(arguments + ["posted"])[0]
    let stalling = try Self.rows(arguments + ["stall"])[0]
    #expect(posted.latencies["fault: refused"]?.count ?? 0 > 100)
    #expect(stalling.latencies["fault: refused"] == nil)
    #expect(stalling.latencies["fault: mapped"]?.max ?? 0 > 80_000_000)
  }

  @Test("compares two files: what has changed by how much, and exit code 1 beyond the tolerance")
  func compare() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("timed-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ arguments: [String]) throws -> String {
      let path = folder.appendingPathComponent(name).path
      let captured = Captured.run(["timed", "--seconds", "0.0002", "--json", path] + arguments)
      #expect(captured.exitCode == 0)
      return path
    }
    let first = try write("a.json", ["--cpus", "1,2"])
    let again = try write("b.json", ["--cpus", "1,2"])
    let other = try write("c.json", ["--cpus", "1,2", "--design", "onelock"])
    let same = Captured.run(["timed", "--compare", first, again])
    #expect(same.exitCode == 0 && same.out == "2 rows, each figure within 0 %\n")
    let gone = Captured.run(["timed", "--compare", first, other])
    #expect(gone.exitCode == 1 && gone.out.contains("is gone") && gone.out.contains("is new"))
    let renamed = try String(contentsOfFile: other, encoding: .utf8).replacing("onelock", with: "posted")
    try renamed.write(toFile: other, atomically: true, encoding: .utf8)
    let changed = Captured.run(["timed", "--compare", first, other])
    #expect(changed.exitCode == 1 && changed.err.contains("figures differ by more than 0 %"))
    #expect(changed.out.contains("revoke, posted, icelake, 2 CPUs, seed 1: fault: mapped mean "))
    #expect(Captured.run(["timed", "--compare", first, "/nowhere"]).exitCode == 66)
    try "{}\n".write(toFile: other, atomically: true, encoding: .utf8)
    let bad = Captured.run(["timed", "--compare", first, other])
    #expect(bad.exitCode == 65 && bad.err.contains("c.json, line 1: expected a JSON line written by"))
  }

  @Test("draws a picture that is closed where it is opened, with a curve for each design")
  func picture() throws {
    let rows = try Self.rows(["--cpus", "1,2", "--design", "posted,onelock"])
    let text = TimedPicture(rows: rows).text
    #expect(text.hasPrefix("<svg ") && text.hasSuffix("</svg>\n"))
    func count(_ part: String) -> Int { text.components(separatedBy: part).count - 1 }
    #expect(count("<g ") == 4 && count("</g>") == 4)
    // Two charts have a second, dashed curve.
    #expect(count("<path class=\"s0\"") == 6 && count("<path class=\"s1\"") == 6)
    #expect(text.contains("prefers-color-scheme: dark") && text.contains("revoke, onelock, on icelake"))
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test("writes a trace of the middle of a run: a track a thread, in each operation what was lost in it")
  func trace() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("trace-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let captured = Captured.run(["timed", "--cpus", "2", "--seconds", "0.0004", "--perfetto", path])
    #expect(captured.exitCode == 0, "\(captured.err)")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let trace = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let events = try #require(trace["traceEvents"] as? [[String: Any]])
    let tracks = events.filter { $0["ph"] as? String == "M" }.compactMap { $0["args"] as? [String: String] }
    #expect(tracks.compactMap { $0["name"] }.sorted() == ["fault1", "fault2", "revoke"])
    let names = Set(events.compactMap { $0["name"] as? String })
    #expect(names.isSuperset(of: ["fault: mapped", "revoke", "line: dmabuf->resv"]))
    // Slices of a track lie one in the other or side by side, or the viewer shows them wrongly.
    for track in 1...3 {
      var open: [Double] = []
      for slice in events where slice["ph"] as? String == "X" && slice["tid"] as? Int == track {
        let start = try #require(slice["ts"] as? Double)
        let end = start + (try #require(slice["dur"] as? Double))
        while let last = open.last, last <= start + 1e-7 { open.removeLast() }
        #expect(end <= (open.last ?? .infinity) + 1e-7)
        open.append(end)
      }
    }
  }

  @Test("tells of each flag that it has in its help, and of no other one")
  func help() {
    let captured = Captured.run(["timed", "--help"])
    #expect(captured.exitCode == 0)
    let described = captured.out.split(separator: "\n").filter { $0.hasPrefix("  --") }.map {
      String($0.split(separator: " ")[0])
    }
    #expect(described == TimedOptions.flags)
  }
}

@Suite("A revoke under the clock")
struct TimedRevokeTests {
  @Test(
    "takes as long as there are pages to clear, and tells the processors that have used them", arguments: [1, 7, 64])
  func pages(count: Int) throws {
    var costs = CostModel()
    costs.clearEntry = 30
    costs.flushFirst = 1_000
    costs.flushNext = 100
    let machine = TimedMachine("by hand", sockets: 1, cores: 4, threads: 1, costs: costs)
    for faulting in 1...2 {
      let strategy = TimedStrategy(on: machine, processors: 3)
      try explore(strategy) { kernel in
        let device = VfioPciDevice(kernel)
        let process = UserProcess(kernel)
        let deviceFd = try await process.open(device).get()
        let length = UInt64(count) * Page.size
        let dmabufFd = try await process.exportDmaBuf(deviceFd, bar: 2, length: length).get()
        let base = try await process.mmap(dmabufFd, length: length).get()
        var threads: [SimulatedThread] = []
        for thread in 0..<faulting {
          threads.append(
            kernel.thread("fault\(thread)") {
              for page in 0..<count { _ = try await process.load(base + UInt64(page) * Page.size) }
            })
        }
        let started = threads
        kernel.thread("revoke") {
          for thread in started { try await thread.join() }
          _ = try await kernel.measure("revoke") { try await process.revokeDmaBuf(dmabufFd, on: deviceFd) }
        }
        try await kernel.join()
      }
      let revoke = try #require(strategy.report?.operation("revoke")).latency
      #expect(revoke.longest == count * 30 + 1_000 + (faulting - 1) * 100)
    }
  }
}
