// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

@testable import DmabufBenchmarks

@Suite("The command line of Benchmarks timed")
struct TimedUsageTests {
  static let workloads =
    "all, or some of revoke, apart, importers, reset, command, barmaps, large, huge, churn with commas between"
  static let cpus = "numbers from 1 to 126 for icelake, each larger than the one before, such as 1,2,4"
  static let seconds = "seconds from 0.000001 to 10, such as 0.002"
  static let mistakes: [(arguments: [String], message: String)] = [
    (["--cpu", "1"], "unknown flag '--cpu'; expected \(TimedOptions.flags.joined(separator: ", "))"),
    (["--workload"], "--workload: the value is missing; expected \(workloads)"),
    (["--workload", "fly"], "--workload: bad value 'fly'; expected \(workloads)"),
    (["--workload", "revoke,"], "--workload: bad value 'revoke,'; expected \(workloads)"),
    (
      ["--design", "best"],
      "--design: bad value 'best'; expected all, or some of "
        + "\(TimedDesign.allCases.map(\.rawValue).joined(separator: ", ")) with commas between"
    ),
    (["--machine", "free"], "--machine: bad value 'free'; expected one of icelake, skylake, rome, laptop"),
    (["--cpus", "0"], "--cpus: bad value '0'; expected \(cpus)"),
    (["--cpus", "127"], "--cpus: bad value '127'; expected \(cpus)"),
    (["--cpus", "1,x"], "--cpus: bad value '1,x'; expected \(cpus)"),
    (["--cpus", "4,4"], "--cpus: bad value '4,4'; expected \(cpus)"),
    (["--cpus", "4,2"], "--cpus: bad value '4,2'; expected \(cpus)"),
    (
      ["--cpus", "8", "--machine", "laptop"],
      "--cpus: bad value '8'; expected numbers from 1 to 7 for laptop, each larger than the one before, such as 1,2,4"
    ),
    (["--seconds", "0"], "--seconds: bad value '0'; expected \(seconds)"),
    (["--seconds", "11"], "--seconds: bad value '11'; expected \(seconds)"),
    (["--seconds", "1e-3"], "--seconds: bad value '1e-3'; expected \(seconds)"),
    (["--seconds=-1"], "--seconds: bad value '-1'; expected \(seconds)"),
    (["--seed", "x"], "--seed: bad value 'x'; expected a whole number from 0 to 18446744073709551615"),
    (["--slot", "00:1f.0"], "--slot: expected --device FILE with it"),
    (["--tolerance", "1"], "--tolerance: expected --compare FILE FILE with it"),
    (["--compare", "a"], "--compare: the value is missing; expected two files of rows, as --json writes them"),
    (["--compare", "a", "b", "--json", "c"], "--compare: found --json with it; expected one of the two"),
    (["--compare", "a", "b", "--svg", "c"], "--compare: found --svg with it; expected one of the two"),
  ]

  @Test("a mistake is one line that names the flag, a usage line, and exit code 64", arguments: mistakes)
  func mistake(_ mistake: (arguments: [String], message: String)) {
    let captured = Captured.run(["timed"] + mistake.arguments)
    #expect(captured.exitCode == 64)
    #expect(captured.out.isEmpty)
    #expect(captured.err == "Benchmarks: \(mistake.message)\n\(TimedCommand.usage)\n")
  }

  @Test("every flag is understood")
  func options() throws {
    var expected = TimedOptions()
    #expect(try TimedOptions([]) == expected)
    expected.workloads = [.reset, .revoke]
    expected.designs = TimedDesign.allCases
    expected.machine = .rome
    expected.cpus = [3, 120]
    expected.duration = 1_500_000
    expected.seed = 7
    expected.device = "dump.txt"
    expected.slot = "01:00.0"
    expected.json = "-"
    expected.svg = "a.svg"
    expected.perfetto = "a.trace"
    let words = [
      "--workload", "reset,revoke", "--design", "all", "--cpus", "3,120", "--machine", "rome", "--seconds", "0.0000015",
      "--seed=7", "--device", "dump.txt", "--slot", "01:00.0", "--json", "-", "--svg=a.svg", "--perfetto", "a.trace",
    ]
    #expect(try TimedOptions(words) == expected)
    let comparison = try TimedOptions(["--compare", "a", "b", "--tolerance", "5"])
    #expect(comparison.compared == ["a", "b"] && comparison.tolerance == 5)
  }

  @Test("no more threads fault than the machine has processors for")
  func fewProcessors() throws {
    #expect(try TimedOptions(["--machine", "laptop"]).cpus == [1, 2, 4])
    #expect(try TimedOptions(["--cpus", "111", "--machine", "skylake"]).cpus == [111])
  }

  @Test("--help names every flag, workload, design and machine")
  func help() {
    let captured = Captured.run(["timed", "--help"])
    #expect(captured.exitCode == 0)
    let names =
      TimedOptions.flags + TimedWorkload.allCases.map(\.rawValue) + TimedDesign.allCases.map(\.rawValue)
      + TimedOptions.machines.map(\.name)
    for name in names { #expect(captured.out.contains(name)) }
    #expect(captured.out.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test("a picture that cannot be written is known before the work, by its flag")
  func unwritablePicture() {
    let captured = Captured.run(["timed", "--svg", "/nowhere/a.svg"])
    #expect(captured.exitCode == 73)
    #expect(captured.err == "Benchmarks: --svg: cannot write /nowhere/a.svg: /nowhere: No such file or directory\n")
  }
}
