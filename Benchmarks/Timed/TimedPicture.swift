// SPDX-License-Identifier: GPL-2.0-only

/// Curves of timed runs over the number of processors, as a picture that needs nothing else.
struct TimedPicture {
  let rows: [TimedRow]

  /// The picture, as SVG; light or dark as the reader's system is.
  var text: String {
    let charts = charts
    let height = charts.count * (Chart.height + 20) + 30 + series(of: { _ in 0 }).count * 18
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Chart.width) \(height)" width="\(Chart.width)" \
      height="\(height)" font-family="system-ui, sans-serif" font-size="12">
      <style>
        .back { fill: #ffffff } .ink { fill: #1b1f24 } .soft { fill: #57606a } .grid { stroke: #d0d7de }
        .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37 } .s3 { stroke: #8250df }
        .s4 { stroke: #bf3989 } .s5 { stroke: #6e7781 }
        @media (prefers-color-scheme: dark) {
          .back { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #30363d }
          .s0 { stroke: #58a6ff } .s1 { stroke: #f0883e } .s2 { stroke: #3fb950 } .s3 { stroke: #bc8cff }
          .s4 { stroke: #f778ba } .s5 { stroke: #8b949e }
        }
        path, circle { fill: none; stroke-width: 2 } line { stroke-width: 1 }
      </style>
      <rect class="back" width="100%" height="100%"/>

      """
    var top = 10
    for chart in charts {
      text += chart.svg(at: top)
      top += Chart.height + 20
    }
    for (place, curve) in series(of: { _ in 0 }).enumerated() {
      let line = top + 14 + place * 18
      text += """
        <line class="s\(place % 6)" x1="60" x2="90" y1="\(line - 4)" y2="\(line - 4)" stroke-width="3"/>
        <text class="ink" x="98" y="\(line)">\(curve.name)</text>

        """
    }
    return text + "</svg>\n"
  }

  private var charts: [Chart] {
    let operations = Set(rows.map { Self.operation($0) }).sorted().joined(separator: ", ")
    return [
      Chart(
        title: "faults that map a page, millions a second",
        series: series { $0.perSecond("fault: mapped") / 1e6 }),
      Chart(title: "\(operations), thousands a second", series: series { $0.perSecond(Self.operation($0)) / 1e3 }),
      Chart(
        title: "a fault takes, microseconds: 99 of 100 at most (line), half of them at most (dashes)",
        series: series { Self.time($0.latencies["fault: mapped"]?.p99) },
        dashed: series { Self.time($0.latencies["fault: mapped"]?.p50) }),
      Chart(
        title: "\(operations) takes, microseconds: 99 of 100 at most (line), half of them at most (dashes)",
        series: series { Self.time($0.latencies[Self.operation($0)]?.p99) },
        dashed: series { Self.time($0.latencies[Self.operation($0)]?.p50) }),
    ]
  }

  private static func operation(_ row: TimedRow) -> String { TimedWorkload(rawValue: row.workload)?.operation ?? "" }

  /// Picoseconds, as microseconds.
  private static func time(_ picoseconds: Int?) -> Double { Double(picoseconds ?? 0) / 1e6 }

  /// A curve for each workload and design, in the order of the rows.
  private func series(of value: (TimedRow) -> Double) -> [Chart.Series] {
    var all: [Chart.Series] = []
    for row in rows {
      let name = "\(row.workload), \(row.design), on \(row.machine)"
      if all.last?.name != name { all.append(Chart.Series(name: name)) }
      all[all.count - 1].points.append((Double(row.cpus), value(row)))
    }
    return all
  }
}

/// A chart with the number of processors to the right, each doubling as wide as the one before.
struct Chart {
  /// A curve.
  struct Series {
    let name: String
    var points: [(x: Double, y: Double)] = []
  }

  let title: String
  let series: [Series]
  /// Further curves of the same names.
  var dashed: [Series] = []

  static let width = 720
  static let height = 240
  private static let (left, right, above, below) = (60.0, 20.0, 34.0, 34.0)

  /// The chart, from a line of the picture downwards.
  func svg(at top: Int) -> String {
    let points = (series + dashed).flatMap(\.points)
    let most = Self.ceiling(points.map(\.y).max() ?? 1)
    let last = max(1, Self.log2(points.map(\.x).max() ?? 2))
    func x(_ cpus: Double) -> Double {
      Self.left + Self.log2(cpus) / last * (Double(Self.width) - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Double(Self.height) - Self.below - value / most * (Double(Self.height) - Self.above - Self.below)
    }
    var text = "<g transform=\"translate(0 \(top))\">\n"
    text += "<text class=\"ink\" x=\"\(Int(Self.left))\" y=\"18\" font-weight=\"600\">\(title)</text>\n"
    for step in 0...4 {
      let value = most * Double(step) / 4
      text += """
        <line class="grid" x1="\(Int(Self.left))" x2="\(Self.width - Int(Self.right))" y1="\(y(value).fixed(1))" \
        y2="\(y(value).fixed(1))"/>
        <text class="soft" x="\(Int(Self.left) - 8)" y="\((y(value) + 4).fixed(1))" text-anchor="end">\
        \(Self.label(value, of: most))</text>

        """
    }
    for cpus in Set(points.map(\.x)).sorted() {
      text += """
        <text class="soft" x="\(x(cpus).fixed(1))" y="\(Self.height - Int(Self.below) + 18)" \
        text-anchor="middle">\(Int(cpus))</text>

        """
    }
    text += """
      <text class="soft" x="\(Self.width - Int(Self.right))" y="\(Self.height - 2)" text-anchor="end">processors</text>

      """
    for (curves, style) in [(series, ""), (dashed, " stroke-dasharray=\"5 4\"")] {
      for (place, curve) in curves.enumerated() {
        let path = curve.points.enumerated().map { index, point in
          "\(index == 0 ? "M" : "L")\(x(point.x).fixed(1)) \(y(point.y).fixed(1))"
        }.joined(separator: " ")
        text += "<path class=\"s\(place % 6)\"\(style) d=\"\(path)\"/>\n"
        for point in curve.points where style.isEmpty {
          text +=
            "<circle class=\"s\(place % 6)\" cx=\"\(x(point.x).fixed(1))\" cy=\"\(y(point.y).fixed(1))\" r=\"2\"/>\n"
        }
      }
    }
    return text + "</g>\n"
  }

  /// A round number that is at least as large.
  private static func ceiling(_ value: Double) -> Double {
    var size = 1e-6
    while size * 10 < value { size *= 10 }
    return size * ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 4.8, 6, 8, 10].first { size * $0 >= value } ?? 10)
  }

  private static func label(_ value: Double, of most: Double) -> String {
    value.fixed(most >= 40 ? 0 : most >= 4 ? 1 : most >= 0.4 ? 2 : 4)
  }

  /// The logarithm to the base 2, by halving: exact where it matters, and without a library.
  private static func log2(_ value: Double) -> Double {
    var (rest, whole) = (value, 0.0)
    while rest >= 2 {
      rest /= 2
      whole += 1
    }
    return whole + (rest - 1)
  }
}
