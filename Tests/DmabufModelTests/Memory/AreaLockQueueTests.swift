// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// The lock of an area where locks queue: a writer that waits keeps new readers off.
@Suite("The lock of an area, with locks that queue")
struct AreaLockQueueTests {
  /// A thread a letter: `r` reads once, `R` twice, `w` writes.
  private static func scenario(_ word: String) -> Scenario {
    { kernel in
      kernel.queueLocks()
      let lock = AreaLock(kernel, isWriteLocked: false)
      let log = Shared(kernel, "log", "")
      for (place, letter) in word.enumerated() {
        kernel.thread("\(letter)\(place)") {
          for _ in 0..<(letter == "R" ? 2 : 1) {
            if letter == "w" {
              try await lock.startWrite(file: "", line: 0)
              try await lock.endWrite(file: "", line: 0)
            } else {
              _ = try await lock.startRead(file: "", line: 0)
              if letter == "R" { try await log.store("x") }
              try await lock.endRead(file: "", line: 0)
            }
          }
        }
      }
      try await kernel.join()
    }
  }

  /// A word, and the number of its classes; the same letters have the same number, whichever thread is declared first.
  static let words = [
    ("rw", 3), ("wr", 3), ("rrw", 9), ("rwr", 9), ("wrr", 9), ("Rw", 5), ("wR", 5), ("rRw", 15), ("wRr", 15),
    ("Rwr", 15), ("rrrw", 27), ("wrrr", 27), ("RRw", 86), ("wRR", 86),
  ]

  @Test("is searched as every order is, whichever thread is declared first", arguments: words)
  func againstEveryOrder(word: String, count: Int) throws {
    let report = try explore(.exhaustive, name: word, Self.scenario(word))
    #expect(report.abandoned == 0 && report.executions == count)
    let brute = ObservingStrategy(BruteForceStrategy())
    _ = try survey(brute, Self.scenario(word))
    #expect(brute.observed.traces.count == count)
  }
}
