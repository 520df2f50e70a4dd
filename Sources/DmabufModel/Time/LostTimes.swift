// SPDX-License-Identifier: GPL-2.0-only

/// Adds up what threads have lost, by the reason.
struct LostTimes {
  /// By a reason: the numbers of the names and of the cause in one word.
  private var times: [UInt64: Int] = [:]
  private var names = [""]

  /// Numbers a name.
  mutating func number(_ name: String) -> Int {
    if let index = names.firstIndex(of: name) { return index }
    names.append(name)
    return names.count - 1
  }

  mutating func add(_ time: Int, of threads: Int, _ cause: LostTime.Cause, _ object: Int, to other: Int) {
    if time == 0 { return }
    let key = UInt64(threads) << 48 | UInt64(other) << 32 | UInt64(cause.number) << 24 | UInt64(object)
    times[key, default: 0] += time
  }

  /// All of it, the largest part first.
  var all: [LostTime] {
    times.map { key, time in
      LostTime(
        threads: names[Int(key >> 48)], cause: LostTime.Cause.allCases[Int(key >> 24 & 0xFF)],
        object: names[Int(key & 0xFF_FFFF)], to: names[Int(key >> 32 & 0xFFFF)], time: time)
    }.sorted { left, right in
      left.time != right.time
        ? left.time > right.time
        : (left.threads, left.cause.rawValue, left.object, left.to)
          < (right.threads, right.cause.rawValue, right.object, right.to)
    }
  }
}

extension LostTime.Cause {
  /// Its place among all.
  fileprivate var number: Int {
    switch self {
    case .line: 0
    case .wait: 1
    case .processor: 2
    case .switch: 3
    case .interrupt: 4
    }
  }
}
