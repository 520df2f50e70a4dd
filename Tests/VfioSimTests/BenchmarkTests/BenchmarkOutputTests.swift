// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing
import VfioSim

@testable import DmabufBenchmarks

@Suite("What Benchmarks reads and writes")
struct BenchmarkOutputTests {
  @Test("rows on standard output parse, carry the documented keys, and count the same on two runs")
  func jsonRows() throws {
    let first = Captured.run(["--schedules", "10", "--json", "-"])
    let second = Captured.run(["--schedules", "10", "--json", "-"])
    #expect(first.exitCode == 0)
    #expect(first.err.contains("Faults against permanent revokes"))
    let rows = try objects(first.out)
    #expect(rows.count == 12)
    let documented = [
      "bar", "benchmark", "build", "device", "exact", "measures", "schema", "seconds", "seed", "threads", "variant",
      "verdict",
    ]
    for row in rows {
      #expect(row.keys.sorted() == documented)
      for key in documented { #expect(MeasureCommand.help.contains(key)) }
      let exact = try #require(row["exact"] as? [String: Any])
      #expect(exact.keys.sorted() == ["checksum", "executions", "outcomes", "steps", "switches"])
      #expect((exact["checksum"] as? String)?.count == 16)
    }
    let exact = try rows.map { try #require($0["exact"] as? NSDictionary) }
    let again = try objects(second.out).map { try #require($0["exact"] as? NSDictionary) }
    #expect(exact == again)
    let names = [
      "race", "faults", "faults", "faults", "faults", "step", "step", "schedule", "schedule", "clock", "clock", "clock",
    ]
    #expect(rows.compactMap { $0["benchmark"] as? String } == names)
  }

  @Test("a file is written whole, for a device from a dump, and the text stays on standard output")
  func jsonFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("benchmarks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let dump = folder.appendingPathComponent("dump.txt").path
    try Dumps.text("cap-pcie-2").write(toFile: dump, atomically: true, encoding: .utf8)
    let json = folder.appendingPathComponent("rows.json").path
    let captured = Captured.run(["--device", dump, "--slot", "01:00.0", "--schedules=5", "--json", json])
    #expect(captured.exitCode == 0)
    #expect(captured.err.isEmpty)
    #expect(captured.out.contains("Intel Corporation Device 10c9 (rev 01), BAR1 of 4 MiB"))
    let rows = try objects(String(contentsOfFile: json, encoding: .utf8))
    #expect(rows.count == 12)
    #expect(rows.first?["bar"] as? Int == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["dump.txt", "rows.json"])
  }

  @Test("every dump of a real device gives memory to lend, or a reason", arguments: Dumps.names)
  func dumps(name: String) throws {
    for result in try LspciDump.functions(in: try Dumps.text(name)) {
      guard case .success(let function) = result else { continue }
      do {
        let window = try LentWindow(function)
        #expect(window.pages >= 1 && window.pages <= LentWindow.mostPages)
        #expect(window.bar.address % 4096 == 0)
        let setting = Setting(window: window, seed: 1, schedules: 2, progress: ProgressLine(Written().console()))
        #expect(try RaceBenchmark().run(setting).first?.sample.counts.executions == 2)
      } catch let error as NoPageToLend {
        #expect(error.description.contains("has no memory BAR that begins with a whole page"))
      }
    }
  }

  @Test("a device without a whole page is refused with the reason")
  func tooSmall() throws {
    let text = """
      00:05.0 Ethernet controller: Example (rev 01)
      \tRegion 0: Memory at fe800000 (32-bit, non-prefetchable) [size=256]
      00: 36 1b f1 10 06 00 00 00 01 00 00 02 00 00 00 00
      10: 00 00 80 fe 00 00 00 00 00 00 00 00 00 00 00 00
      20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
      30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

      """
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("small-\(UUID().uuidString).txt").path
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let captured = Captured.run(["--device", file])
    #expect(captured.exitCode == 65)
    #expect(
      captured.err == "Benchmarks: --device: \(file): 00:05.0 has no memory BAR that begins with a whole page of 4096 "
        + "bytes: BAR0 has 256 bytes\n")
    let absent = Captured.run(["--device", file, "--slot", "07:00.0"])
    #expect(absent.exitCode == 65)
    #expect(absent.err == "Benchmarks: --device: \(file): no function 07:00.0; the text has 00:05.0\n")
  }

  @Test("files that cannot be read or written")
  func badFiles() {
    let missing = Captured.run(["--device", "/nowhere/dump.txt"])
    #expect(missing.exitCode == 66)
    #expect(missing.err == "Benchmarks: --device: cannot read /nowhere/dump.txt: No such file or directory\n")
    let directory = Captured.run(["--device", "/"])
    #expect(directory.exitCode == 66)
    #expect(directory.err == "Benchmarks: --device: cannot read /: it is a directory\n")
    let empty = Captured.run(["--device", "/dev/null"])
    #expect(empty.exitCode == 65)
    #expect(
      empty.err == "Benchmarks: --device: /dev/null: the text is empty; expected what `lspci -vv -xxxx` prints\n")
    let unwritable = Captured.run(["--json", "/nowhere/rows.json"])
    #expect(unwritable.exitCode == 73)
    #expect(
      unwritable.err == "Benchmarks: --json: cannot write /nowhere/rows.json: /nowhere: No such file or directory\n")
    #expect(unwritable.out.isEmpty)
  }

  @Test("progress is for a terminal")
  func progress() {
    for isTerminal in [true, false] {
      let written = Written()
      let line = ProgressLine(written.console(isTerminal: isTerminal))
      line.begin("race", total: 1_000)
      for _ in 0..<1_000 { line.advance() }
      line.clear()
      #expect(written.out.isEmpty)
      #expect(written.err.components(separatedBy: "\r").count - 1 == (isTerminal ? 102 : 0))
      #expect(written.err.contains("race: 100 %") == isTerminal)
    }
  }

  @Test("numbers and tables")
  func table() {
    #expect([0, 999, 1_000, -1_234_567].map(\.grouped) == ["0", "999", "1 000", "-1 234 567"])
    #expect(1_499.6.whole == "1 500")
    #expect(2.345.fixed(1) == "2.3")
    var table = Table("name", "count")
    table.add("a", "1 000")
    table.add("longer", "2")
    #expect(table.text == "  name    count\n  a       1 000\n  longer      2\n")
  }

  private func objects(_ lines: String) throws -> [[String: Any]] {
    try lines.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }
}
