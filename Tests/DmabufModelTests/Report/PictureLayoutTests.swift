// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite("The layout of pictures")
struct PictureLayoutTests {
  @Test(
    "all text is inside, none lies on another, and no way leads through any",
    arguments: PictureScenarios.all.map(\.name))
  func room(name: String) throws {
    let drawing = try drawing(name)
    let size = try #require(drawing.first("svg"))
    let width = try #require(size["width"].flatMap(Double.init))
    let height = try #require(size["height"].flatMap(Double.init))
    let rooms = drawing.texts.map { ($0.text, Room($0)) }
    for (index, (text, room)) in rooms.enumerated() {
      #expect(room.left >= 0 && room.right <= width && room.top >= 0 && room.bottom <= height, "\(text) is cut off")
      for (other, otherRoom) in rooms[..<index] {
        #expect(!room.overlaps(otherRoom), "\(text) lies on \(other)")
      }
    }
    // The names of threads stand on pills, and lines go on behind them.
    let labels = drawing.texts.filter { $0["fill"] != "#ffffff" }.map { ($0.text, Room($0)) }
    for way in drawing.ways {
      for (text, room) in labels {
        #expect(!room.isCrossed(by: way), "a line leads through \(text)")
      }
    }
  }

  @Test("all text stands out from white", arguments: PictureScenarios.all.map(\.name))
  func contrast(name: String) throws {
    for text in try drawing(name).texts where text["fill"] != "#ffffff" {
      let color = try #require(text["fill"])
      #expect(Self.contrast(ofWhiteWith: color) >= 4.5, "\(color) for \(text.text)")
    }
  }

  @Test("names of threads stand out from their pills")
  func pills() throws {
    let drawing = try drawing("six")
    let pills = drawing.elements.filter { $0.name == "rect" && $0["rx"] == "10" }
    #expect(Set(pills.map { $0["fill"] }).count == 7)
    for pill in pills { #expect(Self.contrast(ofWhiteWith: try #require(pill["fill"])) >= 4.5) }
  }

  @Test("text has no outline, which some renderers draw over it")
  func outlines() throws {
    for (name, _) in PictureScenarios.all {
      for text in try drawing(name).texts { #expect(text["stroke"] == nil && text["paint-order"] == nil) }
    }
  }

  @Test("no two of many locks look the same, and the legend has them all")
  func locks() throws {
    let drawing = try drawing("locks")
    let samples = drawing.elements.indices.filter { index in
      index > 0 && drawing.elements[index].name == "rect" && drawing.elements[index]["height"] == "14"
    }
    #expect(samples.count >= 20)
    let looks = samples.map { drawing.elements[$0]["fill"] }
    #expect(Set(looks).count == looks.count)
    for look in looks {
      guard let look, look.hasPrefix("url(#") else { continue }
      #expect(drawing.elements.contains { $0.name == "pattern" && $0["id"] == String(look.dropFirst(5).dropLast()) })
    }
    for lock in PictureScenarios.lockNames { #expect(drawing.texts.contains { $0.text == "\(lock)" }) }
  }

  @Test("the steps that all is about are told to the end, every other one where the pointer is")
  func wholeSteps() throws {
    let found = try PictureScenarios.found("values")
    let drawing = Drawing(found.svg)
    let flip = try #require(found.flip)
    for number in [flip.first.number, flip.second.number].compactMap({ $0 }) {
      let step = try #require(found.recording.steps.first { $0.number == number })
      let group = try #require(drawing.tooltips.firstIndex { $0.hasPrefix("step \(number), ") })
      #expect(drawing.tooltips[group].contains(step.remark))
      #expect(drawing.tooltips[group].contains("\(step.file):\(step.line)"))
      let shown = drawing.texts.map(\.text).joined().filter { $0 != " " }
      #expect(shown.contains("\(step.text)\(step.remark)".filter { $0 != " " }))
    }
    for step in found.recording.steps where step.isConcurrent && step.label != "join" {
      #expect(drawing.tooltips.contains { $0.contains("\(step.text)") && $0.hasPrefix("step \(step.number), ") })
    }
    let locked = Drawing(try failure(readAfterFree).svg)
    #expect(locked.tooltips.contains { $0.contains("holds lock") })
  }

  @Test("names that do not fit lose their end, which is where the pointer is")
  func longNames() throws {
    let found = try PictureScenarios.found("names")
    let drawing = Drawing(found.svg)
    #expect(drawing.texts.contains { $0.text == "importer of the buffer …" })
    for name in found.recording.threadNames where name != "main" { #expect(drawing.tooltips.contains(name)) }
  }

  @Test("many rows are folded as the table's are, with the names of the threads here and there")
  func folding() throws {
    let found = try PictureScenarios.found("pingPong")
    let drawing = Drawing(found.svg)
    #expect(drawing.texts.contains { $0.text.hasPrefix("… ") && $0.text.hasSuffix(" more rows") })
    #expect(drawing.texts.filter { $0.text == "pong" }.count == 3)
    #expect(try #require(drawing.first("svg")?["height"].flatMap { Int($0) }) < 2_200)
    let runs = Drawing(try PictureScenarios.found("runs").svg)
    #expect(runs.texts.contains { $0.text.hasPrefix("… ") && $0.text.hasSuffix(" more steps") })
    // The lock that is taken among the steps that are left out is held from there on.
    #expect(runs.tooltips.contains("lock"))
  }

  private func drawing(_ name: String) throws -> Drawing {
    Drawing(try PictureScenarios.found(name).svg)
  }

  /// The contrast as the accessibility guidelines of the web compute it.
  private static func contrast(ofWhiteWith color: String) -> Double {
    let number = Int(color.dropFirst(), radix: 16) ?? 0xFFFFFF
    let parts = [16, 8, 0].map { shift -> Double in
      let part = Double(number >> shift & 0xFF) / 255
      return part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }
    return 1.05 / (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05)
  }
}

/// The room that a text takes in a renderer with a wide font.
private struct Room {
  var left, right, top, bottom: Double

  init(_ text: Drawing.Element) {
    let size = text["font-size"].flatMap(Double.init) ?? 11
    let x = text["x"].flatMap(Double.init) ?? 0
    let y = text["y"].flatMap(Double.init) ?? 0
    let width = Double(text.text.count) * size * 7 / 11
    left = text["text-anchor"] == "end" ? x - width : text["text-anchor"] == "middle" ? x - width / 2 : x
    right = left + width
    top = y - size * 0.8
    bottom = y + size * 0.22
  }

  func overlaps(_ other: Room) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }

  /// Whether a line comes through; one that is bent stays within the corners that it is bent at.
  func isCrossed(by way: [(x: Double, y: Double)]) -> Bool {
    zip(way, way.dropFirst()).contains { from, to in
      let isBeside = max(from.x, to.x) <= left || min(from.x, to.x) >= right
      let isAboveOrBelow = max(from.y, to.y) <= top || min(from.y, to.y) >= bottom
      if isBeside || isAboveOrBelow { return false }
      return (0...40).contains { part in
        let t = Double(part) / 40
        let (x, y) = (from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t)
        return left < x && x < right && top < y && y < bottom
      }
    }
  }
}

/// A picture, read back.
private final class Drawing: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]
    var text = ""

    subscript(attribute: String) -> String? { attributes[attribute] }
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  init(_ svg: String) {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    #expect(parser.parse())
  }

  var texts: [Element] { elements.filter { $0.name == "text" } }
  var tooltips: [String] { elements.filter { $0.name == "title" }.map(\.text) }

  /// The lines of threads, and the ways between steps by their corners.
  var ways: [[(x: Double, y: Double)]] {
    elements.compactMap { element in
      if element.name == "line", let x = element["x1"].flatMap(Double.init), x > 0,
        let top = element["y1"].flatMap(Double.init), let bottom = element["y2"].flatMap(Double.init)
      {
        return [(x, top), (x, bottom)]
      }
      guard element.name == "path", element["fill"] == "none", let way = element["d"], !way.contains("l") else {
        return nil
      }
      return way.matches(of: /([0-9-]+),([0-9-]+)/).compactMap { match in
        Double(match.1).flatMap { x in Double(match.2).map { (x, $0) } }
      }
    }
  }

  func first(_ name: String) -> Element? { elements.first { $0.name == name } }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) {
    if let last = open.last { elements[last].text += characters }
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }
}
