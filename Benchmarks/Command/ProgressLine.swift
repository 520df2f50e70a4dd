// SPDX-License-Identifier: GPL-2.0-only

/// One line on a terminal that says how far a benchmark is, rewritten in place; nothing in a pipe.
final class ProgressLine {
  private let console: Console
  private var label = ""
  private var total = 1
  private var done = 0

  /// Makes a line that is not shown yet.
  init(_ console: Console) { self.console = console }

  /// Begins with another benchmark of so many schedules.
  func begin(_ label: String, total: Int) {
    self.label = label
    self.total = max(1, total)
    done = 0
    show()
  }

  /// Counts one schedule; writes when another percent is full.
  func advance() {
    done += 1
    if done * 100 / total != (done - 1) * 100 / total { show() }
  }

  /// Takes the line away.
  func clear() {
    if console.isTerminal { console.err("\r\u{1B}[2K") }
  }

  private func show() {
    if console.isTerminal { console.err("\r\u{1B}[2K\(label): \(done * 100 / total) %") }
  }
}
