// SPDX-License-Identifier: GPL-2.0-only

extension ExploreCommand {
  static let usage =
    "usage: Benchmarks explore [--race WORD] [--strategy NAME] [--seed N] [--schedules N] [--jobs N] [--shard I/N] "
    + "[--checkpoint DIR] [--bug recheck] [--replay STRING] [--json FILE] [--instructions] [--once] [--help]"

  static let help = """
    \(wrappedUsage)

    Searches the race on which explorers are measured: page faults (F), a permanent revoke (R) and importers (M) of one
    buffer, made of the package's own locks, counters and completions.

      --race WORD        the threads, a letter each, such as FFRM; without it FR, FRM and FFRM
      --strategy NAME    \(names) (default exhaustive)
      --seed N           what a sampler's decisions are made from (default 1)
      --schedules N      how many schedules a sampler tries (default 200000)
      --jobs N           machines side by side, each on a thread of its own (default: DMABUF_JOBS, or one for each core);
                         caching is done on one
      --shard I/N        run part I of N only, from 1, and write a JSON line for `Benchmarks merge`; taken from the
                         variables of Slurm arrays, of indexed Kubernetes jobs (set JOB_COMPLETIONS) and of GNU parallel
                         (set PARALLEL_TOTAL) where --race is given; 1/1 runs all there
      --checkpoint DIR   write down in DIR, which has to exist, now and then how far a search is, and go on from there;
                         not with a shard
      --bug recheck      leave out the second look at the status: a defect that a search has to find
      --replay STRING    run the one schedule that a report names; not with --shard, --checkpoint or --json
      --json FILE        one JSON object a line and row; - for standard output, which moves the text to standard error
      --instructions     count the instructions of a random schedule too, which do not drift; takes valgrind and half a
                         minute
      --once             run each search once and measure nothing beside it, for a profiler
      --help             this text

    Classes, runs, steps and verdict are exact, and the same for every number of jobs. The floor is the time of as many
    bare parks and resumes as the schedules had switches, in the same process, right behind them.

    Exit codes: 0; 1 a schedule fails, with its report on standard error, or a limit was hit; 64 bad usage, also of a
    DMABUF_ variable; 65 a checkpoint that is damaged or of another search; 69 there is no valgrind; 70 the simulator is
    at fault; 73 the JSON file or a checkpoint cannot be written; 74 standard output cannot be written; 130, 143 a signal
    has ended the search, which goes on from its checkpoint when it is run again; 141 the reader of standard output has
    gone away.

    """

  private static let names = ExploreOptions.Kind.allCases.map(\.rawValue).joined(separator: ", ")
  private static let wrappedUsage = usage.replacing(" [--shard", with: "\n         [--shard").replacing(
    " [--json", with: "\n         [--json")
}
