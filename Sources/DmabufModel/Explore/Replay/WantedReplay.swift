// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// What `DMABUF_REPLAY` asks for: one schedule of one search.
struct WantedReplay: Sendable, Hashable {
  /// The name of the search.
  let search: String
  /// Its schedule.
  let schedule: Schedule

  /// Reads the text, as the last line of a report has it.
  ///
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for a text that no report has: no search would know
  ///   itself in it, so that all of them would run and pass, and the defect would look as if it were gone.
  init(_ text: String) throws(ScenarioError) {
    let form = "File.function[.name]/schedule, as the last line of a report has it"
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].allSatisfy({ $0 == "." || SearchName.isPlain($0) }) else {
      throw .badOption(name: "DMABUF_REPLAY", found: text, expected: form)
    }
    search = parts[0]
    do {
      schedule = try Schedule(parts[1])
    } catch {
      guard case .badSchedule(_, let place, let expected) = error else { throw error }
      let character = "\(expected) at character \(parts[0].count + 1 + place + 1)"
      throw .badOption(name: "DMABUF_REPLAY", found: text, expected: "\(form), and so \(character)")
    }
  }

  /// The schedule, if it is this search's that is wanted.
  ///
  /// Else the search runs as always, since it cannot know whether the other one is still to come. That is said, once,
  /// so that a green run is not taken for a replay that passes.
  func schedule(for name: String) -> Schedule? {
    if name == search { return schedule }
    noteThatOthersRun("'\(name)'")
    return nil
  }

  /// Writes on standard error, once in a process, that what is run is not what was named.
  func noteThatOthersRun(_ what: String) {
    if Self.isNoted.exchange(true, ordering: .relaxed) { return }
    Output.writeToStandardError("DMABUF_REPLAY is for '\(search)'; \(what) and others run as always\n")
  }

  private static let isNoted = Atomic<Bool>(false)
}
