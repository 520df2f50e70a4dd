// SPDX-License-Identifier: GPL-2.0-only

extension MeasureCommand {
  static let usage =
    "usage: Benchmarks [--device FILE [--slot SLOT]] [--seed N] [--schedules N] [--json FILE] [--help]"

  static let help = """
    \(usage)

    Explores a race over a simulated PCI device, counts faults against revokes, and measures the simulator.

      --device FILE    a device as `lspci -vv -xxxx` prints it; without it, a small one that is built in
      --slot SLOT      the function in FILE, such as 0000:01:00.0; without it, the first that can be used
      --seed N         what every random decision is made from (default 1)
      --schedules N    schedules of the race (default \(MeasureOptions.defaultSchedules)); the other sizes follow it
      --json FILE      one JSON object a line and row, written when all is done to whatever FILE is: a file, a link, a
                       pipe, a device; - for standard output, which moves the text to standard error
      --help           this text

    Counts are exact: the same seed, size and device give the same steps, switches, outcomes and checksum on every run
    and every machine. Each benchmark runs several times, fails if the counts differ, and reports the median time.

    A JSON row has the keys
      schema           \(Row.currentSchema)
      benchmark        race, faults, step or schedule
      variant          what tells rows of one benchmark apart
      threads          simulated threads beside the one that sets up
      device, bar      the device, and the index of the BAR that is lent out
      seed, verdict    the seed, and what the search may claim
      exact            executions, steps, switches, checksum, outcomes (name: count); the same on every run
      measures         figures that depend on the machine, each with its unit in its name
      seconds          the wall time of each repetition
      build            configuration (debug, release) and stdlib (static, dynamic, unknown)

    A defect's report ends with the line that replays it; the schedule is in the environment, as DMABUF_REPLAY.

    Exit codes: 0; 1 a schedule has shown a defect, with its report on standard error, or a limit was hit; 64 bad usage;
    65 bad dump; 66 FILE cannot be read; 70 the simulator is at fault; 73 the JSON file cannot be written; 74 standard
    output cannot be written; 130, 143 a signal has ended the run; 141 the reader of standard output has gone away.

    Measure a release build on an idle machine. Linking the standard library statically makes a switch between
    simulated threads about a third cheaper:
      swift run -c release -Xswiftc -static-stdlib Benchmarks

    """
}
