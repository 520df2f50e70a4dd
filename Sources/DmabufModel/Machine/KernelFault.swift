// SPDX-License-Identifier: GPL-2.0-only

/// The error with which a simulated thread unwinds when the machine stops.
///
/// It carries no cause: the machine has already written down what happened (a ``Finding``), or the search has given
/// this execution up. Model code and scenarios let it pass. It is never an answer of the modelled kernel: those are
/// values of type ``Errno``.
public struct KernelFault: Error, Hashable {
  @usableFromInline
  init() {}
}

/// The machine's name for a simulated thread.
///
/// It tells one thread from another and says nothing else: the number behind it is given in the order in which threads
/// are started, and where several threads start others that is a matter of the schedule.
public struct ThreadID: Hashable, Sendable {
  /// The number; the thread that runs the scenario is 0.
  let rawValue: UInt8

  init(_ index: Int) { rawValue = UInt8(truncatingIfNeeded: index) }

  var index: Int { Int(rawValue) }

  /// The thread that runs the scenario itself.
  public static let main = ThreadID(0)

  /// Orders threads by the time of their start.
  static func < (left: ThreadID, right: ThreadID) -> Bool { left.rawValue < right.rawValue }
}
