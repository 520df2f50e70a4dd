// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// When a search has to end.
///
/// It reads a clock, which decides nothing else: up to there a search does what it does without.
final class Deadline: Sendable {
  private let clock = ContinuousClock()
  private let end: ContinuousClock.Instant
  private let isHeld = Atomic(false)

  /// The end of some seconds from now; nothing for more than a century.
  init?(seconds: Double) {
    guard seconds < 3e9 else { return nil }
    end = clock.now.advanced(by: .seconds(seconds))
  }

  /// Whether it is over.
  var hasPassed: Bool { !isHeld.load(ordering: .relaxed) && clock.now >= end }

  /// Puts the end off until some work is done that is kept: a search that is called again and again would else never
  /// end.
  func hold() { isHeld.store(true, ordering: .relaxed) }

  /// Notes that some is done.
  func release() { isHeld.store(false, ordering: .relaxed) }
}

/// What says how far a search is: a line on a terminal, or now and then a line in a pipe.
///
/// It reads a clock, and nothing but the text comes of it. Of several searches at a time one has the terminal's line.
struct Progress {
  /// The number of executions between two looks at the clock.
  private static let stride = 256
  private static let isTaken = Atomic<Bool>(false)

  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant
  private var width = 0
  private var hasLine = false
  private let name: String
  private let rhythm: (first: Duration, next: Duration)
  private let terminal: Terminal?
  /// Whether anything is ever shown.
  let isShown: Bool

  /// Prepares to show how far a search is.
  ///
  /// - Parameters:
  ///   - options: Whether it is to be shown.
  ///   - name: The search, for a pipe, into which others write as well.
  ///   - rhythm: When the first line goes into a pipe, and how long it is to the next one.
  init(
    _ options: ReportOptions, name: String = "", rhythm: (first: Duration, next: Duration) = (.seconds(5), .seconds(10))
  ) {
    start = clock.now
    lastDrawn = start
    self.name = name
    self.rhythm = rhythm
    isShown = options.showsProgress
    terminal = options.showsProgress ? Terminal.current : nil
  }

  /// Whether there is a terminal to draw the line on.
  var isOnTerminal: Bool { terminal != nil }

  /// Draws the line now and then.
  @inline(__always)
  mutating func note(_ executions: Int, _ strategy: some Strategy) {
    if isShown && executions % Self.stride == 0 { draw(executions, strategy.estimated) }
  }

  mutating func draw(_ executions: Int, _ estimate: @autoclosure () -> SearchEstimate?, before: Int = 0) {
    if !isShown { return }
    let now = clock.now
    guard let terminal else {
      guard lastDrawn.duration(to: now) > (hasLine ? rhythm.next : rhythm.first) else { return }
      hasLine = true
      lastDrawn = now
      let line = Self.line(executions, start.duration(to: now), estimate(), before: before)
      return Output.writeToStandardError("\(name.isEmpty ? "" : "\(name): ")\(line)\n")
    }
    guard lastDrawn.duration(to: now) > (hasLine ? .milliseconds(200) : terminal.patience) else { return }
    if !hasLine { hasLine = Self.isTaken.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged }
    guard hasLine else { return }
    lastDrawn = now
    // A line that is as wide as the terminal would be broken, and could not be drawn over any more.
    let line = Self.line(executions, start.duration(to: now), estimate(), before: before)
      .clipped(to: terminal.columns - 1)
    terminal.write("\r" + line.padded(to: width) + "\r")
    width = line.count
  }

  /// Takes the line away again.
  mutating func finish() {
    guard hasLine, let terminal else { return }
    terminal.write("\r" + String(repeating: " ", count: width) + "\r")
    Self.isTaken.store(false, ordering: .relaxed)
    hasLine = false
  }

  /// The text of the line.
  ///
  /// - Parameters:
  ///   - executions: The number of those that have been done.
  ///   - time: How long that took, apart from what was done before.
  ///   - estimate: The estimated number of all executions.
  ///   - before: The number of those that another process has done, in a time that is not known.
  static func line(
    _ executions: Int, _ time: Duration, _ estimate: SearchEstimate?, before: Int = 0
  ) -> String {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    let rate = seconds > 0 ? Double(executions - before) / seconds : 0
    var line = "\(grouped(Double(executions))) executions, \(grouped(rate)) a second"
    guard let estimate, estimate.executions > 0 else { return line }
    line += ", of about \(grouped(estimate.executions))"
    if estimate.spread > 0 { line += " ± \(grouped(estimate.spread))" }
    let left = estimate.executions - Double(executions)
    if left > 0 && rate > 0 { line += ", \(duration(left / rate)) left" }
    return line
  }

  /// A number in groups of three digits.
  private static func grouped(_ value: Double) -> String {
    guard value.magnitude < 1e15 else { return "many" }
    let digits = Array(String(Int(value.rounded())))
    return String(
      digits.enumerated().flatMap { index, digit in
        index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
      })
  }

  private static func duration(_ seconds: Double) -> String {
    if seconds < 100 { return "\(Int(seconds.rounded())) s" }
    if seconds < 6_000 { return "\(Int((seconds / 60).rounded())) min" }
    return seconds < 3.6e6 ? "\(Int((seconds / 3_600).rounded())) h" : "many hours"
  }
}
