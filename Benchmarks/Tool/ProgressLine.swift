// SPDX-License-Identifier: GPL-2.0-only

/// What says how far a benchmark is: one line on a terminal, rewritten in place; in a pipe a line every ten seconds,
/// after the first five.
final class ProgressLine {
  private let console: Console
  private var label = ""
  private var total = 1
  private var done = 0
  private var nextLine: ContinuousClock.Instant
  private let interval: Duration

  /// Makes a line that is not shown yet.
  ///
  /// - Parameters:
  ///   - console: Where it is shown.
  ///   - rhythm: When the first line goes into a pipe, and how long it is to the next one.
  init(_ console: Console, rhythm: (first: Duration, next: Duration) = (.seconds(5), .seconds(10))) {
    self.console = console
    nextLine = .now + rhythm.first
    interval = rhythm.next
  }

  /// Begins with another benchmark of that number of schedules.
  func begin(_ label: String, total: Int) {
    self.label = label
    self.total = max(1, total)
    done = 0
    show()
  }

  /// Counts one schedule; writes when another percent is full.
  func advance() {
    done += 1
    if !console.isTerminal { return note() }
    if done * 100 / total != (done - 1) * 100 / total { show() }
  }

  /// Takes the line away.
  func clear() {
    if console.isTerminal { console.err("\r\u{1B}[2K") }
  }

  private func note() {
    if done % 16 != 0 || .now < nextLine { return }
    nextLine = .now + interval
    console.err("\(label): \(done * 100 / total) %\n")
  }

  private func show() {
    if console.isTerminal { console.err("\r\u{1B}[2K\(label): \(done * 100 / total) %") }
  }
}
