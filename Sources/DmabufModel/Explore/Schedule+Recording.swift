// SPDX-License-Identifier: GPL-2.0-only

extension Schedule {
  /// Names the schedule of a recorded execution.
  ///
  /// - Parameters:
  ///   - steps: The recorded steps that were taken while other threads were there.
  ///   - enabled: Who could have gone on at each of them, a bit a thread.
  init(steps: [TraceStep], enabled: [UInt64]) {
    var switches: [Switch] = []
    var next = NextSteps(steps)
    var running = 0
    for (index, step) in steps.enumerated() where index < enabled.count {
      let chosen = Int(step.thread.rawValue)
      let canGoOn = enabled[index] & (1 << UInt64(running)) != 0
      let byItself = canGoOn ? running : enabled[index].trailingZeroBitCount
      if chosen != byItself {
        let (digest, occurrence) = next.upcoming(of: running, from: index)
        switches.append(
          Switch(from: UInt8(running), step: digest, occurrence: occurrence, to: step.thread.rawValue))
      }
      running = chosen
    }
    self.init(switches: switches, trace: Self.traceDigest(steps))
  }

  /// A digest of who did what in which order.
  static func traceDigest(_ steps: [TraceStep]) -> UInt32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for step in steps { hash = Self.hash("\(step.thread.rawValue) \(step.label)(\(step.objectName)", from: hash) }
    return UInt32(truncatingIfNeeded: fold(hash) & 0xFF_FFFF)
  }
}

/// What each thread of a recorded execution comes to next, and for the how-manieth time.
private struct NextSteps {
  private let steps: [TraceStep]

  init(_ steps: [TraceStep]) { self.steps = steps }

  /// The digest of the step that a thread takes next at or after a position, and how often it has come to such a step.
  mutating func upcoming(of thread: Int, from position: Int) -> (UInt16, Int) {
    var digest = Schedule.end
    for step in steps[position...] where Int(step.thread.rawValue) == thread {
      digest = Schedule.digest(label: step.label, object: step.objectName)
      break
    }
    let before = steps[..<position].filter {
      Int($0.thread.rawValue) == thread && Schedule.digest(label: $0.label, object: $0.objectName) == digest
    }
    return (digest, before.count + 1)
  }
}
