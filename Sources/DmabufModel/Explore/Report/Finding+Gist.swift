// SPDX-License-Identifier: GPL-2.0-only

extension Finding {
  /// Whether another execution found the same defect, though perhaps in other threads and with other numbers.
  ///
  /// The kinds must be equal, and the summaries once thread names and numbers are taken out of them. A deadlock is the
  /// same if nobody waits for anything that nobody waited for in the first.
  func isSame(as other: Finding, threadNames: [String]) -> Bool {
    guard kind == other.kind else { return false }
    if kind == .deadlock {
      return Set(waits).isSubset(of: other.waits)
    }
    return gist(threadNames) == other.gist(threadNames)
  }

  /// What threads other than the scenario's own wait for.
  private var waits: [String] { blocked.filter { $0.id != .main }.map(\.object) }

  private func gist(_ threadNames: [String]) -> [Substring] {
    var words: [Substring] = []
    var text = summary
    // Names of several words go first; they would be taken apart below.
    for name in threadNames where name.contains(" ") { text = text.replacing(name, with: "\u{1}") }
    for var word in text.split(separator: " ") {
      while let last = word.last, ",;:".contains(last) { word.removeLast() }
      if word == "\u{1}" || threadNames.contains(String(word)) {
        word = "\u{1}"
      } else if let number = word.lastIndex(of: "#"), word[number...].dropFirst().allSatisfy(\.isNumber) {
        word = word[..<number]
      } else if word.contains(where: \.isNumber), word.allSatisfy({ $0.isNumber || "+-.x()".contains($0) }) {
        word = "\u{2}"
      }
      if word == "\u{1}" && words.last == word { continue }
      words.append(word)
    }
    return words
  }
}
