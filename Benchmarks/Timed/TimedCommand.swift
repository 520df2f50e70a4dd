// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// Runs faults against revokes under the clock, over a number of processors.
struct TimedCommand: Command {
  static let name = "timed"

  /// What was asked.
  let options: TimedOptions

  private init(_ options: TimedOptions) { self.options = options }

  init(_ arguments: [String], _ environment: (String) -> String?) throws(UsageError) {
    options = try TimedOptions(arguments)
  }

  func run(_ console: Console) throws {
    if options.compared.count == 2 { return try compare(console) }
    let window = try LentWindow(file: options.device, slot: options.slot)
    let file = JsonFile(path: options.json)
    try file.check()
    let picture = JsonFile(path: options.svg, flag: "--svg")
    try picture.check()
    let trace = JsonFile(path: options.perfetto, flag: "--perfetto")
    try trace.check()
    let say: (String) throws -> Void = file.isStandardOutput ? console.err : console.out
    var rows: [TimedRow] = []
    var last: (TimedWorkload, TimedRun)?
    for workload in options.workloads {
      for design in options.designs {
        let group = try options.cpus.map { cpus in
          let run = TimedRun(
            window: try workload.window(window), design: design, threads: cpus, end: options.duration,
            order: workload.order)
          last = (workload, run)
          return try row(workload, run)
        }
        try say(TimedTable(rows: group).text)
        rows += group
      }
    }
    try file.write(rows, console)
    if let (workload, run) = last, options.perfetto != nil {
      let middle = options.duration / 2
      let report = try report(workload, run, recording: middle..<middle + 200_000_000)
      try trace.write(text: report.trace, console)
    }
    if options.svg != nil { try picture.write(text: TimedPicture(rows: rows).text, console) }
  }

  /// The curve of faults against revokes, as a table, for half a millisecond a row.
  static func curve(of window: LentWindow, seed: UInt64) throws -> String {
    var options = TimedOptions()
    options.seed = seed
    let command = TimedCommand(options)
    let rows = try options.cpus.map { cpus in
      try command.row(.revoke, TimedRun(window: window, design: .posted, threads: cpus, end: 500_000_000))
    }
    return TimedTable(rows: rows).text
  }

  /// Runs a workload once, and makes a row of it.
  func row(_ workload: TimedWorkload, _ run: TimedRun) throws -> TimedRow {
    TimedRow(workload, run, seed: options.seed, try report(workload, run))
  }

  /// Runs a workload once.
  func report(
    _ workload: TimedWorkload, _ run: TimedRun, recording window: Range<Int>? = nil
  ) throws -> TimeReport {
    var machine = options.machine
    // The 100 ms of a real function would leave nothing but refused faults; assumed.
    machine.costs.functionReset = min(machine.costs.functionReset, 100_000_000)
    let strategy = TimedStrategy(on: machine, processors: run.threads + 1, seed: options.seed, recording: window)
    var limits = Limits()
    limits.stepsPerExecution = .max
    var reporting = ReportOptions()
    reporting.showsProgress = false
    try explore(
      strategy, limits: limits, reporting: reporting, name: "timed-\(workload.rawValue)", function: ToolName.tool,
      file: ToolName.tool, workload.scenario(run))
    guard let report = strategy.report else { preconditionFailure("a timed run without a report") }
    return report
  }

  private func compare(_ console: Console) throws {
    let (first, second) = (try TimedRows.read(options.compared[0]), try TimedRows.read(options.compared[1]))
    let changes = TimedRows.changes(first, second, tolerance: Double(options.tolerance))
    if changes.isEmpty {
      return try console.out("\(first.count) rows, each figure within \(options.tolerance) %\n")
    }
    try console.out(changes.map { $0 + "\n" }.joined())
    throw FiguresDiffer(count: changes.count, tolerance: options.tolerance)
  }
}

/// Figures that are not what they were.
struct FiguresDiffer: ToolError {
  let count: Int
  let tolerance: Int

  var description: String { "\(count) figures differ by more than \(tolerance) %" }
  var exitCode: Int32 { ExitCode.failure }
}
