// SPDX-License-Identifier: GPL-2.0-only

/// A machine to be timed: its processors, and what things cost on it.
public struct TimedMachine: Sendable, Hashable {
  /// The name.
  public var name: String
  /// The number of sockets.
  public var sockets: Int
  /// The number of cores in a socket.
  public var cores: Int
  /// The number of processors in a core.
  public var threads: Int
  /// What things cost.
  public var costs: CostModel

  /// Describes a machine.
  public init(_ name: String, sockets: Int, cores: Int, threads: Int, costs: CostModel) {
    self.name = name
    self.sockets = sockets
    self.cores = cores
    self.threads = threads
    self.costs = costs
  }

  /// The number of processors.
  public var processors: Int { sockets * cores * threads }

  /// The socket and the core of a processor.
  ///
  /// Numbered as a scheduler fills an idle machine: the sockets in turn, a core each, and the second processors of the
  /// cores last.
  func place(of processor: Int) -> (socket: Int, core: Int) {
    let core = processor % (sockets * cores)
    return (core % sockets, core / sockets)
  }

  /// What it takes to fetch a line from another processor.
  func distance(from one: Int, to other: Int) -> Int {
    if one == other { return 0 }
    let (left, right) = (place(of: one), place(of: other))
    if left.socket != right.socket { return costs.fromOtherSocket }
    return left.core == right.core ? costs.fromSibling : costs.fromSocket
  }
}
