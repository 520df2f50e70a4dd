// SPDX-License-Identifier: GPL-2.0-only

/// A stretch of a thread's time.
struct TimeSlice: Sendable, Hashable {
  /// The number of the thread.
  let thread: Int
  /// What it was: an operation that was measured, or why time was lost.
  let name: String
  let isLost: Bool
  /// When it began, in picoseconds.
  let start: Int
  /// How long it was, in picoseconds.
  let duration: Int
}

extension TimeReport {
  /// What happened in the time that was recorded, in the trace-event format, which the Perfetto viewer opens.
  ///
  /// A track a thread, with a slice for each operation that was measured, and in it one for each reason for which time
  /// was lost. See ``TimedStrategy/init(on:processors:seed:recording:)``.
  public var trace: String {
    let threads = Set(slices.map(\.thread)).sorted()
    let tracks = threads.map { thread in
      "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":\(thread),"
        + "\"args\":{\"name\":\"\(Self.escaped(names[thread] ?? ""))\"}}"
    }
    // Of slices that begin together the outer one comes first.
    let order = slices.indices.sorted { one, other in
      (slices[one].start, -slices[one].duration, one) < (slices[other].start, -slices[other].duration, other)
    }
    let events = order.map { place in
      let slice = slices[place]
      return
        "{\"ph\":\"X\",\"cat\":\"\(slice.isLost ? "lost" : "operation")\",\"name\":\"\(Self.escaped(slice.name))\","
        + "\"pid\":1,\"tid\":\(slice.thread),\"ts\":\(Self.microseconds(slice.start)),"
        + "\"dur\":\(Self.microseconds(slice.duration))}"
    }
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + (tracks + events).joined(separator: ",\n") + "\n]}\n"
  }

  /// Picoseconds as microseconds, digit for digit.
  private static func microseconds(_ time: Int) -> String {
    let rest = String(time % 1_000_000)
    return "\(time / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": escaped += "\\" + String(scalar)
      case _ where scalar.value < 32: escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
