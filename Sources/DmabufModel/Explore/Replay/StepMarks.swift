// SPDX-License-Identifier: GPL-2.0-only

/// What a schedule's text knows of its single steps: enough to name the first one that differs.
///
/// A mark is a digest, six bits of it, of all steps up to one. There is one for each step where they fit into a text of
/// ``lengthOfText`` characters with the switches, else one for so many steps. They decide nothing: a schedule is followed
/// by its switches, whatever steps have come in between that have nothing to do with it.
struct StepMarks: Sendable, Hashable {
  /// How long a schedule's text is with its marks, unless its switches alone are longer.
  static let lengthOfText = 40

  /// The number of steps between two marks.
  var stride = 1
  var digits: [UInt8] = []

  init() {}

  /// Marks the steps of an execution, with at most that many digits.
  init(_ steps: [TraceStep], room: Int) {
    guard room > 0, !steps.isEmpty else { return }
    stride = (steps.count + room - 1) / room
    if stride > 63 { return }
    digits = Self.digits(of: steps, stride)
  }

  /// The first steps of another execution that are not those that were marked: one, or as many as lie between two
  /// marks.
  ///
  /// The range may go beyond the end of that execution, which is then a difference by itself.
  func firstDifference(in steps: [TraceStep]) -> Range<Int>? {
    let others = Self.digits(of: steps, stride)
    for (place, digit) in digits.enumerated() where place >= others.count || others[place] != digit {
      return place * stride..<(place + 1) * stride
    }
    return nil
  }

  private static func digits(of steps: [TraceStep], _ stride: Int) -> [UInt8] {
    var hash = Schedule.hash("")
    var digits: [UInt8] = []
    for (place, step) in steps.enumerated() {
      hash = Schedule.hash(step.traceText, from: hash)
      if (place + 1) % stride == 0 { digits.append(UInt8(truncatingIfNeeded: Schedule.fold(hash) & 63)) }
    }
    return digits
  }
}
