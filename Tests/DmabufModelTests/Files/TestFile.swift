// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// A file that writes down its release.
final class TestFile: File {
  let core: FileCore
  let name: String
  private let onRelease: @Sendable () async throws(KernelFault) -> Void

  /// Makes a file with one reference.
  init(
    _ kernel: Kernel, _ name: String = "file", flags: OpenFlags = .readWrite,
    onRelease: @escaping @Sendable () async throws(KernelFault) -> Void = { () async throws(KernelFault) in }
  ) {
    core = FileCore(kernel, flags: flags)
    self.name = name
    self.onRelease = onRelease
  }

  func release() async throws(KernelFault) { try await onRelease() }
}
