// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation

/// Rows of timed runs in a file, and what has changed between two of them.
enum TimedRows {
  /// Reads rows.
  static func read(_ path: String) throws -> [TimedRow] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UnusableRows(description: "\(path): cannot be read", exitCode: ExitCode.noInput)
    }
    let lines = data.split(separator: UInt8(ascii: "\n"))
    if lines.isEmpty { throw UnusableRows(description: "\(path): is empty; expected \(form)") }
    return try lines.enumerated().map { index, line in
      guard let row = try? JSONDecoder().decode(TimedRow.self, from: Data(line)), row.benchmark == "timed" else {
        throw UnusableRows(description: "\(path), line \(index + 1): expected \(form)")
      }
      return row
    }
  }

  private static let form = "a JSON line written by Benchmarks timed --json"

  /// A line for each figure that differs by more than a number of hundredths, and for each row that only one has.
  static func changes(_ first: [TimedRow], _ second: [TimedRow], tolerance: Double) -> [String] {
    var lines: [String] = []
    for row in first where !second.contains(where: { $0.key == row.key }) { lines.append("\(row.key): is gone") }
    for row in second {
      guard let old = first.first(where: { $0.key == row.key }) else {
        lines.append("\(row.key): is new")
        continue
      }
      let new = Dictionary(row.figures) { $0 + $1 }
      let before = Dictionary(old.figures) { $0 + $1 }
      for name in Set(new.keys).union(before.keys).sorted() {
        let (from, to) = (before[name] ?? 0, new[name] ?? 0)
        let change = from == 0 ? (to == 0 ? 0 : Double.infinity) : Double(to - from) / Double(from) * 100
        if from == to || change.magnitude <= tolerance { continue }
        let text = change.isFinite ? "\(change > 0 ? "+" : "")\(change.fixed(2)) %" : "new"
        lines.append("\(row.key): \(name) \(from) -> \(to) (\(text))")
      }
    }
    return lines
  }
}

/// A file that has no rows of timed runs.
struct UnusableRows: ToolError {
  let description: String
  var exitCode = ExitCode.badData
}
