// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

@Suite("Traces for the viewer")
struct TraceEventTests {
  @Test("the trace is what the viewer reads: named tracks, an instant a step, slices that nest")
  func traceEvents() throws {
    let all = try PictureScenarios.all.map { try PictureScenarios.found($0.name) } + [failure(overlappingLocks)]
    for found in all {
      let trace = try Trace(found)
      let tracks = trace.traceEvents.filter { $0.name == "thread_name" }.compactMap { $0.args?["name"] }
      for name in tracks { #expect(found.recording.threadNames.contains { .string($0) == name }) }
      let instants = trace.traceEvents.filter { $0.ph == "i" }
      let steps = found.recording.steps.filter { $0.isConcurrent && $0.label != "join" }.count
      #expect(instants.count >= min(160, steps))
      #expect(instants.allSatisfy { $0.ts != nil && $0.tid != nil })
      let slices = trace.traceEvents.filter { $0.ph == "X" }
      for one in slices {
        for other in slices where one.tid == other.tid {
          let (a, b) = (try one.range, try other.range)
          let nests =
            a.upperBound <= b.lowerBound || b.upperBound <= a.lowerBound
            || (a.lowerBound <= b.lowerBound && b.upperBound <= a.upperBound)
            || (b.lowerBound <= a.lowerBound && a.upperBound <= b.upperBound)
          #expect(nests, "\(one.name) \(a) and \(other.name) \(b)")
        }
      }
      let begins = trace.traceEvents.filter { $0.ph == "b" }.compactMap(\.id)
      #expect(begins == trace.traceEvents.filter { $0.ph == "e" }.compactMap(\.id))
      #expect(Set(begins).count == begins.count)
    }
  }

  @Test(
    "events are in the order of their times, none of which is before the beginning",
    arguments: PictureScenarios.all.map(\.name))
  func order(name: String) throws {
    let events = try Trace(PictureScenarios.found(name)).traceEvents
    let times = events.compactMap(\.ts)
    #expect(times == times.sorted())
    #expect(times.allSatisfy { $0 >= 0 })
    #expect(events.allSatisfy { ["M", "X", "i", "b", "e", "s", "f"].contains($0.ph) })
    #expect(events.allSatisfy { ($0.ts != nil && $0.tid != nil) == ($0.ph != "M") || $0.ph == "M" })
  }

  @Test("a step is as long as the documentation says")
  func unit() throws {
    let instants = try Trace(try failure(RevokeRace().scenario)).traceEvents.filter { $0.ph == "i" }.compactMap(\.ts)
    for (one, next) in zip(instants, instants.dropFirst()) { #expect(next - one == 10) }
  }

  @Test("an arrow leads from the first to the second of the steps that decide, each in a slice of its own")
  func flip() throws {
    for scenario in [RevokeRace().scenario, lateGet, philosophers] {
      let found = try failure(scenario)
      let flip = try #require(found.flip)
      let events = try Trace(found).traceEvents
      let start = try #require(events.first { $0.ph == "s" })
      let end = try #require(events.first { $0.ph == "f" })
      #expect(start.name == "flip" && end.name == "flip" && start.id == end.id && start.cat == end.cat)
      #expect(end.bp == "e")
      for (arrow, step) in [(start, flip.first), (end, flip.second)] {
        let slice = try #require(
          events.first { $0.ph == "X" && $0.name == "flip: \(step.text)" && $0.tid == arrow.tid })
        #expect(try slice.range.contains(try #require(arrow.ts)))
        #expect(events.contains { $0.ph == "i" && $0.tid == arrow.tid && $0.ts == arrow.ts })
      }
    }
  }
}

private struct Trace: Decodable {
  struct Event: Decodable {
    var ph: String
    var name: String
    var pid: Int
    var tid: Int?
    var ts: Int?
    var dur: Int?
    var id: String?
    var cat: String?
    var bp: String?
    var args: [String: Value]?

    var range: Range<Int> {
      get throws {
        let start = try #require(ts)
        return start..<(start + (try #require(dur)))
      }
    }
  }

  enum Value: Decodable, Equatable {
    case string(String)
    case number(Int)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .string(text)
      } else {
        self = .number(try container.decode(Int.self))
      }
    }
  }

  var traceEvents: [Event]

  init(_ failure: ScheduleFailure) throws {
    self = try JSONDecoder().decode(Trace.self, from: Data(failure.traceEvents.utf8))
  }
}
