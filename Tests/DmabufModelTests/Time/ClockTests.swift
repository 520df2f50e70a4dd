// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufModel

/// Little cases whose times can be worked out by hand.
@Suite("The clock")
struct ClockTests {
  /// A write takes 10, a read 1, a line comes from another core in 100; a switch takes 1,000, a wake-up 300 and 500.
  static let costs: CostModel = {
    var costs = CostModel()
    costs.ownedWrite = 10
    costs.cachedRead = 1
    costs.fromSocket = 100
    costs.contextSwitch = 1_000
    costs.wakeUp = 300
    costs.idleExit = 500
    costs.timeSlice = 50_000
    return costs
  }()

  static let machine = TimedMachine("by hand", sockets: 1, cores: 8, threads: 1, costs: costs)

  static func time(
    _ machine: TimedMachine = machine, processors: Int, _ scenario: @escaping Scenario
  ) throws -> TimeReport {
    let strategy = TimedStrategy(on: machine, processors: processors)
    try explore(strategy, scenario)
    return try #require(strategy.report)
  }

  @Test("adds up the steps of one thread: the first write of a line fetches it from nowhere")
  func oneThread() throws {
    let report = try Self.time(processors: 1) { kernel in
      let word = Shared(kernel, "word", 0)
      kernel.thread("a") {
        for value in 1...5 { try await word.store(value) }
        _ = try await word.load()
      }
      try await kernel.join()
    }
    #expect(report.elapsed == 5 * 10 + 1)
    #expect(report.steps == 6 + 1, "the join is a step, too")
    #expect(report.threads.map(\.used) == [51])
  }

  @Test("lets a line stay for half of the way of the request, and fetches it in the whole of it")
  func twoThreadsOneLine() throws {
    // b asks at 0, after a; the line leaves a at 50 and is with b at 100. What a does before 50 finds it.
    let report = try Self.time(processors: 2) { kernel in
      let word = Shared(kernel, "word", 0)
      kernel.thread("a") { for value in 1...4 { try await word.store(value) } }
      kernel.thread("b") { try await word.store(9) }
      try await kernel.join()
    }
    #expect(report.threads.map(\.name) == ["a", "b"])
    #expect(report.threads.map(\.elapsed) == [40, 100 + 10])
    #expect(
      report.lost.filter { $0.cause == .line } == [
        LostTime(threads: "b", cause: .line, object: "word", to: "a", time: 100)
      ])
  }

  @Test("bounds what a line can take, however many processors there are", arguments: [2, 4, 8])
  func saturation(threads: Int) throws {
    // Each write is followed by work that is longer than a stay, so that each one fetches the line.
    let rounds = 50
    let report = try Self.time(processors: threads) { kernel in
      let word = Shared(kernel, "word", 0)
      for thread in 1...threads {
        kernel.thread("t\(thread)") {
          for value in 1...rounds {
            try await word.store(value)
            kernel.spend(.other(60))
          }
        }
      }
      try await kernel.join()
    }
    // The first fetch is free; from then on the line is always on its way. The last one works on for 60.
    #expect(report.elapsed == (threads * rounds - 1) * 100 + 10 + 60)
  }

  @Test("lets readers share a line until it is written to")
  func readers() throws {
    let report = try Self.time(processors: 3) { kernel in
      let word = Shared(kernel, "word", 0)
      kernel.thread("writer") { try await word.store(1) }
      for reader in 1...2 {
        kernel.thread("reader\(reader)") {
          kernel.spend(.other(20))
          for _ in 1...3 { _ = try await word.load() }
        }
      }
      try await kernel.join()
    }
    #expect(report.threads.map(\.elapsed) == [10, 20 + 100 + 3, 20 + 100 + 3])
  }

  @Test("charges a thread that has to sleep for the switch, and the one that wakes it for the wake-up")
  func sleeping() throws {
    let report = try Self.time(processors: 2) { kernel in
      let done = Completion(kernel, "done")
      kernel.thread("waiter") { try await done.wait() }
      kernel.thread("waker") {
        kernel.spend(.other(5_000))
        try await done.complete()
      }
      try await kernel.join()
    }
    // The waiter has the line first; the waker fetches it, writes, wakes. Then the waiter leaves its idle processor's
    // sleep, and fetches the line back. Its processor was its own, so there is no switch.
    let woken = 5_000 + 100 + 10 + 300
    #expect(report.threads.map(\.elapsed) == [woken, woken + 500 + 100 + 10])
    let waits = report.lost.filter { $0.cause == .wait }
    #expect(waits.contains(LostTime(threads: "waiter", cause: .wait, object: "done", to: "waker", time: woken)))
  }

  @Test("lets threads queue for a processor, a time slice each")
  func timeSlices() throws {
    let report = try Self.time(processors: 1) { kernel in
      for thread in 1...2 {
        kernel.thread("t\(thread)") {
          for _ in 1...3 {
            kernel.spend(.other(30_000))
            try await Shared(kernel, "own", 0).store(1)
          }
        }
      }
      try await kernel.join()
    }
    // A slice is over when 50,000 are, which is noticed at a step: after two parts of work, and there are six.
    #expect(report.elapsed == 6 * 30_010 + 3 * 1_000)
    #expect(report.utilisation > 0.97 && report.utilisation < 1)
  }

  @Test("takes no time on a machine on which all is free")
  func free() throws {
    let report = try Self.time(.free, processors: 4) { kernel in
      let lock = ReadWriteSemaphore(kernel)
      for thread in 1...4 {
        kernel.thread("t\(thread)") {
          kernel.spend(.pageFault)
          try await lock.downWrite()
          try await lock.upWrite()
        }
      }
      try await kernel.join()
    }
    #expect(report.elapsed == 0 && report.timeLost == 0 && report.steps == 12)
  }

  @Test("accounts for all of the time of each thread", arguments: [1, 2, 3, 8])
  func addsUp(processors: Int) throws {
    let report = try Self.time(.laptop, processors: processors) { kernel in
      let lock = ReadWriteSemaphore(kernel)
      let mutex = SleepingMutex(kernel)
      for thread in 1...6 {
        kernel.thread("t\(thread)") {
          for round in 1...20 {
            if (round + thread).isMultiple(of: 3) {
              try await lock.downWrite()
              kernel.spend(.other(700_000))
              try await lock.upWrite()
            } else {
              try await lock.downRead()
              kernel.spend(.systemCall)
              try await mutex.lock()
              kernel.spend(.pageFault)
              try await mutex.unlock()
              try await lock.upRead()
            }
          }
        }
      }
      try await kernel.join()
    }
    let lost = report.lost.filter { $0.threads == "t" }.reduce(0) { $0 + $1.time }
    #expect(report.threads.reduce(0) { $0 + $1.elapsed } == report.timeUsed + lost)
    #expect(report.threads.count == 6)
  }

  @Test("reports a failure of a body that goes by the time, with its table")
  func failure() throws {
    let failure = #expect(throws: ScheduleFailure.self) {
      try Self.time(.iceLake, processors: 2) { kernel in
        let references = Kref(kernel)
        for name in ["a", "b"] {
          kernel.thread(name) {
            while kernel.time ?? .max < 2_000_000 { _ = try await references.read() }
            if name == "b" { try await references.put {} }
            try kernel.check(try await references.read() > 0, "the last reference is gone")
          }
        }
        try await kernel.join()
      }
    }
    #expect(failure?.finding.summary == "the last reference is gone")
    let report = failure?.report() ?? ""
    #expect(report.contains("kref_put") && report.contains("replay: run it again; under the clock"))
    #expect(report.contains("locks: queued as in the kernel"))
  }

  @Test("writes down what each thread does in a stretch of the time: operations, and in them what was lost")
  func trace() throws {
    let strategy = TimedStrategy(on: Self.machine, processors: 2, recording: 0..<1_000)
    try explore(strategy) { kernel in
      let word = Shared(kernel, "word", 0)
      for name in ["a", "b"] {
        kernel.thread(name) { try await kernel.measure("store \"\(name)\"") { try await word.store(1) } }
      }
      try await kernel.join()
    }
    let text = try #require(strategy.report).trace
    let events = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let slices = try #require(events["traceEvents"] as? [[String: Any]]).filter { $0["ph"] as? String == "X" }
    // b asks for the line at once, and has it at 100; main waits for both and is not at issue.
    let seen = slices.filter { $0["tid"] as? Int != 0 }.map {
      "\($0["name"] ?? "") \($0["ts"] ?? "") \($0["dur"] ?? "")"
    }
    #expect(seen == ["store \"b\" 0.0 0.00011", "line: word 0.0 0.0001", "store \"a\" 0.0 1e-05"])
  }

  @Test("gives the same digits each time, and others for another seed")
  func repeats() throws {
    func time(seed: UInt64) throws -> TimeReport {
      let strategy = TimedStrategy(on: .iceLake, processors: 4, seed: seed)
      try explore(strategy) { kernel in
        let lock = ReadWriteSemaphore(kernel)
        for thread in 1...6 {
          kernel.thread("t\(thread)") {
            for _ in 1...20 {
              try await kernel.measure("read") {
                try await lock.downRead()
                kernel.spend(.pageFault)
                try await lock.upRead()
              }
            }
          }
        }
        try await kernel.join()
      }
      return try #require(strategy.report)
    }
    let first = try time(seed: 1)
    #expect(try time(seed: 1) == first)
    #expect(try time(seed: 2) != first)
    #expect(first.operation("read")?.latency.count == 120)
  }
}

@Suite("A histogram of latencies")
struct LatencyHistogramTests {
  @Test("puts each percentile at most a sixteenth too high, and the longest exactly")
  func percentiles() {
    var numbers = SplitMix64(seed: 3)
    for _ in 0..<50 {
      let times = (0..<1_000).map { _ in Int(numbers.next() >> UInt64(10 + numbers.below(50))) }
      var histogram = LatencyHistogram()
      for time in times { histogram.add(time) }
      let sorted = times.sorted()
      for share in [1, 500, 900, 990, 999, 1_000] {
        let exact = sorted[max(0, (times.count * share + 999) / 1_000 - 1)]
        let value = histogram.percentile(ofThousand: share)
        #expect(value >= exact && value - exact <= exact / 16 + 1)
      }
      #expect(histogram.longest == sorted.last && histogram.total == times.reduce(0, +))
    }
  }
}
