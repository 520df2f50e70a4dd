// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks

@Suite("The command line of Benchmarks")
struct UsageTests {
  static let flags = "--device, --slot, --seed, --schedules, --json, --help"
  static let seeds = "a whole number from 0 to 18446744073709551615"
  static let mistakes: [(arguments: [String], message: String)] = [
    (["--sede", "1"], "unknown flag '--sede'; expected \(flags)"),
    (["-x"], "unknown flag '-x'; expected \(flags)"),
    (["explode"], "unknown command 'explode'; expected measure, explore, timed, merge or a flag"),
    (["measure", "explode"], "unexpected 'explode'; expected \(flags)"),
    (["--seed", "1", "2"], "unexpected '2'; expected \(flags)"),
    (["-"], "unexpected '-'; expected \(flags)"),
    (["--seed"], "--seed: the value is missing; expected \(seeds)"),
    (["--seed="], "--seed: the value is missing; expected \(seeds)"),
    (["--seed", "--json", "-"], "--seed: the value is missing; expected \(seeds)"),
    (["--seed", "x"], "--seed: bad value 'x'; expected \(seeds)"),
    (["--seed=-1"], "--seed: bad value '-1'; expected \(seeds)"),
    (["--seed", "-1"], "--seed: bad value '-1'; expected \(seeds)"),
    (["--seed", "+1"], "--seed: bad value '+1'; expected \(seeds)"),
    (
      ["--seed", "18446744073709551616"],
      "--seed: bad value '18446744073709551616'; expected \(seeds)"
    ),
    (["--schedules", "0"], "--schedules: bad value '0'; expected a whole number from 1 to 10000000"),
    (["--schedules", "1e3"], "--schedules: bad value '1e3'; expected a whole number from 1 to 10000000"),
    (["--schedules", "10000001"], "--schedules: bad value '10000001'; expected a whole number from 1 to 10000000"),
    (["--schedules"], "--schedules: the value is missing; expected a whole number from 1 to 10000000"),
    (["--device"], "--device: the value is missing; expected a file with the output of lspci -vv -xxxx"),
    (["--json"], "--json: the value is missing; expected a file, or - for standard output"),
    (
      ["--device", "f", "--slot", "1f"],
      "--slot: bad value '1f'; expected a slot such as 00:1f.0 or 0000:00:1f.0"
    ),
    (["--slot"], "--slot: the value is missing; expected a slot such as 00:1f.0 or 0000:00:1f.0"),
    (["--slot", "00:1f.0"], "--slot: expected --device FILE with it"),
  ]

  @Test("a mistake is one line that names the flag, a usage line, and exit code 64", arguments: mistakes)
  func mistake(_ mistake: (arguments: [String], message: String)) {
    let captured = Captured.run(mistake.arguments)
    #expect(captured.exitCode == 64)
    #expect(captured.out.isEmpty)
    #expect(captured.err == "Benchmarks: \(mistake.message)\n\(MeasureCommand.usage)\n")
  }

  @Test("a value for a flag that takes none is refused")
  func needlessValue() throws {
    let error = #expect(throws: UsageError.self) { try MeasureOptions(["--help=3"]) }
    #expect(error?.description == "--help: found the value '3'; expected none")
  }

  @Test("every flag is understood in both forms, and the last one counts")
  func options() throws {
    var expected = MeasureOptions()
    #expect(try MeasureOptions([]) == expected)
    expected.device = "dump.txt"
    expected.slot = "0000:01:00.0"
    expected.seed = .max
    expected.schedules = 7
    expected.json = "-"
    let apart = [
      "--seed", "3", "--device", "dump.txt", "--slot", "0000:01:00.0", "--seed", "18446744073709551615",
      "--schedules", "7", "--json", "-",
    ]
    #expect(try MeasureOptions(apart) == expected)
    let joined = [
      "--device=dump.txt", "--slot=0000:01:00.0", "--seed=18446744073709551615", "--schedules=7", "--json=-",
    ]
    #expect(try MeasureOptions(joined) == expected)
    #expect(try MeasureOptions(["--device=--odd"]).device == "--odd")
  }

  @Test(
    "--help says everything on standard output",
    arguments: [["--help"], ["-h"], ["measure", "--help"], ["--bad", "-h"]])
  func help(_ arguments: [String]) {
    let captured = Captured.run(arguments)
    #expect(captured.exitCode == 0)
    #expect(captured.err.isEmpty)
    for flag in MeasureOptions.flags { #expect(captured.out.contains(flag)) }
    #expect(captured.out.contains("-static-stdlib"))
    #expect(captured.out.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }
}
