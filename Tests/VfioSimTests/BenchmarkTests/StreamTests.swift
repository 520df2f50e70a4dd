// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufBenchmarks

@Suite("Benchmarks writes to whatever it is given, or says in a line why not")
struct StreamTests {
  private static let explore = "\"$TOOL\" explore --race FR --once --jobs 1"
  private static let noSpace = "No space left on device"

  @Test("--json writes into a pipe, through a link, and to a descriptor, and leaves each what it is")
  func jsonTargets() throws {
    let shell = try Shell.run(
      """
      mkfifo fifo; (cat fifo >from-fifo) & \(Self.explore) --json fifo >/dev/null; wait; test -p fifo && echo still-fifo
      ln -s target link; \(Self.explore) --json link >/dev/null; test -L link && echo still-link
      \(Self.explore) --json /dev/fd/3 3>from-3 >/dev/null
      echo first >both; \(Self.explore) --json /dev/stdout >>both
      \(Self.explore) --json /dev/null >/dev/null; test -c /dev/null && echo still-device
      wc -l <from-fifo; wc -l <target; wc -l <from-3; wc -l <both
      """)
    #expect(shell.out == "still-fifo\nstill-link\nstill-device\n1\n1\n1\n2\n")
    // What goes to standard output has no text in it.
    #expect(shell.err.contains("build   "))
    #expect(shell.exitCode == 0)
  }

  static let unwritable: [(json: String, redirection: String, message: String)] = [
    ("/dev/full", ">/dev/null", "/dev/full: \(noSpace)"),
    ("link", ">/dev/null", "link: \(noSpace)"),
    ("/dev/stdout", ">/dev/full", "/dev/stdout: \(noSpace)"),
    ("/dev/stdout", ">&-", "/dev/stdout: Bad file descriptor"),
    ("/dev/fd/3", ">/dev/null 3>&-", "/dev/fd/3: Bad file descriptor"),
    ("/dev/fd/3", ">/dev/null 3</dev/null", "/dev/fd/3: Bad file descriptor"),
  ]

  @Test("--json that cannot be written is one line and exit code 73", arguments: unwritable)
  func jsonUnwritable(_ row: (json: String, redirection: String, message: String)) throws {
    let shell = try Shell.run("ln -s /dev/full link; \(Self.explore) --json \(row.json) \(row.redirection)")
    #expect(shell.exitCode == 73)
    let lines = shell.err.split(separator: "\n").filter { $0.hasPrefix("Benchmarks: ") }
    #expect(lines == ["Benchmarks: --json: cannot write \(row.message)"])
    #expect(!shell.err.contains("Fatal"))
  }

  @Test(
    "standard output that is full or closed is one line and exit code 74",
    arguments: [(">/dev/full", noSpace), (">&-", "Bad file descriptor")],
    ["--help", "explore --help", "--schedules 2", "explore --race FR --once", "--schedules 2 --json -"])
  func output(_ redirection: (shell: String, message: String), _ arguments: String) throws {
    let shell = try Shell.run("\"$TOOL\" \(arguments) \(redirection.shell)")
    #expect(shell.exitCode == 74)
    #expect(shell.err.hasSuffix("Benchmarks: cannot write to standard output: \(redirection.message)\n"))
    if !arguments.contains("json") { #expect(shell.err.split(separator: "\n").count == 1) }
  }

  @Test("a reader that has gone away ends it without a word, whatever its parent does with SIGPIPE")
  func brokenPipe() throws {
    for prefix in ["", "trap '' PIPE; "] {
      let shell = try Shell.run("\(prefix)(sleep 0.2; \"$TOOL\" --schedules 2000) | head -c 0 >/dev/null")
      #expect(shell.err.isEmpty)
      #expect(shell.exitCode == 141)
    }
  }

  @Test("a benchmark that a limit of time ends is no figure")
  func cutShort() throws {
    let shell = try Shell.run("\"$TOOL\" --schedules 100000", environment: ["DMABUF_SECONDS": "0.1"])
    #expect(shell.exitCode == 1)
    #expect(shell.err.contains("Benchmarks: race: stopped at the limit of 0.1 seconds, after "))
  }

  @Test("a signal ends a search, which says how to go on, and goes on")
  func signal() throws {
    let shell = try Shell.run(
      """
      mkdir kept; "$TOOL" explore --race FFFFRMM --jobs 2 --checkpoint kept --once & sleep 2; kill -TERM $!; wait $!
      echo "exit $?"; ls kept; DMABUF_SECONDS=0.1 "$TOOL" explore --race FFFFRMM --jobs 2 --checkpoint kept --once
      """)
    #expect(shell.out.contains("exit 143\n"))
    #expect(shell.err.contains("Benchmarks: the search was to be exhaustive and was interrupted after "))
    #expect(
      shell.err.contains(
        "; to go on: swift run -c release Benchmarks explore --race FFFFRMM --jobs 2 --checkpoint kept --once\n"))
    #expect(shell.err.contains(" goes on from kept/"))
    #expect(shell.exitCode == 1)
  }

  @Test("a benchmark writes a line of progress into a pipe now and then")
  func progressLines() {
    let written = Written()
    let line = ProgressLine(written.console(), rhythm: (.zero, .seconds(3_600)))
    line.begin("race", total: 64)
    for _ in 0..<64 { line.advance() }
    line.clear()
    #expect(written.err == "race: 25 %\n")
  }

  @Test("a standard error that cannot be written does not keep the results back")
  func messages() throws {
    for redirection in ["2>&-", "2>/dev/full"] {
      let shell = try Shell.run("\(Self.explore) --json - \(redirection)")
      #expect(shell.exitCode == 0)
      #expect(shell.out.split(separator: "\n").count == 1)
    }
  }
}
