// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// One timed run as a JSON object.
///
/// All figures are whole numbers, the same on every computer; times are picoseconds.
struct TimedRow: Codable, Equatable, Sendable {
  /// How long something took.
  struct Latency: Codable, Equatable, Sendable {
    var count: Int
    var mean: Int
    var p50: Int
    var p99: Int
    var p999: Int
    var max: Int

    /// Takes the figures of a histogram.
    init(_ histogram: LatencyHistogram) {
      count = histogram.count
      mean = histogram.mean
      p50 = histogram.percentile(ofThousand: 500)
      p99 = histogram.percentile(ofThousand: 990)
      p999 = histogram.percentile(ofThousand: 999)
      max = histogram.longest
    }
  }

  /// Time that was lost for one reason.
  struct Lost: Codable, Equatable, Sendable {
    var threads: String
    var cause: String
    var object: String
    var to: String
    var time: Int
  }

  /// The version of the keys.
  var schema = 1
  var benchmark = "timed"
  var workload: String
  var design: String
  var machine: String
  /// The threads that fault, a processor each.
  var cpus: Int
  var seed: UInt64
  /// The time from the start of the threads to the end of the last one.
  var elapsed: Int
  var steps: Int
  /// The time in which threads did something, and that which they lost.
  var used: Int
  var lostInAll: Int
  /// What was measured, by name.
  var latencies: [String: Latency]
  /// The faults of the thread with the fewest, in thousandths of the average.
  var slowest: Int
  /// The longest time that a thread that faults was without the end of a fault.
  var starvation: Int
  var lost: [Lost]

  /// Takes the figures of a run.
  init(_ workload: TimedWorkload, _ run: TimedRun, seed: UInt64, _ report: TimeReport) {
    self.workload = workload.rawValue
    design = run.design.rawValue
    machine = report.machine.name
    cpus = run.threads
    self.seed = seed
    elapsed = report.elapsed
    steps = report.steps
    used = report.timeUsed
    // The thread that runs the scenario only waits for the others.
    let lost = report.lost.filter { $0.threads != "main" }
    lostInAll = lost.reduce(0) { $0 + $1.time }
    self.lost = lost.map {
      Lost(threads: $0.threads, cause: $0.cause.rawValue, object: $0.object, to: $0.to, time: $0.time)
    }
    latencies = Dictionary(uniqueKeysWithValues: report.operations.map { ($0.name, Latency($0.latency)) })
    let faulting = report.threads.filter { $0.name.hasPrefix("fault") }
    let all = faulting.reduce(0) { $0 + $1.operations }
    let fewest = faulting.map(\.operations).min() ?? 0
    slowest = all == 0 ? 0 : fewest * 1_000 * faulting.count / all
    starvation = faulting.map(\.longestGap).max() ?? 0
  }

  /// What tells the row from others.
  var key: String { "\(workload), \(design), \(machine), \(cpus) CPUs, seed \(seed)" }

  /// How often something happened in a second of the machine's time.
  func perSecond(_ operation: String) -> Double {
    elapsed == 0 ? 0 : Double(latencies[operation]?.count ?? 0) / Double(elapsed) * 1e12
  }

  /// The share of the processors' time in which threads did something.
  var utilisation: Double {
    elapsed == 0 ? 0 : Double(used) / (Double(elapsed) * Double(cpus + (hasOther ? 1 : 0)))
  }

  private var hasOther: Bool { workload != TimedWorkload.churn.rawValue }

  /// All figures, by name, for a comparison.
  var figures: [(name: String, value: Int)] {
    var all = [
      ("elapsed", elapsed), ("steps", steps), ("used", used), ("lost", lostInAll), ("slowest", slowest),
      ("starvation", starvation),
    ]
    for (name, latency) in latencies.sorted(by: { $0.key < $1.key }) {
      all += [
        ("\(name) count", latency.count), ("\(name) mean", latency.mean), ("\(name) p50", latency.p50),
        ("\(name) p99", latency.p99), ("\(name) p99.9", latency.p999), ("\(name) max", latency.max),
      ]
    }
    for loss in lost {
      all.append(("lost by \(loss.threads) to \(loss.to) (\(loss.cause) \(loss.object))", loss.time))
    }
    return all
  }
}
