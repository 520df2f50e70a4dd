// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The number of characters in a line of a report.
enum ReportWidth {
  /// Where nothing is known.
  static let usual = 120
  /// A table that is narrower cannot be read.
  private static let least = 80

  /// What fits: as `COLUMNS` says, else the terminal to which messages or results go.
  static func current(_ value: (String) -> String? = Environment.value) -> Int {
    if let columns = value("COLUMNS").flatMap({ Int($0) }), columns > 0 { return max(least, columns) }
    let terminal = Terminal.columns(of: 2) ?? Terminal.columns(of: 1) ?? Terminal.current?.columns
    return max(least, terminal ?? usual)
  }
}

/// The terminal at which a search may be watched.
///
/// That is the standard error's. Under `swift test` the standard error is a pipe to the package manager, which hands on
/// whole lines; if that in turn writes to a terminal, the search finds it at `/dev/tty`.
struct Terminal: Sendable {
  private let descriptor: Int32
  /// How long the search has to last before it says anything: a terminal that others write to as well is left alone by
  /// short ones.
  let patience: Duration

  /// The terminal, if there is one that can show more than lines of text.
  static let current: Terminal? = {
    if Environment.isTerminal(2) { return Terminal(descriptor: 2, patience: .milliseconds(200)) }
    guard Environment.isCapableTerminal, parentWritesToTerminal else { return nil }
    let descriptor = unsafe open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY)
    return descriptor < 0 ? nil : Terminal(descriptor: descriptor, patience: .seconds(2))
  }()

  /// The number of characters that a line has.
  var columns: Int { Self.columns(of: descriptor) ?? 80 }

  /// The number of characters in a line of a terminal; nothing for a descriptor of something else.
  static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : nil
  }

  func write(_ text: String) { Output.writeText(text, to: descriptor) }

  /// Whether the standard error of the process that has started this one is a terminal.
  private static var parentWritesToTerminal: Bool {
    #if os(Linux)
    var path = [CChar](repeating: 0, count: 256)
    let count = unsafe readlink("/proc/\(getppid())/fd/2", &path, path.count)
    let target = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty")
    #else
    return false
    #endif
  }
}
