// SPDX-License-Identifier: GPL-2.0-only

/// Adds up what threads have lost, by the reason.
struct LostTimes {
  /// By a reason: the numbers of the names and of the cause in one word.
  ///
  /// A table of its own, since a dictionary's hash took a tenth of a fault.
  private var keys = ContiguousArray<UInt64>(repeating: 0, count: 256)
  private var times = ContiguousArray<Int>(repeating: 0, count: 256)
  private var count = 0
  private(set) var names = [""]

  /// Numbers a name.
  mutating func number(_ name: String) -> Int {
    if let index = names.firstIndex(of: name) { return index }
    names.append(name)
    return names.count - 1
  }

  mutating func add(_ time: Int, of threads: Int, _ cause: LostTime.Cause, _ object: Int, to other: Int) {
    if time == 0 { return }
    // The highest bit tells a key from an empty place.
    let key = 1 << 63 | UInt64(threads) << 48 | UInt64(other) << 32 | UInt64(cause.number) << 24 | UInt64(object)
    let place = place(of: key)
    if keys[place] == 0 {
      keys[place] = key
      count += 1
    }
    times[place] += time
    if count * 2 > keys.count { grow() }
  }

  private func place(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    while keys[place] != key && keys[place] != 0 { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let (oldKeys, oldTimes) = (keys, times)
    keys = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
    times = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
    for (key, time) in zip(oldKeys, oldTimes) where key != 0 {
      let place = place(of: key)
      keys[place] = key
      times[place] = time
    }
  }

  /// All of it, the largest part first.
  var all: [LostTime] {
    var all: [LostTime] = []
    for (key, time) in zip(keys, times) where key != 0 {
      let cause = LostTime.Cause.allCases[Int(key >> 24 & 0xFF)]
      let (threads, other) = (names[Int(key >> 48 & 0x7FFF)], names[Int(key >> 32 & 0xFFFF)])
      all.append(
        LostTime(threads: threads, cause: cause, object: names[Int(key & 0xFF_FFFF)], to: other, time: time))
    }
    return all.sorted { left, right in
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
