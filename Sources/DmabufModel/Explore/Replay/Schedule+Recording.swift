// SPDX-License-Identifier: GPL-2.0-only

extension Schedule {
  /// Names the schedule of a recorded execution.
  ///
  /// - Parameters:
  ///   - steps: The recorded steps that were taken while other threads were there.
  ///   - pending: What threads that had not ended were about to do at the end.
  ///   - enabled: Who could have gone on at each of the steps, a bit a thread.
  init(steps: [TraceStep], pending: [TraceStep], enabled: [ThreadSet]) {
    var switches: [Switch] = []
    let next = NextSteps(steps, pending)
    var occurrences = StepOccurrences()
    var running = 0
    var stepsSince = 0
    for (index, step) in steps.enumerated() where index < enabled.count {
      let chosen = step.thread.index
      let canGoOn = enabled[index].contains(running)
      let byItself = canGoOn ? running : enabled[index].first
      if chosen != byItself {
        let digest = next.upcoming(of: running, from: index)
        switches.append(
          Switch(
            from: UInt8(running), step: digest,
            occurrence: min(occurrences.count(of: digest, by: running) + 1, Switch.maximumOccurrence),
            to: step.thread.rawValue, stepsBefore: min(stepsSince, Switch.manySteps)))
        stepsSince = 0
      }
      occurrences.add(step.digest, by: chosen)
      stepsSince += 1
      running = chosen
    }
    self.init(switches: switches, trace: Self.traceDigest(steps))
    // The separator and the stride take two characters.
    marks = StepMarks(steps, room: StepMarks.lengthOfText - shortest.count - 2)
  }

  /// A digest of who did what in which order.
  static func traceDigest(_ steps: [TraceStep]) -> UInt32 {
    var hash = Self.hash("")
    for step in steps { hash = Self.hash(step.traceText, from: hash) }
    return UInt32(truncatingIfNeeded: fold(hash) & 0xFF_FFFF)
  }
}

extension TraceStep {
  /// The digest by which a schedule names the step.
  var digest: UInt16 { Schedule.digest(label: label, object: kindName) }

  /// What a digest of a trace is made of: who does what to what.
  var traceText: String { "\(thread.rawValue) \(label)(\(kindName)" }
}

/// How often each thread has taken each kind of step.
struct StepOccurrences {
  private struct Name: Hashable {
    var thread: Int
    var digest: UInt16
  }

  private var counts: [Name: Int] = [:]

  func count(of digest: UInt16, by thread: Int) -> Int { counts[Name(thread: thread, digest: digest), default: 0] }

  mutating func add(_ digest: UInt16, by thread: Int) { counts[Name(thread: thread, digest: digest), default: 0] += 1 }
}

/// What each thread of a recorded execution does next.
private struct NextSteps {
  private let steps: [TraceStep]
  private let places: [[Int]]
  private let pending: [TraceStep]

  init(_ steps: [TraceStep], _ pending: [TraceStep]) {
    self.steps = steps
    self.pending = pending
    var places: [[Int]] = []
    for (place, step) in steps.enumerated() {
      while places.count <= step.thread.index { places.append([]) }
      places[step.thread.index].append(place)
    }
    self.places = places
  }

  /// The digest of the step that a thread takes next at or after a position, or was about to take, or of its end.
  func upcoming(of thread: Int, from position: Int) -> UInt16 {
    if thread < places.count, let place = places[thread].first(where: { $0 >= position }) { return steps[place].digest }
    return pending.first { $0.thread.index == thread }?.digest ?? Schedule.end
  }
}
