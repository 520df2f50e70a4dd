// SPDX-License-Identifier: GPL-2.0-only

/// When a file's memory must not be reached any more, as a property of state: nothing under test has to call it.
///
/// While no thread has the whole of the lock, what is revoked has no page table entry and no importer's mapping. The
/// machine looks in each step that releases the whole of the lock, and in each that sets an entry or makes a mapping.
///
/// ```swift
/// let rule = RevokeRule(device.lock, after: "the revoke") { look in look.load(device.isRevoked) }
/// let dmabuf = DmaBuf(kernel, exporter, size: Page.size, revokedWhen: [rule])
/// ```
public struct RevokeRule: Sendable {
  /// The lock; nothing for the reservation lock of the buffer that the rule is stated for.
  let lock: ObjectID?
  let event: String
  let isRevoked: @Sendable (inout Look) -> Bool

  /// States a rule.
  ///
  /// - Parameters:
  ///   - lock: The lock under which it is decided whether the memory may be reached.
  ///   - event: What has happened then, in a few words, for reports: `the revoke`.
  ///   - isRevoked: Whether it must not be reached, by what it reads through ``Look``. What it reads is written with
  ///     the lock held.
  public init(_ lock: some KernelLock, after event: String, isRevoked: @escaping @Sendable (inout Look) -> Bool) {
    self.init(lock: lock.object, event, isRevoked)
  }

  /// States a rule for a buffer of which it is decided under its own reservation lock whether it may be reached.
  ///
  /// - Parameters:
  ///   - event: What has happened then, in a few words, for reports.
  ///   - isRevoked: Whether the buffer must not be reached; see ``init(_:after:isRevoked:)``.
  public static func underReservationLock(
    after event: String, isRevoked: @escaping @Sendable (inout Look) -> Bool
  ) -> RevokeRule {
    RevokeRule(lock: nil, event, isRevoked)
  }

  private init(lock: ObjectID?, _ event: String, _ isRevoked: @escaping @Sendable (inout Look) -> Bool) {
    self.lock = lock
    self.event = event
    self.isRevoked = isRevoked
  }

  /// The same rule, with the reservation lock in the place of a lock that was not given.
  func under(_ reservation: Reservation) -> RevokeRule {
    lock == nil ? RevokeRule(lock: reservation.object, event, isRevoked) : self
  }
}
