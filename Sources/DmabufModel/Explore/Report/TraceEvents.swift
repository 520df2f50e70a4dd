// SPDX-License-Identifier: GPL-2.0-only

/// Writes a recorded execution in the trace-event format, which the Perfetto viewer and `chrome://tracing` open.
///
/// One track a thread: an instant for each step, slices for locks held and for time blocked. A step is a microsecond
/// there, which means nothing but an order.
struct TraceEvents {
  private let timeline: Timeline
  private let failure: ScheduleFailure
  /// How long a step is, in the format's microseconds.
  private static let unit = 10

  init(_ failure: ScheduleFailure) {
    self.failure = failure
    timeline = Timeline(failure.recording, finding: failure.finding)
  }

  /// The file's text.
  var text: String {
    var events = [
      event("M", name: "process_name", thread: nil, [("name", failure.name)])
    ]
    for lane in timeline.lanes {
      events.append(event("M", name: "thread_name", thread: lane.thread, [("name", lane.name)]))
      events.append(
        "{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":\(Self.track(lane.thread)),"
          + "\"args\":{\"sort_index\":\(lane.thread.rawValue)}}")
    }
    for bar in timeline.bars { events += slice(bar) }
    for wait in timeline.waits {
      events.append(
        slice(
          "blocked: \(wait.text)", category: "wait", lane: wait.lane, from: wait.rows.lowerBound * Self.unit - 4,
          to: wait.rows.upperBound * Self.unit - 1))
    }
    for mark in timeline.marks { events.append(instant(mark)) }
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + events.joined(separator: ",\n") + "\n],\n"
      + "\"otherData\":{\"finding\":\(Self.quoted("\(failure.finding)")),"
      + "\"replay\":\(Self.quoted(failure.replayLine))}}\n"
  }

  private func instant(_ mark: Timeline.Mark) -> String {
    let step = mark.step
    var arguments = [
      ("step", "\(step.number)"), ("value", step.remark), ("at", "\(step.file):\(step.line)"),
      ("locks", step.heldLocks.joined(separator: ", ")),
    ]
    if mark.isFailure { arguments.append(("finding", "\(failure.finding)")) }
    let name = (mark.isFailure ? "✗ " : "") + step.text
    return event(
      "i", name: name, thread: step.thread, arguments,
      more: "\"s\":\"t\",\"cat\":\"step\",\"ts\":\(mark.row * Self.unit)")
  }

  /// A lock's slice: on the thread's own track if it lies inside or beside all others, else on a track of its own, since
  /// slices of one track must nest.
  private func slice(_ bar: Timeline.Bar) -> [String] {
    let start = bar.rows.lowerBound * Self.unit + 1
    let end = bar.rows.upperBound * Self.unit + (bar.isOpen ? 5 : -5)
    let doesNest = timeline.bars.allSatisfy { other in
      other.lane != bar.lane || !other.rows.overlaps(bar.rows) || Self.nests(other.rows, bar.rows)
    }
    if doesNest { return [slice(bar.lock, category: "lock", lane: bar.lane, from: start, to: end)] }
    let thread = timeline.lanes[bar.lane].thread
    let identity = "\"cat\":\"lock\",\"id\":\"\(Self.track(thread))-\(bar.rows.lowerBound)\""
    return [("b", start), ("e", end)].map { phase, time in
      event(phase, name: bar.lock, thread: thread, [], more: "\(identity),\"ts\":\(time)")
    }
  }

  private static func nests(_ one: ClosedRange<Int>, _ other: ClosedRange<Int>) -> Bool {
    one.lowerBound <= other.lowerBound && other.upperBound <= one.upperBound
      || other.lowerBound <= one.lowerBound && one.upperBound <= other.upperBound
      || one.upperBound == other.lowerBound || other.upperBound == one.lowerBound
  }

  private func slice(_ name: String, category: String, lane: Int, from start: Int, to end: Int) -> String {
    event(
      "X", name: name, thread: timeline.lanes[lane].thread, [],
      more: "\"cat\":\"\(category)\",\"ts\":\(start),\"dur\":\(max(1, end - start))")
  }

  private func event(
    _ phase: String, name: String, thread: ThreadID?, _ arguments: [(String, String)], more: String = ""
  ) -> String {
    let values = arguments.map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",")
    let track = thread.map { ",\"tid\":\(Self.track($0))" } ?? ""
    return "{\"ph\":\"\(phase)\",\"name\":\(Self.quoted(name)),\"pid\":1\(track)\(more.isEmpty ? "" : ",")\(more),"
      + "\"args\":{\(values)}}"
  }

  /// The number of a thread's track; zero is taken by the viewer for an idle processor.
  private static func track(_ thread: ThreadID) -> Int { Int(thread.rawValue) + 1 }

  /// A JSON string.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
