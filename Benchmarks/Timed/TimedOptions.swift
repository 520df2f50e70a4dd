// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// What the user has asked of `Benchmarks timed`.
struct TimedOptions: Equatable {
  var workloads = [TimedWorkload.revoke]
  var designs = [TimedDesign.posted]
  var machine = TimedMachine.iceLake
  /// The numbers of threads that fault, a row each; as many of the usual ones as the machine has processors for.
  var cpus = [1, 2, 4, 8, 16, 32]
  /// The virtual time of a row, in picoseconds.
  var duration = 2_000_000_000
  var seed: UInt64 = 1
  var device: String?
  var slot: String?
  var json: String?
  var svg: String?
  var perfetto: String?
  /// The two files to compare.
  var compared: [String] = []
  /// The hundredths by which a figure may differ.
  var tolerance = 0

  /// The flags, in the order of the help.
  static let flags = [
    "--workload", "--design", "--machine", "--cpus", "--seconds", "--seed", "--device", "--slot", "--json", "--svg",
    "--perfetto", "--compare", "--tolerance", "--help",
  ]

  /// The most threads that can fault on a machine: one processor and two threads have other things to do.
  static func mostCpus(on machine: TimedMachine) -> Int {
    min(Kernel.maximumThreads - 2, machine.processors - 1)
  }

  /// The machines to choose from.
  ///
  /// On one where all is free no time passes, and a run would never end.
  static let machines = TimedMachine.presets.filter { $0 != .free }

  /// Asks for nothing in particular.
  init() {}

  /// Reads the command line; of a flag that is given twice the last one counts.
  init(_ arguments: [String]) throws(UsageError) {
    var reader = FlagReader(arguments, flags: Self.flags)
    var hasTolerance = false
    var asked: String?
    while let flag = try reader.next() {
      switch flag {
      case "--workload": workloads = try Self.named(flag, try reader.text(Self.names(TimedWorkload.allCases)))
      case "--design": designs = try Self.named(flag, try reader.text(Self.names(TimedDesign.allCases)))
      case "--machine": machine = try Self.machine(try reader.text(Self.machineNames))
      case "--cpus": asked = try reader.text(Self.cpusForm(machine))
      case "--seconds": duration = try Self.duration(try reader.text(Self.secondsForm))
      case "--seed": seed = try reader.number(0...UInt64.max)
      case "--device": device = try reader.text("a file as lspci -vv -xxxx prints it")
      case "--slot": slot = try reader.text("a slot such as 0000:01:00.0")
      case "--json": json = try reader.text("a file, or - for standard output")
      case "--svg": svg = try reader.text("a file")
      case "--perfetto": perfetto = try reader.text("a file")
      case "--compare": compared = [try reader.text(Self.rowsForm), try reader.text(Self.rowsForm)]
      case "--tolerance":
        tolerance = try reader.number(0...1_000)
        hasTolerance = true
      default: break
      }
    }
    cpus =
      try asked.map { (text) throws(UsageError) in try Self.cpus(text, machine) }
      ?? cpus.filter { $0 <= Self.mostCpus(on: machine) }
    if slot != nil && device == nil { throw .lonelyFlag("--slot", needs: "--device FILE") }
    if hasTolerance && compared.isEmpty { throw .lonelyFlag("--tolerance", needs: "--compare FILE FILE") }
    if !compared.isEmpty {
      if json != nil { throw .conflict("--compare", with: "--json") }
      if svg != nil { throw .conflict("--compare", with: "--svg") }
      if perfetto != nil { throw .conflict("--compare", with: "--perfetto") }
    }
  }

  private static let rowsForm = "two files of rows, as --json writes them"
  private static let secondsForm = "seconds from 0.000001 to 10, such as 0.002"
  private static let machineNames = "one of " + machines.map(\.name).joined(separator: ", ")

  private static func cpusForm(_ machine: TimedMachine) -> String {
    "numbers from 1 to \(mostCpus(on: machine)) for \(machine.name), each larger than the one before, such as 1,2,4"
  }

  private static func names<Name: RawRepresentable<String>>(_ all: [Name]) -> String {
    "all, or some of \(all.map(\.rawValue).joined(separator: ", ")) with commas between"
  }

  private static func named<Name: RawRepresentable<String> & CaseIterable>(
    _ flag: String, _ text: String
  ) throws(UsageError) -> [Name] {
    if text == "all" { return Array(Name.allCases) }
    var found: [Name] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let name = Name(rawValue: String(word)) else {
        throw .badValue(flag: flag, found: text, expected: names(Array(Name.allCases)))
      }
      found.append(name)
    }
    return found
  }

  private static func machine(_ text: String) throws(UsageError) -> TimedMachine {
    guard let machine = machines.first(where: { $0.name == text }) else {
      throw .badValue(flag: "--machine", found: text, expected: machineNames)
    }
    return machine
  }

  private static func duration(_ text: String) throws(UsageError) -> Int {
    guard text.allSatisfy({ $0.isNumber || $0 == "." }), let seconds = Double(text), seconds >= 1e-6, seconds <= 10
    else {
      throw .badValue(flag: "--seconds", found: text, expected: secondsForm)
    }
    return Int((seconds * 1e12).rounded())
  }

  private static func cpus(_ text: String, _ machine: TimedMachine) throws(UsageError) -> [Int] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let most = mostCpus(on: machine)
    guard numbers.allSatisfy({ (1...most).contains($0) }), zip(numbers, numbers.dropFirst()).allSatisfy(<) else {
      throw .badValue(flag: "--cpus", found: text, expected: cpusForm(machine))
    }
    return numbers
  }
}
