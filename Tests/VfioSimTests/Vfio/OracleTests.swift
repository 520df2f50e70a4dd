// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Synchronization
import Testing
import VfioSim

/// Does what was done to a real kernel with the patch, and holds what the model answers against what that kernel said.
///
/// `Resources/oracle/rows.txt` has the rows: a name, what was done, what came back. A check quotes the part of its row
/// that the model can answer. Durations are no part of an answer: where the kernel waited, the model has to wait for
/// the same thing. Rows that nothing here checks are in `Resources/oracle/not-covered.txt`, each with its reason.
@Suite("Agreement with a real kernel")
struct OracleTests {
  @Test("every answer is the one that the kernel gave", arguments: OracleScript.all)
  func agrees(script: OracleScript) throws {
    for answer in try script.answers() {
      #expect(answer.said == answer.expected, "\(answer.name), \(answer.done)")
    }
  }

  @Test("each of the 241 rows is either checked or has a reason why not")
  func accountsForEveryRow() throws {
    var rows = try OracleRow.all()
    try #require(rows.count == 241)
    let answers = try OracleScript.all.flatMap { try $0.answers() }
    for answer in answers {
      let place = rows.firstIndex {
        $0.name == answer.name && (answer.done.isEmpty || $0.text.contains(answer.done))
          && $0.text.contains(answer.expected)
      }
      guard let place else {
        Issue.record("no row \(answer.name) has '\(answer.done)' and '\(answer.expected)', or it was checked before")
        continue
      }
      rows.remove(at: place)
    }
    for (name, reason) in try OracleRow.notCovered() {
      #expect(!reason.isEmpty, "\(name) has no reason")
      let count = rows.count
      rows.removeAll { $0.name == name }
      #expect(rows.count < count, "\(name) is listed as not covered, but no unchecked row has that name")
    }
    #expect(rows.isEmpty, "neither checked nor excused: \(rows.map(\.name))")

    let whole = answers.filter { !$0.isPart }.count
    let agreeing = answers.filter { $0.said == $0.expected }.count
    #expect(answers.count == OracleTests.covered)
    #expect(agreeing == answers.count)
    print("oracle: \(answers.count) of 241 rows checked, \(whole) of them whole; \(agreeing) agree")
  }

  /// How many rows are checked, so that a row that drops out is noticed.
  static let covered = 162
}

/// One row of the reference answers.
struct OracleRow {
  let name: String
  let text: String

  static func all() throws -> [OracleRow] {
    try lines("rows").map { line in
      let parts = line.split(separator: "|", maxSplits: 1)
      return OracleRow(name: parts[0].trimmingCharacters(in: .whitespaces), text: String(parts[1]))
    }
  }

  /// The names of the rows that are not checked, each with the reason.
  static func notCovered() throws -> [(name: String, reason: String)] {
    var reason = ""
    var names: [(String, String)] = []
    for line in try lines("not-covered") {
      if line.hasPrefix("#") {
        reason = line.dropFirst().trimmingCharacters(in: .whitespaces)
      } else {
        names += line.split(separator: " ").map { (String($0), reason) }
      }
    }
    return names
  }

  private static func lines(_ name: String) throws -> [Substring] {
    let url = Bundle.module.url(forResource: name, withExtension: "txt", subdirectory: "Resources/oracle")
    return try String(contentsOf: try #require(url), encoding: .utf8).split(separator: "\n")
  }
}

/// What the model said to one row.
struct OracleAnswer {
  let name: String
  let done: String
  let expected: String
  let said: String
  let isPart: Bool
}

/// Rows that are checked one after the other in one machine.
struct OracleScript: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let run: @Sendable (Kernel, Oracle) async throws -> Void

  init(_ title: String, _ run: @escaping @Sendable (Kernel, Oracle) async throws -> Void) {
    testDescription = title
    self.run = run
  }

  static let all = exports + maps + devices + closings + importers + revokes

  func answers() throws -> [OracleAnswer] {
    let oracle = Oracle()
    try explore(.serial) { kernel in try await run(kernel, oracle) }
    return oracle.answers.withLock { $0 }
  }
}

/// Collects answers while a script runs.
final class Oracle: Sendable {
  let answers = Mutex<[OracleAnswer]>([])

  /// Does what a row says and notes what the model answers.
  ///
  /// - Parameters:
  ///   - name: The row.
  ///   - done: A part of the row's text, for names that several rows have.
  ///   - expected: The part of the row's text that has to come out.
  ///   - isPart: Whether the row says more than the model can.
  ///   - body: What to do.
  func row(
    _ name: String, of done: String = "", _ expected: String, isPart: Bool = false, _ body: () async throws -> String
  ) async throws {
    let said = try await body()
    answers.withLock {
      $0.append(OracleAnswer(name: name, done: done, expected: expected, said: said, isPart: isPart))
    }
  }
}

/// The words in which the reference answers are written.
enum Say {
  static let sigbus = "SIGBUS(si_code=2 BUS_ADRERR)"

  /// `0` or `-1 EINVAL(22)`.
  static func result(_ errno: Errno?) -> String { errno.map { "-1 \($0)(\($0.rawValue))" } ?? "0" }

  /// `fd` or `-1 EINVAL(22)`.
  static func exported(_ result: Result<FileDescriptor, Errno>) -> String {
    if case .failure(let errno) = result { return Say.result(errno) }
    return "fd"
  }

  /// `mapped` or `MAP_FAILED EINVAL(22)`.
  static func mapped(_ result: Result<UInt64, Errno>) -> String {
    if case .failure(let errno) = result { return "MAP_FAILED \(errno)(\(errno.rawValue))" }
    return "mapped"
  }

  /// `ok` if the value is the right one, or the signal.
  static func touched(_ access: UserAccess, _ right: UInt64? = nil) -> String {
    switch access {
    case .value(let value): right.map { $0 == value } ?? true ? "ok" : "wrong: \(hex(value))"
    case .sigbus: sigbus
    case .segv: "SIGSEGV"
    }
  }

  static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

extension Rig {
  /// `ok` if the page has its number in it, or the signal.
  func touch(_ address: UInt64, is page: UInt64, at index: UInt64 = 0) async throws -> String {
    Say.touched(try await driver.load(address + index * Page.size), 0xa000_0000 + page)
  }

  /// The command register as the hardware has it: `0x0103`.
  func command() async throws -> String {
    let digits = String(try await device.pci.decode.readCommand().rawValue, radix: 16)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// The device's memory on or off, everything else in the register as it was found.
  func setMemory(_ isOn: Bool) async throws {
    try await driver.writeCommand(fd, CommandBits(rawValue: isOn ? 0x103 : 0x101))
  }
}
