// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

extension ScheduleFailure {
  /// The failing execution as a picture: an SVG document that needs nothing else.
  public var svg: String { SchedulePicture(self).text }

  /// The failing execution in the trace-event format, for the Perfetto viewer.
  public var traceEvents: String { TraceEvents(self).text }

  /// Writes both into a folder, under the name of the search.
  ///
  /// A later run of the same search replaces its files. Searches of one run never do: where several have one name, as
  /// those of a parameterised test that does not name them, a number is put behind it.
  mutating func writePictures(in folder: String) {
    let number = Self.number(of: schedule, under: "\(folder)/\(name)")
    for (suffix, text) in [("svg", svg), ("trace.json", traceEvents)] {
      let path = "\(folder)/\(name)\(number == 1 ? "" : "-\(number)").\(suffix)"
      let problem = Output.writeFile(path, text)
      files.append(problem.map { "not written: \($0)" } ?? "written: \(path)")
    }
  }

  /// The schedules whose pictures were written under each name, in this run.
  private static let written = Mutex<[String: [String]]>([:])

  private static func number(of schedule: String, under path: String) -> Int {
    written.withLock { written in
      if let index = written[path, default: []].firstIndex(of: schedule) { return index + 1 }
      written[path, default: []].append(schedule)
      return written[path, default: []].count
    }
  }
}
