// SPDX-License-Identifier: GPL-2.0-only

/// The paint of a picture: a colour for each thread, and a look for each lock that no other one of 32 has.
struct PictureColors {
  // Whatever has a name in it or is one stands out from white by a ratio of 4.5 at the least.
  static let text = "#212529"
  static let aside = "#5c636a"
  static let failure = "#c92a2a"
  static let flip = "#c2410c"
  private static let lanes = [
    "#0b7285", "#b35900", "#862e9c", "#237a35", "#1864ab", "#a61e4d", "#5f3dc4", "#4a7a0a",
  ]
  private static let hues = [
    "#4dabf7", "#f783ac", "#69db7c", "#ffa94d", "#b197fc", "#3bc9db", "#e8c547", "#a9a29b",
  ]
  /// The stripes over the hue of a lock, by which those after the first eight are told from them.
  private static let stripes: [[(color: String, y: Int, height: Int)]] = [
    [("#ffffff", 3, 3)], [("#343a40", 4, 2)], [("#ffffff", 0, 2), ("#343a40", 3, 2)],
  ]

  /// The locks, without how they are held, in the order in which they are first taken.
  let locks: [String]

  init(_ timeline: Timeline) {
    var locks: [String] = []
    for lock in timeline.bars.map({ Self.plain($0.lock) }) where !locks.contains(lock) { locks.append(lock) }
    self.locks = locks
  }

  static func color(of thread: ThreadID) -> String {
    thread == .main ? aside : lanes[(thread.index - 1) % lanes.count]
  }

  /// The patterns that the locks need.
  var definitions: [String] {
    locks.indices.filter { round($0) > 0 }.map { index in
      let stripes = Self.stripes[round(index) - 1].map {
        "<rect y=\"\($0.y)\" width=\"6\" height=\"\($0.height)\" fill=\"\($0.color)\"/>"
      }
      return "<pattern id=\"lock\(index)\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
        + "<rect width=\"6\" height=\"6\" fill=\"\(hue(index))\"/>\(stripes.joined())</pattern>"
    }
  }

  /// The attributes of a lock's bar; one that is held for reading is paler.
  func paint(of lock: String) -> String {
    let index = locks.firstIndex(of: Self.plain(lock)) ?? 0
    let fill = round(index) == 0 ? hue(index) : "url(#lock\(index))"
    // The edge tells stripes of the ground's own colour from gaps between bars.
    let edge = round(index) == 0 && lock == Self.plain(lock) ? "" : " stroke=\"\(hue(index))\""
    return "fill=\"\(fill)\"" + (lock == Self.plain(lock) ? "" : " fill-opacity=\"0.35\"") + edge
  }

  private func hue(_ index: Int) -> String { Self.hues[index % Self.hues.count] }

  private func round(_ index: Int) -> Int { index / Self.hues.count % (Self.stripes.count + 1) }

  private static func plain(_ lock: String) -> String {
    lock.hasSuffix(" (read)") ? String(lock.dropLast(7)) : lock
  }
}
