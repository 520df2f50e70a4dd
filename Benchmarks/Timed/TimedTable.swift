// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// Timed runs as text: rates and latencies over the number of processors, and who waited for whom.
struct TimedTable {
  let rows: [TimedRow]

  /// The tables.
  var text: String {
    var text = ""
    var rest = rows[...]
    while let first = rest.first {
      let group = rest.prefix { $0.workload == first.workload && $0.design == first.design }
      rest = rest.dropFirst(group.count)
      text += Self.curve(Array(group)) + "\n" + Self.latencies(Array(group)) + "\n"
      if let last = group.last { text += Self.losses(last) + "\n" }
    }
    return text
  }

  /// How often and how fairly.
  private static func curve(_ rows: [TimedRow]) -> String {
    let operation = TimedWorkload(rawValue: rows[0].workload)?.operation ?? ""
    var table = Table(
      "CPUs", "mapped/s", "", "refused/s", "\(operation)s/s", "", "used", "slowest thread", "longest without a fault")
    let mostMapped = rows.map { $0.perSecond("fault: mapped") }.max() ?? 0
    let mostOthers = rows.map { $0.perSecond(operation) }.max() ?? 0
    for row in rows {
      let (mapped, others) = (row.perSecond("fault: mapped"), row.perSecond(operation))
      table.add(
        "\(row.cpus)", mapped.whole, bar(mapped, of: mostMapped), row.perSecond("fault: refused").whole, others.whole,
        bar(others, of: mostOthers), "\((row.utilisation * 100).whole) %", "\((Double(row.slowest) / 10).whole) %",
        time(row.starvation))
    }
    let first = rows[0]
    return "\(first.workload), \(first.design), on \(first.machine): \(time(first.elapsed)) of virtual time a row\n"
      + table.text
  }

  /// How long things take.
  private static func latencies(_ rows: [TimedRow]) -> String {
    let operation = TimedWorkload(rawValue: rows[0].workload)?.operation ?? ""
    var table = Table("CPUs", "fault p50", "p99", "p99.9", "max", "\(operation) p50", "p99", "p99.9", "max")
    for row in rows {
      let (fault, other) = (row.latencies["fault: mapped"], row.latencies[operation])
      table.add(
        "\(row.cpus)", time(fault?.p50), time(fault?.p99), time(fault?.p999), time(fault?.max), time(other?.p50),
        time(other?.p99), time(other?.p999), time(other?.max))
    }
    return "latency of faults that map a page, and of each \(operation)\n" + table.text
  }

  /// The largest parts of the time that was lost in a run; all parts together are 100 %.
  private static func losses(_ row: TimedRow) -> String {
    var table = Table("lost by", "to", "why", "time", "share", "")
    let shown = row.lost.prefix(8)
    let rest = row.lost.dropFirst(shown.count).reduce(0) { $0 + $1.time }
    let shares = tenths(shown.map(\.time) + [rest])
    for (loss, share) in zip(shown, shares) {
      table.add(
        loss.threads, loss.to.isEmpty ? "-" : loss.to, why(loss), time(loss.time), text(ofTenths: share),
        bar(Double(loss.time), of: Double(row.lostInAll)))
    }
    if rest > 0 {
      let count = row.lost.count - shown.count
      table.add(
        "\(count) other reasons", "-", "-", time(rest), text(ofTenths: shares[shown.count]),
        bar(Double(rest), of: Double(row.lostInAll)))
    }
    let all = Double(row.lostInAll) / Double(max(1, row.used + row.lostInAll)) * 100
    return "who waited for whom at \(row.cpus) CPUs: \(all.whole) % of the threads' time was lost\n\(table.text)"
  }

  private static func why(_ loss: TimedRow.Lost) -> String {
    switch loss.cause {
    case "line": "line of \(loss.object)"
    case "wait": loss.object
    case "interrupt": "interrupt: \(loss.object)"
    default: loss.cause
    }
  }

  /// The shares of parts in tenths of a hundredth, rounded so that they add up to all of it.
  ///
  /// Each is rounded down; what is missing goes to those that have lost most by that.
  static func tenths(_ parts: [Int]) -> [Int] {
    let all = parts.reduce(0, +)
    if all == 0 { return parts.map { _ in 0 } }
    let exact = parts.map { $0.multipliedFullWidth(by: 1_000) }.map { all.dividingFullWidth($0) }
    var shares = exact.map { Int($0.quotient) }
    let missing = 1_000 - shares.reduce(0, +)
    let order = parts.indices.sorted { (exact[$1].remainder, $0) < (exact[$0].remainder, $1) }
    for place in order.prefix(missing) { shares[place] += 1 }
    return shares
  }

  private static func text(ofTenths share: Int) -> String { "\(share / 10).\(share % 10) %" }

  private static func bar(_ value: Double, of most: Double) -> String {
    let eighths = most > 0 ? Int((value / most * 64).rounded()) : 0
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let text = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return text + String(repeating: " ", count: 8 - text.count)
  }

  /// A time with a unit in which it has few digits.
  static func time(_ picoseconds: Int?) -> String {
    guard let picoseconds else { return "-" }
    let units: [(Double, String)] = [(1e12, "s"), (1e9, "ms"), (1e6, "us"), (1e3, "ns")]
    let value = Double(picoseconds)
    let (size, unit) = units.first { value >= $0.0 } ?? (1e3, "ns")
    let scaled = value / size
    return scaled >= 100 ? "\(scaled.whole) \(unit)" : "\(scaled.fixed(scaled >= 10 ? 1 : 2)) \(unit)"
  }
}
