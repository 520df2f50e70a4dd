// SPDX-License-Identifier: GPL-2.0-only

/// A schedule under its short name: where it leaves the path that a machine without preemption would take.
///
/// Everything else follows by itself: the running thread goes on while it can, then the one with the lowest number.
/// Each switch is named by what the running thread was about to do (a digest of the step and how often the thread had
/// come to such a step), not by its position, so that a schedule survives the insertion of steps that have nothing to
/// do with it.
///
/// The text is a version, the switches, a digest of the whole trace, and `StepMarks`: `1:1bQ2c.2cx10a~k3Zp~1a0Fz`. A
/// switch is the thread that was running, the digest of the step it was about to take (with `*` and a count behind it
/// if it is not the first such step), the thread that runs instead, and the number of steps since the last switch. A
/// thread from 64 on has `@` before its digit. The number of steps and the marks only serve to say where a schedule was
/// left that can no longer be followed.
public struct Schedule: Sendable, Hashable, CustomStringConvertible {
  /// One switch away from the running thread.
  struct Switch: Sendable, Hashable, CustomStringConvertible {
    var from: UInt8
    /// The digest of the step that the running thread was about to take, or of its end.
    var step: UInt16
    /// How often the running thread had reached such a step, from 1.
    var occurrence: Int
    var to: UInt8
    /// The number of steps that were taken since the last switch, up to ``manySteps``.
    var stepsBefore: Int

    /// The largest number of steps that a switch counts to.
    static let manySteps = 63
    /// The largest number of occurrences that a switch can name.
    static let maximumOccurrence = (1 << 24) - 1

    var description: String {
      let often = occurrence == 1 ? "" : occurrence < 64 ? "*" + digits(occurrence, 1) : "+" + digits(occurrence, 4)
      return thread(from) + digits(Int(step), 2) + often + thread(to) + digits(stepsBefore, 1)
    }
  }

  var switches: [Switch]
  /// A digest of the whole trace.
  var trace: UInt32
  /// What is known of the single steps.
  var marks = StepMarks()

  init(switches: [Switch], trace: UInt32) {
    self.switches = switches
    self.trace = trace
  }

  /// Reads a schedule from its short name.
  ///
  /// - Throws: ``ScenarioError/badSchedule(_:at:expected:)``, which says where and what was expected.
  public init(_ text: String) throws(ScenarioError) {
    var reader = ScheduleReader(text)
    try reader.expect("1:", "the version '1:'")
    switches = []
    while !reader.isAt("~") {
      if !switches.isEmpty { try reader.expect(".", "'.' or '~'") }
      switches.append(try reader.nextSwitch())
    }
    try reader.expect("~", "'~'")
    trace = UInt32(try reader.number(4, "the trace's digest"))
    if reader.isAt("~") {
      try reader.expect("~", "'~'")
      marks.stride = try reader.number(1, "how many steps a mark stands for, from 1")
      if marks.stride == 0 {
        throw .badSchedule(text, at: text.count - 1, expected: "how many steps a mark stands for")
      }
      while !reader.isAtEnd { marks.digits.append(UInt8(try reader.number(1, "a mark"))) }
      if marks.digits.isEmpty { marks = StepMarks() }
    }
    try reader.expectEnd()
  }

  /// The short name.
  public var description: String {
    let marks =
      marks.digits.isEmpty ? "" : "~" + ([marks.stride] + marks.digits.map { Int($0) }).map { digits($0, 1) }.joined()
    return shortest + marks
  }

  /// The part of the name that is needed to follow the schedule.
  var shortest: String { "1:" + switches.map(\.description).joined(separator: ".") + "~" + digits(Int(trace), 4) }

  /// The digest of a step, by what it does to which object.
  static func digest(label: String, object: String) -> UInt16 {
    UInt16(truncatingIfNeeded: fold(hash(label + "(" + object)) & 0xFFF)
  }

  /// The digest of a thread's end.
  static let end = digest(label: "", object: "end")

  static func hash(_ text: String, from start: UInt64 = StableHash.empty) -> UInt64 {
    var hash = StableHash(start)
    for byte in text.utf8 { hash.add(byte: byte) }
    return hash.bits
  }

  static func fold(_ hash: UInt64) -> UInt64 { hash ^ (hash >> 24) ^ (hash >> 41) }
}

/// Reads the parts of a schedule's text.
private struct ScheduleReader {
  private let text: String
  private let characters: [Character]
  private var place = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  func isAt(_ character: Character) -> Bool { place < characters.count && characters[place] == character }

  mutating func expect(_ word: String, _ what: String) throws(ScenarioError) {
    for character in word {
      guard isAt(character) else { throw .badSchedule(text, at: place, expected: what) }
      place += 1
    }
  }

  mutating func nextSwitch() throws(ScenarioError) -> Schedule.Switch {
    let from = try thread()
    let step = try number(2, "a step")
    var occurrence = 1
    let start = place
    if isAt("*") || isAt("+") {
      let length = isAt("*") ? 1 : 4
      place += 1
      occurrence = try number(length, "how often, from 2")
      if occurrence < 2 { throw .badSchedule(text, at: start + 1, expected: "how often, from 2") }
    }
    let to = try thread()
    return Schedule.Switch(
      from: from, step: UInt16(step), occurrence: occurrence, to: to,
      stepsBefore: try number(1, "a number of steps"))
  }

  /// Reads the number of a thread: a digit, with `@` before it from 64 on.
  mutating func thread() throws(ScenarioError) -> UInt8 {
    let isHigh = isAt("@")
    if isHigh { place += 1 }
    return UInt8(try number(1, "a thread") + (isHigh ? 64 : 0))
  }

  mutating func number(_ length: Int, _ what: String) throws(ScenarioError) -> Int {
    var value = 0
    for _ in 0..<length {
      guard place < characters.count, let digit = alphabet.firstIndex(of: characters[place]) else {
        throw .badSchedule(text, at: place, expected: what)
      }
      value = value << 6 | digit
      place += 1
    }
    return value
  }

  var isAtEnd: Bool { place == characters.count }

  func expectEnd() throws(ScenarioError) {
    if !isAtEnd { throw .badSchedule(text, at: place, expected: "the end") }
  }
}

/// The digits of numbers to the base 64, all of which a shell leaves alone.
private let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")

/// The number of a thread, which a machine has 128 of.
private func thread(_ number: UInt8) -> String {
  number < 64 ? digits(Int(number), 1) : "@" + digits(Int(number) - 64, 1)
}

/// A number to the base 64, in a given number of digits.
private func digits(_ value: Int, _ length: Int) -> String {
  String((0..<length).reversed().map { alphabet[value >> ($0 * 6) & 63] })
}
