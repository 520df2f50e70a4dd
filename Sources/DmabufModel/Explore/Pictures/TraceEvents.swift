// SPDX-License-Identifier: GPL-2.0-only

/// Writes a recorded execution in the trace-event format, which the Perfetto viewer and `chrome://tracing` open.
///
/// One track a thread: an instant for each step, slices for locks held and for time blocked, and an arrow between the
/// two steps whose order decides. A step is ten microseconds there, which means nothing but an order: what begins or
/// ends with a step does so a little before or after it, so that slices nest.
struct TraceEvents {
  /// One event, with what the order in the file goes by.
  private struct Event {
    var time: Int
    var duration = 0
    var text: String
  }

  private let timeline: Timeline
  private let failure: ScheduleFailure
  /// How long a step is, in the format's microseconds.
  private static let unit = 10

  init(_ failure: ScheduleFailure) {
    self.failure = failure
    timeline = Timeline(failure, isWhole: true)
  }

  /// The file's text.
  var text: String {
    var events = timeline.bars.flatMap { slices(of: $0) }
    for wait in timeline.waits {
      let end = Self.time(of: wait.rows.upperBound) + (wait.isForEver ? 5 : -1)
      events.append(
        slice(
          "blocked: \(wait.text)", category: "wait", lane: wait.lane, from: Self.time(of: wait.rows.lowerBound) - 4,
          to: end))
    }
    events += timeline.marks.map { instant($0) }
    events += flip
    // Of slices that begin together the outer one comes first, or the viewer takes them for crossed.
    let order = events.indices.sorted { one, other in
      (events[one].time, -events[one].duration, one) < (events[other].time, -events[other].duration, other)
    }
    let lines = tracks + order.map { events[$0].text }
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n],\n"
      + "\"otherData\":{\"finding\":\(Self.quoted("\(failure.finding)")),"
      + "\"replay\":\(Self.quoted(failure.replayLine)),\"steps left out\":\"\(timeline.leftOut)\"}}\n"
  }

  /// The names of the tracks, in their order.
  private var tracks: [String] {
    [event("M", name: "process_name", thread: nil, [("name", failure.name)])]
      + timeline.lanes.flatMap { lane in
        [
          event("M", name: "thread_name", thread: lane.thread, [("name", lane.name)]),
          "{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":\(Self.track(lane.thread)),"
            + "\"args\":{\"sort_index\":\(lane.thread.rawValue)}}",
        ]
      }
  }

  /// The time of a row's step; what was there before the first one has a time before it.
  private static func time(of row: Int) -> Int { (row + 1) * unit }

  private func instant(_ mark: Timeline.Mark) -> Event {
    let step = mark.step
    var arguments = [
      ("step", "\(step.number)"), ("value", step.remark), ("at", "\(step.file):\(step.line)"),
      ("locks", step.heldLocks.joined(separator: ", ")),
    ]
    if mark.isFailure { arguments.append(("finding", "\(failure.finding)")) }
    let name = (mark.isFailure ? "✗ " : "") + step.text
    let time = Self.time(of: mark.row)
    return Event(
      time: time,
      text: event(
        "i", name: name, thread: step.thread, arguments, more: "\"s\":\"t\",\"cat\":\"step\",\"ts\":\(time)"))
  }

  /// The two steps whose order decides, and the arrow between them.
  ///
  /// An arrow goes from slice to slice, so both steps get a short one.
  private var flip: [Event] {
    guard let (first, second) = timeline.flip, let why = failure.flip else { return [] }
    return [(first, "s", ""), (second, "f", "\"bp\":\"e\",")].flatMap { mark, phase, binding in
      let time = Self.time(of: mark.row)
      return [
        slice(
          "flip: \(mark.step.text)", category: "flip", lane: mark.lane, from: time - 1, to: time + 1,
          [("why", why.description)]),
        Event(
          time: time,
          text: event(
            phase, name: "flip", thread: mark.step.thread, [],
            more: "\"cat\":\"flip\",\"id\":\"1\",\(binding)\"ts\":\(time)")),
      ]
    }
  }

  /// A lock's slice: on the thread's own track if it lies inside or beside all others, else on a track of its own,
  /// since slices of one track must nest.
  private func slices(of bar: Timeline.Bar) -> [Event] {
    let start = bar.isEarlier ? Self.time(of: bar.rows.lowerBound) - 9 : Self.time(of: bar.rows.lowerBound) + 1
    let end = Self.time(of: bar.rows.upperBound) + (bar.isOpen ? 5 : -5)
    let doesNest = timeline.bars.allSatisfy { other in
      other.lane != bar.lane || !other.rows.overlaps(bar.rows) || Self.nests(other.rows, bar.rows)
    }
    if doesNest { return [slice(bar.lock, category: "lock", lane: bar.lane, from: start, to: end)] }
    let thread = timeline.lanes[bar.lane].thread
    let identity = "\"cat\":\"lock\",\"id\":\"\(Self.track(thread))-\(bar.rows.lowerBound)-\(bar.slot)\""
    return [("b", start), ("e", max(start, end))].map { phase, time in
      Event(time: time, text: event(phase, name: bar.lock, thread: thread, [], more: "\(identity),\"ts\":\(time)"))
    }
  }

  private static func nests(_ one: ClosedRange<Int>, _ other: ClosedRange<Int>) -> Bool {
    one.lowerBound <= other.lowerBound && other.upperBound <= one.upperBound
      || other.lowerBound <= one.lowerBound && one.upperBound <= other.upperBound
      || one.upperBound == other.lowerBound || other.upperBound == one.lowerBound
  }

  private func slice(
    _ name: String, category: String, lane: Int, from start: Int, to end: Int, _ arguments: [(String, String)] = []
  ) -> Event {
    let duration = max(1, end - start)
    return Event(
      time: start, duration: duration,
      text: event(
        "X", name: name, thread: timeline.lanes[lane].thread, arguments,
        more: "\"cat\":\"\(category)\",\"ts\":\(start),\"dur\":\(duration)"))
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
