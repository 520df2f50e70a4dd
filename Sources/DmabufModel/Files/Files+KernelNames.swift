// SPDX-License-Identifier: GPL-2.0-only
// swift-format-ignore-file: AlwaysUseLowerCamelCase

// Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests

// The names in C, for those who type them; no code can call these.
extension File {
  /// Is called `get` here.
  @available(*, unavailable, renamed: "get")
  public func get_file(_: Any?...) async throws(KernelFault) {}

  /// Is called `getActive` here.
  @available(*, unavailable, renamed: "getActive")
  public func get_file_active(_: Any?...) async throws(KernelFault) -> Bool { neverCalled() }

  /// Is called `put` here.
  @available(*, unavailable, renamed: "put")
  public func fput(_: Any?...) async throws(KernelFault) {}
}

// The names in C, for those who type them; no code can call these.
extension FileTable {
  /// Is called `install` here.
  @available(*, unavailable, renamed: "install")
  public func get_unused_fd_flags(_: Any?...) async throws(KernelFault) -> Result<FileDescriptor, Errno> {
    neverCalled()
  }

  /// Is called `install` here.
  @available(*, unavailable, renamed: "install")
  public func fd_install(_: Any?...) async throws(KernelFault) -> Result<FileDescriptor, Errno> { neverCalled() }

  /// Is called `get` here.
  @available(*, unavailable, renamed: "get")
  public func fget(_: Any?...) async throws(KernelFault) -> (any File)? { neverCalled() }

  /// Is called `remove` here.
  @available(*, unavailable, renamed: "remove")
  public func file_close_fd(_: Any?...) async throws(KernelFault) -> (any File)? { neverCalled() }
}

// The names in C, for those who type them; no code can call these.
extension UserProcess {
  /// Is called `exit` here.
  @available(*, unavailable, renamed: "exit")
  public func do_exit(_: Any?...) async throws(KernelFault) {}
}
