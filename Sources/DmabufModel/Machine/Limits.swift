// SPDX-License-Identifier: GPL-2.0-only

/// The limits of an execution and of a search.
///
/// A limit that was hit is reported, and is never a pass.
public struct Limits: Sendable, Hashable {
  /// The number of steps that one execution may take before it counts as a livelock.
  ///
  /// `DMABUF_MAX_STEPS` overrides it.
  public var stepsPerExecution = 1_000_000
  /// The number of executions that an exhaustive search may take.
  ///
  /// `DMABUF_MAX_SCHEDULES` overrides it.
  public var executions = 10_000_000
  /// The seconds that a search may take; nothing for as long as it needs.
  ///
  /// The clock is looked at between two executions, and decides nothing but where the search ends. `DMABUF_SECONDS`
  /// overrides it.
  public var seconds: Double?
  /// The number of pairs of independent steps that an exhaustive search takes in both orders at its end.
  ///
  /// That they commute is what its proof rests on; see ``checkCommutation(pairs:seed:limits:_:)``.
  /// `DMABUF_COMMUTING_PAIRS` overrides it. The default is a dozen in a debug build of the package, else none.
  public var commutingPairs = Limits.defaultPairs
  #if DEBUG
  private static let defaultPairs = 12
  #else
  private static let defaultPairs = 0
  #endif
  /// In how many executions, the first ones, a search that relies on what steps declare holds the steps against it.
  ///
  /// See ``KernelActor``. `DMABUF_CHECKED_EXECUTIONS` overrides it. The default is 1,000 in a debug build of the
  /// package, else none.
  public var checkedExecutions = Limits.defaultChecked
  #if DEBUG
  private static let defaultChecked = 1_000
  #else
  private static let defaultChecked = 0
  #endif
  /// After how many executions a search that has a checkpoint writes it again.
  public var executionsPerCheckpoint = 20_000
  /// The number of steps that threads may attempt after the machine has stopped.
  var stepsWhileUnwinding = 10_000

  /// The default limits.
  public init() {}
}
