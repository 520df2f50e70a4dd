// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation
internal import Synchronization

/// Ends searches at a signal, so that what they have done is kept; a second signal ends the process.
enum Signals {
  private static let last = Atomic<Int32>(0)

  /// The exit code of a process that a signal has ended.
  static var exitCode: Int32 { 128 + last.load(ordering: .relaxed) }

  /// Begins to look for signals, but for those that the parent has had ignored.
  static func watch() {
    // What the handler uses has to be there before it runs.
    _ = (exitCode, SearchInterruption.isRequested)
    // Some parents start their children with all signals held back, which is not meant for them.
    var both = sigset_t()
    unsafe sigemptyset(&both)
    for number in [SIGINT, SIGTERM] { _ = unsafe sigaddset(&both, number) }
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &both, nil)
    for number in [SIGINT, SIGTERM] {
      let before = signal(number) { number in
        _ = signal(number, SIG_DFL)
        Signals.last.store(number, ordering: .relaxed)
        SearchInterruption.request()
      }
      if isIgnoring(before) { _ = signal(number, SIG_IGN) }
    }
  }

  /// Whether a handler is `SIG_IGN`, which is a number in C.
  private static func isIgnoring(_ handler: sighandler_t?) -> Bool {
    handler.map { unsafe unsafeBitCast($0, to: Int.self) } == 1
  }
}

/// A run that a signal has ended.
struct Interrupted: ToolError {
  let description: String
  var exitCode: Int32 { Signals.exitCode }
}
