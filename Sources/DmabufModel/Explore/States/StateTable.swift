// SPDX-License-Identifier: GPL-2.0-only

/// The states that a search has reached, by fingerprint, each with the threads that it has not let go on from there.
///
/// Open addressing in two flat arrays: 32 bytes a state at most, at least 16. With n states the probability that two of
/// them share their 64 bits, and that one is taken for the other, is below n² / 2^65: 3 · 10^-8 for a million states.
struct StateTable {
  private var keys: ContiguousArray<UInt64>
  private var asleep: ContiguousArray<ThreadSet>
  private(set) var count = 0

  init() {
    keys = ContiguousArray(repeating: 0, count: 1 << 10)
    asleep = ContiguousArray(repeating: ThreadSet(), count: 1 << 10)
  }

  /// Looks a state up, and adds it if it is new.
  ///
  /// - Parameter threads: Those that need not be tried there now.
  /// - Returns: Nothing for a new state; for a known one, those that had not been tried there and need to be now.
  mutating func visit(_ state: UInt64, asleep threads: ThreadSet) -> ThreadSet? {
    let key = state == 0 ? 1 : state
    let place = place(of: key)
    if keys[place] == key {
      let awake = asleep[place].subtracting(threads)
      asleep[place] = asleep[place].intersection(threads)
      return awake
    }
    keys[place] = key
    asleep[place] = threads
    count += 1
    if count * 4 > keys.count * 3 { grow() }
    return nil
  }

  /// Whether a thread has not been tried in a known state at any visit.
  func isAsleep(_ thread: Int, in state: UInt64) -> Bool {
    thread < 64 && asleep[place(of: state == 0 ? 1 : state)].contains(thread)
  }

  private func place(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: key >> 8) & mask
    while keys[place] != 0 && keys[place] != key { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let old = (keys, asleep)
    keys = ContiguousArray(repeating: 0, count: old.0.count * 2)
    asleep = ContiguousArray(repeating: ThreadSet(), count: old.0.count * 2)
    for index in old.0.indices where old.0[index] != 0 {
      let place = place(of: old.0[index])
      keys[place] = old.0[index]
      asleep[place] = old.1[index]
    }
  }
}
