// SPDX-License-Identifier: GPL-2.0-only

/// The simulated kernel's log, as `dmesg` would show it.
public struct MessageLog: Sendable {
  /// How loud a line is.
  public enum Level: String, Sendable {
    /// For developers.
    case debug
    /// Something that should not be.
    case warning
    /// An error.
    case error
  }

  /// One line of the log.
  public struct Entry: Sendable, Hashable, CustomStringConvertible {
    /// The number of steps that had been taken.
    public let step: Int
    /// The thread that wrote it.
    public let thread: String
    /// How loud it is.
    public let level: Level
    /// The text.
    public let text: String

    /// The line as it is printed.
    public var description: String { "[step \(step)] \(thread): \(text)" }
  }

  /// The lines, the oldest first.
  public private(set) var entries: [Entry] = []

  mutating func reset() {
    entries.removeAll(keepingCapacity: true)
  }

  mutating func append(_ level: Level, _ text: String, _ step: Int, _ thread: String) {
    entries.append(Entry(step: step, thread: thread, level: level, text: text))
  }
}
