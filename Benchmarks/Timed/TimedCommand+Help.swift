// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

extension TimedCommand {
  static let usage = """
    usage: Benchmarks timed [--workload NAMES] [--design NAMES] [--machine NAME] [--cpus LIST] [--seconds N] [--seed N]
                            [--device FILE [--slot SLOT]] [--json FILE] [--svg FILE] [--perfetto FILE] [--help]
           Benchmarks timed --compare FILE FILE [--tolerance N]
    """

  static let help = """
    \(usage)

    Runs the driver on a machine with processors and a virtual clock: faults and revokes a second of the machine's own
    time, how long they take, and who waited for whom. The figures are the same on every computer, digit for digit;
    Documentation/Time.md lists what is charged, and the source of each price.

      --workload NAMES    all, or some of these with commas between (default revoke)
    \(list(TimedWorkload.allCases.map { ($0.rawValue, $0.purpose) }))
      --design NAMES      all, or some of these (default posted)
    \(list(TimedDesign.allCases.map { ($0.rawValue, $0.purpose) }))
      --machine NAME      \(TimedOptions.machines.map(\.name).joined(separator: ", ")) (default icelake)
      --cpus LIST         the numbers of threads that fault, a row each (default 1,2,4,8,16,32; at most one less than the
                          machine has processors, and \(Kernel.maximumThreads - 2)); the thread that revokes has one of its own
      --seconds N         the virtual time of a row (default 0.002)
      --seed N            what the variation of work is made from (default 1)
      --device FILE       a device as `lspci -vv -xxxx` prints it; without it, a small one that is built in
      --slot SLOT         the function in FILE
      --json FILE         one JSON object a line and row; - for standard output. Times are picoseconds
      --svg FILE          the curves as a picture
      --perfetto FILE     what each thread does in the middle of the last row, for 200 us, for the Perfetto viewer
      --compare FILE FILE
                          tells which figures of rows have changed, from the first file to the second
      --tolerance N       the hundredths by which a figure may have changed (default 0)
      --help              this text

    A reset takes 100 us here, and not the 100 ms of a real function, in which nothing but refused faults would be seen.

    Exit codes: 0; 1 figures have changed, or the run has shown a defect; 64 bad usage; 65 bad dump or rows; 66 a file
    cannot be read; 73 a file cannot be written; 74 standard output cannot be written; 141 its reader has gone away.

    """

  private static func list(_ entries: [(String, String)]) -> String {
    entries.map { name, purpose in
      "        " + name + String(repeating: " ", count: max(1, 18 - name.count)) + purpose
    }.joined(separator: "\n")
  }
}
