// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// A request that all searches of this process end before their next execution, as at a limit.
///
/// For executables: a handler of `SIGINT` or `SIGTERM` may call ``request()``. What a search has done is in its
/// checkpoint then, if it has one.
public enum SearchInterruption {
  private static let flag = Atomic(false)

  /// Whether it has been made; looked at once before a signal can come, so that the handler has nothing to set up.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Makes the request, for good.
  public static func request() { flag.store(true, ordering: .relaxed) }
}
