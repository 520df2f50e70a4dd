// SPDX-License-Identifier: GPL-2.0-only

/// A schedule under its short name: where it leaves the path that a machine without preemption would take.
///
/// Everything else follows by itself: the running thread goes on while it can, then the one with the lowest number. Each
/// switch is named by what the running thread was about to do (a digest of the step and how often the thread had come to
/// such a step), not by its position, so that a schedule survives the insertion of steps that have nothing to do with it.
///
/// The text is a version, the switches, and a digest of the whole trace: `1:bQ7c.cx02a~k3Zp`.
public struct Schedule: Sendable, Hashable, CustomStringConvertible {
  /// One switch away from the running thread.
  struct Switch: Sendable, Hashable {
    var from: UInt8
    /// The digest of the step that the running thread was about to take, or of its end.
    var step: UInt16
    /// How often the running thread had come to such a step, from 1.
    var occurrence: Int
    var to: UInt8
  }

  var switches: [Switch]
  /// A digest of the whole trace.
  var trace: UInt32

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
      let from = try reader.digit("a thread")
      let step = try reader.digit("a step") << 6 | reader.digit("a step")
      var occurrence = 1
      if reader.isAt("*") {
        try reader.expect("*", "'*'")
        occurrence = try reader.number("how often, from 2")
      }
      switches.append(
        Switch(from: UInt8(from), step: UInt16(step), occurrence: occurrence, to: UInt8(try reader.digit("a thread"))))
    }
    try reader.expect("~", "'~'")
    var digest = 0
    for _ in 0..<4 { digest = digest << 6 | (try reader.digit("the trace's digest")) }
    trace = UInt32(digest)
    try reader.expectEnd()
  }

  /// The short name.
  public var description: String {
    let parts = switches.map { each in
      Self.digit(Int(each.from)) + Self.digit(Int(each.step >> 6)) + Self.digit(Int(each.step & 63))
        + (each.occurrence == 1 ? "" : "*\(each.occurrence)") + Self.digit(Int(each.to))
    }
    let digest = [18, 12, 6, 0].map { Self.digit(Int(trace >> UInt32($0)) & 63) }.joined()
    return "1:" + parts.joined(separator: ".") + "~" + digest
  }

  static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")

  private static func digit(_ value: Int) -> String { String(digits[value & 63]) }

  /// The digest of a step, by what it does to which object.
  static func digest(label: String, object: String) -> UInt16 {
    UInt16(truncatingIfNeeded: fold(hash(label + "(" + object)) & 0xFFF)
  }

  /// The digest of a thread's end.
  static let end = digest(label: "", object: "end")

  static func hash(_ text: String, from start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
    var hash = start
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
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

  mutating func digit(_ what: String) throws(ScenarioError) -> Int {
    guard place < characters.count, let value = Schedule.digits.firstIndex(of: characters[place]) else {
      throw .badSchedule(text, at: place, expected: what)
    }
    place += 1
    return value
  }

  mutating func number(_ what: String) throws(ScenarioError) -> Int {
    // At most one digit less than what follows needs: the last character names the thread.
    var value = 0
    let start = place
    while place < characters.count, place - start < 6, let digit = characters[place].wholeNumberValue,
      place + 1 < characters.count, characters[place + 1] != "." && characters[place + 1] != "~"
    {
      value = value * 10 + digit
      place += 1
    }
    guard value > 1 else { throw .badSchedule(text, at: start, expected: what) }
    return value
  }

  func expectEnd() throws(ScenarioError) {
    if place != characters.count { throw .badSchedule(text, at: place, expected: "the end") }
  }
}
