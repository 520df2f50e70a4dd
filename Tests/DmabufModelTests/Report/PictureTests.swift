// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite("Pictures")
struct PictureTests {
  private static let scenarios: [Scenario] = [
    RevokeRace().scenario, oppositeOrders, waitUnderLock, lateGet, readAfterFree, overlappingLocks,
  ]

  @Test("the drawing is a document of its own, with a mark for each step and a lane for each thread")
  func drawing() throws {
    for scenario in Self.scenarios {
      let found = try failure(scenario)
      let svg = found.svg
      let reader = ElementCounter()
      let parser = XMLParser(data: Data(svg.utf8))
      parser.delegate = reader
      #expect(parser.parse(), "\(String(describing: parser.parserError))")
      for word in ["<script", "href", "@import", "url(http"] { #expect(!svg.contains(word)) }
      #expect(reader.counts["svg"] == 1)
      let shown = found.recording.steps.filter { $0.isConcurrent && $0.label != "join" }.count
      #expect(reader.counts["circle", default: 0] >= shown)
      for name in found.recording.threadNames where name != "main" { #expect(svg.contains(">\(name)<")) }
      #expect(svg.contains("flip: ") == (found.flip != nil))
    }
  }

  @Test("names and values from a scenario cannot break the drawing or the trace")
  func escaping() throws {
    let found = try failure { kernel in
      let field = Shared(kernel, "a->b<c>&\"d\"", "\u{1}\n\\\"")
      kernel.thread("<t & \"u\">") { try await field.store("</svg>\u{7}") }
      try await kernel.join()
      try kernel.check(false, "not <this> & \"that\"\u{2}")
    }
    #expect(XMLParser(data: Data(found.svg.utf8)).parse())
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(found.traceEvents.utf8)) }
  }

  @Test("both are written into the folder that was asked for, and searches do not take each other's files")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pictures-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let options = ReportOptions.with { $0.traceDirectory = folder.path }
    let first = try failure(reporting: options, RevokeRace().scenario)
    _ = try failure(reporting: options, RevokeRace().scenario)
    let second = try failure(reporting: options, name: "opposite", oppositeOrders)
    let third = try failure(reporting: options, lateGet)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(
      names == [
        "Races.race-2.svg", "Races.race-2.trace.json", "Races.race.opposite.svg", "Races.race.opposite.trace.json",
        "Races.race.svg", "Races.race.trace.json",
      ])
    #expect(try String(contentsOf: folder.appendingPathComponent(names[4]), encoding: .utf8) == first.svg)
    #expect(try String(contentsOf: folder.appendingPathComponent(names[2]), encoding: .utf8) == second.svg)
    #expect(try String(contentsOf: folder.appendingPathComponent(names[1]), encoding: .utf8) == third.traceEvents)
    #expect(first.description.contains("written: \(folder.path)/Races.race.svg"))
  }

  @Test("a folder that goes away is named in the report, and the finding is not lost")
  func missingFolder() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gone-\(UUID().uuidString)").path
    let found = try failure(reporting: .with { $0.traceDirectory = folder }) { kernel in
      try? FileManager.default.removeItem(atPath: folder)
      try await lateGet(kernel)
    }
    #expect(found.description.contains("not written: \(folder)/Races.race"))
    #expect(found.finding.kind == .useAfterFree)
  }

  @Test("a folder is made, with those that it is in, and one that cannot be ends the search before it begins")
  func madeFolder() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pictures-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let found = try failure(reporting: .with { $0.traceDirectory = "\(folder)/of/today" }, lateGet)
    #expect(found.description.contains("\nwritten: \(folder)/of/today/Races.race"))
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/of/today")
    #expect(names.filter { $0.hasSuffix(".svg") }.count == 1)
    let file = try #require(names.first)
    for below in ["", "/deeper", "/deeper/still"] {
      let path = "\(folder)/of/today/\(file)\(below)"
      let error = #expect(throws: ScenarioError.self) {
        try explore(.serial, reporting: .with { $0.traceDirectory = path }) { _ in Issue.record("it has begun") }
      }
      let place = below.isEmpty ? path : "\(folder)/of/today/\(file)/deeper"
      #expect(
        error?.description
          == "reporting.traceDirectory is '\(path)'; expected a folder that can be made and written to; \(place): "
          + "Not a directory")
    }
  }

  @Test("a picture goes through a link, and one that finds no room says so")
  func writtenThrough() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "links-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func link(_ name: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: target)
    }
    try link("Races.race.link.svg", to: "target")
    try link("Races.race.link.trace.json", to: "/dev/full")
    let found = try failure(reporting: .with { $0.traceDirectory = folder }, name: "link", lateGet)
    #expect(try String(contentsOfFile: "\(folder)/target", encoding: .utf8) == found.svg)
    #expect(found.description.contains("written: \(folder)/Races.race.link.svg"))
    #expect(
      found.description.contains("not written: \(folder)/Races.race.link.trace.json: No space left on device"))
  }

  @Test("a variable that is there but empty asks for no pictures")
  func emptyVariable() async {
    // In a process of its own: other tests read the environment at the same time.
    await #expect(processExitsWith: .success) {
      _ = unsafe setenv("DMABUF_TRACE_DIR", "", 1)
      let found = try failure(lateGet)
      #expect(!found.description.contains("written: "))
    }
  }

  @Test("a test can attach the pictures of a failure to its result")
  func attachments() throws {
    do {
      try explore(.random(seed: 1, schedules: 1_000), RevokeRace().scenario)
      Issue.record("the seeded bug was not found")
    } catch let failure as ScheduleFailure {
      Attachment.record(failure.svg, named: "\(failure.name).svg")
      Attachment.record(failure.traceEvents, named: "\(failure.name).trace.json")
    }
  }
}

private final class ElementCounter: NSObject, XMLParserDelegate {
  var counts: [String: Int] = [:]

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    counts[name, default: 0] += 1
  }
}
