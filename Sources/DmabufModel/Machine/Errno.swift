// SPDX-License-Identifier: GPL-2.0-only

/// An error of the modelled kernel: an answer, not a finding.
///
/// Model functions return it as a value, beside the error with which the simulator unwinds a thread.
public struct Errno: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
  /// The number, positive.
  public let rawValue: Int32

  /// Makes an errno of a number.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// The operation is not permitted.
  ///
  /// The corresponding C error is `EPERM`.
  public static let notPermitted = Errno(rawValue: 1)

  /// There is no such file or entry.
  ///
  /// The corresponding C error is `ENOENT`.
  public static let noSuchFileOrDirectory = Errno(rawValue: 2)

  /// A signal ended the call.
  ///
  /// The corresponding C error is `EINTR`.
  public static let interrupted = Errno(rawValue: 4)

  /// The device could not be reached.
  ///
  /// The corresponding C error is `EIO`.
  public static let ioError = Errno(rawValue: 5)

  /// There is no such open file.
  ///
  /// The corresponding C error is `EBADF`.
  public static let badFileDescriptor = Errno(rawValue: 9)

  /// Not now; another try may succeed.
  ///
  /// The corresponding C error is `EAGAIN`.
  public static let resourceTemporarilyUnavailable = Errno(rawValue: 11)

  /// There is not enough memory.
  ///
  /// The corresponding C error is `ENOMEM`.
  public static let noMemory = Errno(rawValue: 12)

  /// The file's mode does not allow it.
  ///
  /// The corresponding C error is `EACCES`.
  public static let permissionDenied = Errno(rawValue: 13)

  /// An address of user memory cannot be accessed.
  ///
  /// The corresponding C error is `EFAULT`.
  public static let badAddress = Errno(rawValue: 14)

  /// Somebody else is using it.
  ///
  /// The corresponding C error is `EBUSY`.
  public static let resourceBusy = Errno(rawValue: 16)

  /// It is there already.
  ///
  /// The corresponding C error is `EEXIST`.
  public static let fileExists = Errno(rawValue: 17)

  /// There is no such device, or it does not offer this.
  ///
  /// The corresponding C error is `ENODEV`.
  public static let noSuchDevice = Errno(rawValue: 19)

  /// An argument is not acceptable.
  ///
  /// The corresponding C error is `EINVAL`.
  public static let invalidArgument = Errno(rawValue: 22)

  /// The system has no more files.
  ///
  /// The corresponding C error is `ENFILE`.
  public static let tooManyOpenFilesInSystem = Errno(rawValue: 23)

  /// The process has no more descriptors.
  ///
  /// The corresponding C error is `EMFILE`.
  public static let tooManyOpenFiles = Errno(rawValue: 24)

  /// The ioctl or feature is unknown to the file.
  ///
  /// The corresponding C error is `ENOTTY`.
  public static let notATerminal = Errno(rawValue: 25)

  /// There is no space left.
  ///
  /// The corresponding C error is `ENOSPC`.
  public static let noSpace = Errno(rawValue: 28)

  /// Taking the lock could deadlock; back off.
  ///
  /// The corresponding C error is `EDEADLK`.
  public static let deadlockAvoided = Errno(rawValue: 35)

  /// A value is too large for its type.
  ///
  /// The corresponding C error is `EOVERFLOW`.
  public static let overflow = Errno(rawValue: 75)

  /// The file is in the wrong state: the buffer has been revoked already.
  ///
  /// The corresponding C error is `EBADFD`.
  public static let badFileDescriptorState = Errno(rawValue: 77)

  /// The operation is not supported here.
  ///
  /// The corresponding C error is `EOPNOTSUPP`.
  public static let notSupported = Errno(rawValue: 95)

  /// The address is taken.
  ///
  /// The corresponding C error is `EADDRINUSE`.
  public static let addressInUse = Errno(rawValue: 98)

  /// The time ran out.
  ///
  /// The corresponding C error is `ETIMEDOUT`.
  public static let timedOut = Errno(rawValue: 110)

  /// It has been done already.
  ///
  /// The corresponding C error is `EALREADY`.
  public static let alreadyInProcess = Errno(rawValue: 114)

  /// The C name: `ENODEV`.
  public var description: String {
    switch rawValue {
    case 1: "EPERM"
    case 2: "ENOENT"
    case 4: "EINTR"
    case 5: "EIO"
    case 9: "EBADF"
    case 11: "EAGAIN"
    case 12: "ENOMEM"
    case 13: "EACCES"
    case 14: "EFAULT"
    case 16: "EBUSY"
    case 17: "EEXIST"
    case 19: "ENODEV"
    case 22: "EINVAL"
    case 23: "ENFILE"
    case 24: "EMFILE"
    case 25: "ENOTTY"
    case 28: "ENOSPC"
    case 35: "EDEADLK"
    case 75: "EOVERFLOW"
    case 77: "EBADFD"
    case 95: "EOPNOTSUPP"
    case 98: "EADDRINUSE"
    case 110: "ETIMEDOUT"
    case 114: "EALREADY"
    default: "errno \(rawValue)"
    }
  }
}
