// SPDX-License-Identifier: GPL-2.0-only

/// The machine's name for one of its objects: an actor, an allocation or a thread.
///
/// It tells one object from another and says nothing else: the number behind it is given in the order of registration,
/// and where several threads register objects that is a matter of the schedule. So a body can neither see nor compare
/// it.
public struct ObjectID: Hashable, Sendable {
  /// The index in the machine's table of objects.
  @usableFromInline let rawValue: UInt32

  @usableFromInline
  init(_ index: Int) { rawValue = UInt32(truncatingIfNeeded: index) }

  @usableFromInline
  var index: Int { Int(rawValue) }

  /// Orders objects by the time of their registration.
  static func < (left: ObjectID, right: ObjectID) -> Bool { left.rawValue < right.rawValue }
}

/// What a step does to an object.
///
/// A search reads two things from it: whether two steps on one object commute (``commutes(with:)``), and which steps
/// can make each other wait.
public enum Access: UInt8, Sendable, CaseIterable {
  /// Reads and changes nothing.
  case read
  /// Writes, or reads and writes.
  case write
  /// Takes a lock for itself alone.
  case acquire
  /// Takes a lock together with other readers.
  case acquireShared
  /// Gives back a lock that was held alone.
  case release
  /// Gives back a reader's share of a lock.
  case releaseShared
  /// Waits for something that another thread makes true.
  case wait
  /// Makes something true that another thread may wait for.
  case wake
  /// Frees an allocation, and with it every field in it.
  case free
  /// A look of the machine itself, which touches no memory: the object may have been freed.
  ///
  /// Shared like ``read``. It depends on what changes the object, and not on the freeing of the structure around it.
  case look
  /// Changes the object so that the order of such changes makes no difference: one puts something in, another takes
  /// something else out.
  case update

  /// Whether two steps with these accesses to one object can change places without anyone noticing.
  public func commutes(with other: Access) -> Bool {
    isShared && other.isShared || self == .update && other == .update
  }

  /// Whether it is the machine that looks or keeps account, and not the modelled kernel.
  var isOfMachine: Bool { self == .look || self == .update }

  /// Whether the access leaves the object as it is for others, and commutes with all that do.
  @inlinable
  public var isShared: Bool {
    self == .read || self == .acquireShared || self == .releaseShared || self == .look
  }
}

/// One access to one object, for a step that touches several.
public struct ObjectAccess: Hashable, Sendable {
  /// The object.
  public let object: ObjectID
  /// What is done to it.
  public let access: Access

  /// Names an access to an object.
  public init(_ object: ObjectID, _ access: Access) {
    self.object = object
    self.access = access
  }
}

/// What an object has to offer to those who wait for it.
///
/// The meaning of each bit is the object's own: a lock offers to be taken, a completion to be done, a thread to be
/// joined. A pending step is enabled while the object offers all that the step needs.
///
/// What each step asks is written out: the standard library's way is generic, and a build without optimisation spent a
/// tenth of the test suite in it.
public struct Offer: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Makes an offer of the given bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Makes an offer of nothing.
  @inlinable
  public init() { rawValue = 0 }

  /// Whether nothing is offered.
  @inlinable
  public var isEmpty: Bool { rawValue == 0 }

  /// Whether another offer has all of this one.
  @inlinable
  public func isSubset(of other: Offer) -> Bool { rawValue & ~other.rawValue == 0 }

  /// Whether both offer the same.
  @inlinable
  public static func == (left: Offer, right: Offer) -> Bool { left.rawValue == right.rawValue }

  /// May be taken by one thread alone: a free mutex, an rwsem without holders.
  public static let exclusive = Offer(rawValue: 1)
  /// May be taken by a reader: an rwsem without a writer.
  public static let shared = Offer(rawValue: 2)
  /// Has happened: a completion with a token, a signalled fence, a thread that has ended.
  public static let done = Offer(rawValue: 4)
  /// Has been woken: a thread that sleeps in a lock's queue.
  static let woken = Offer(rawValue: 8)
}
