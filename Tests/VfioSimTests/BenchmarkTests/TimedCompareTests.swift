// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import DmabufBenchmarks

@Suite("Comparing rows of Benchmarks timed")
struct TimedCompareTests {
  @Test("says what has changed by how much, and fails beyond the tolerance")
  func compare() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (old, new) = (folder.appending(path: "a.json").path, folder.appending(path: "b.json").path)
    let run = Captured.run(["timed", "--cpus", "2,3", "--seconds", "0.00005", "--json", old])
    #expect(run.exitCode == 0)
    var rows = try TimedRows.read(old)
    #expect(rows.count == 2)
    let same = Captured.run(["timed", "--compare", old, old])
    #expect(same.exitCode == 0 && same.out == "2 rows, each figure within 0 %\n")

    // 1,000 is a hundredth of 100,000.
    rows[0].elapsed = 100_000
    try Self.write(rows, to: old)
    rows[0].elapsed = 101_000
    try Self.write(rows, to: new)
    let changed = Captured.run(["timed", "--compare", old, new])
    #expect(changed.exitCode == 1)
    #expect(
      changed.out == "revoke, posted, icelake, 2 CPUs, seed 1: elapsed 100000 -> 101000 (+1.00 %)\n")
    #expect(changed.err == "Benchmarks: 1 figures differ by more than 0 %\n")
    #expect(Captured.run(["timed", "--compare", old, new, "--tolerance", "1"]).exitCode == 0)
    #expect(Captured.run(["timed", "--compare", new, old, "--tolerance", "0"]).exitCode == 1)

    try Self.write([rows[0]], to: new)
    try Self.write([rows[1]], to: old)
    let other = Captured.run(["timed", "--compare", old, new, "--tolerance", "100"])
    #expect(other.exitCode == 1)
    #expect(other.out.contains("3 CPUs, seed 1: is gone\n") && other.out.contains("2 CPUs, seed 1: is new\n"))
  }

  @Test("a reason for lost time that is new or gone is a change")
  func lostReasons() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.json").path
    #expect(Captured.run(["timed", "--cpus", "3", "--seconds", "0.00005", "--json", file]).exitCode == 0)
    let rows = try TimedRows.read(file)
    var others = rows
    let gone = others[0].lost.removeLast()
    let changes = TimedRows.changes(rows, others, tolerance: 50)
    #expect(changes.count == 1 && changes[0].contains("\(gone.time) -> 0 (-100.00 %)"))
    let back = TimedRows.changes(others, rows, tolerance: 50)
    #expect(back.count == 1 && back[0].contains("0 -> \(gone.time) (new)"))
  }

  @Test("files without rows are refused with one line")
  func badFiles() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "a.json").path
    let form = "a JSON line written by Benchmarks timed --json"
    for (text, problem, code) in [
      ("", ": is empty; expected \(form)", 65), ("{}\n", ", line 1: expected \(form)", 65),
      ("\u{1}", ", line 1: expected \(form)", 65),
    ] as [(String, String, Int32)] {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let captured = Captured.run(["timed", "--compare", file, file])
      #expect(captured.exitCode == code && captured.out.isEmpty)
      #expect(captured.err == "Benchmarks: \(file)\(problem)\n")
    }
    let missing = Captured.run(["timed", "--compare", "/nowhere/a", file])
    #expect(missing.exitCode == 66 && missing.err == "Benchmarks: /nowhere/a: cannot be read\n")
  }

  private static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "timed-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private static func write(_ rows: [TimedRow], to path: String) throws {
    try JsonFile(path: path).write(rows, Written().console())
  }
}
