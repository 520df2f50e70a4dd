// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// The C names, for those who type them: the compiler answers with the Swift name.
extension Errno {
  /// The operation is not permitted.
  @available(*, unavailable, renamed: "notPermitted")
  public static var EPERM: Errno { notPermitted }

  /// There is no such file or entry.
  @available(*, unavailable, renamed: "noSuchFileOrDirectory")
  public static var ENOENT: Errno { noSuchFileOrDirectory }

  /// A signal ended the call.
  @available(*, unavailable, renamed: "interrupted")
  public static var EINTR: Errno { interrupted }

  /// The device could not be reached.
  @available(*, unavailable, renamed: "ioError")
  public static var EIO: Errno { ioError }

  /// There is no such open file.
  @available(*, unavailable, renamed: "badFileDescriptor")
  public static var EBADF: Errno { badFileDescriptor }

  /// Not now; another try may succeed.
  @available(*, unavailable, renamed: "resourceTemporarilyUnavailable")
  public static var EAGAIN: Errno { resourceTemporarilyUnavailable }

  /// There is not enough memory.
  @available(*, unavailable, renamed: "noMemory")
  public static var ENOMEM: Errno { noMemory }

  /// The file's mode does not allow it.
  @available(*, unavailable, renamed: "permissionDenied")
  public static var EACCES: Errno { permissionDenied }

  /// An address of user memory cannot be accessed.
  @available(*, unavailable, renamed: "badAddress")
  public static var EFAULT: Errno { badAddress }

  /// Somebody else is using it.
  @available(*, unavailable, renamed: "resourceBusy")
  public static var EBUSY: Errno { resourceBusy }

  /// It is there already.
  @available(*, unavailable, renamed: "fileExists")
  public static var EEXIST: Errno { fileExists }

  /// There is no such device, or it does not offer this.
  @available(*, unavailable, renamed: "noSuchDevice")
  public static var ENODEV: Errno { noSuchDevice }

  /// An argument is not acceptable.
  @available(*, unavailable, renamed: "invalidArgument")
  public static var EINVAL: Errno { invalidArgument }

  /// The system has no more files.
  @available(*, unavailable, renamed: "tooManyOpenFilesInSystem")
  public static var ENFILE: Errno { tooManyOpenFilesInSystem }

  /// The process has no more descriptors.
  @available(*, unavailable, renamed: "tooManyOpenFiles")
  public static var EMFILE: Errno { tooManyOpenFiles }

  /// The ioctl or feature is unknown to the file.
  @available(*, unavailable, renamed: "notATerminal")
  public static var ENOTTY: Errno { notATerminal }

  /// There is no space left.
  @available(*, unavailable, renamed: "noSpace")
  public static var ENOSPC: Errno { noSpace }

  /// Taking the lock could deadlock; back off.
  @available(*, unavailable, renamed: "deadlockAvoided")
  public static var EDEADLK: Errno { deadlockAvoided }

  /// A value is too large for its type.
  @available(*, unavailable, renamed: "overflow")
  public static var EOVERFLOW: Errno { overflow }

  /// The file is in the wrong state: the buffer has been revoked already.
  @available(*, unavailable, renamed: "badFileDescriptorState")
  public static var EBADFD: Errno { badFileDescriptorState }

  /// The operation is not supported here.
  @available(*, unavailable, renamed: "notSupported")
  public static var EOPNOTSUPP: Errno { notSupported }

  /// The address is taken.
  @available(*, unavailable, renamed: "addressInUse")
  public static var EADDRINUSE: Errno { addressInUse }

  /// The time ran out.
  @available(*, unavailable, renamed: "timedOut")
  public static var ETIMEDOUT: Errno { timedOut }

  /// It has been done already.
  @available(*, unavailable, renamed: "alreadyInProcess")
  public static var EALREADY: Errno { alreadyInProcess }
}
