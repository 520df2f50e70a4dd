// SPDX-License-Identifier: GPL-2.0-only

extension FileTable {
  /// The buffer of a descriptor, with a reference for the caller (semantics DB4).
  ///
  /// - Returns: ``Errno/badFileDescriptor`` for no open file, ``Errno/invalidArgument`` for one that is no DMABUF.
  /// - Context: Never sleeps and takes no lock. Undone by ``MappedFile/put(file:line:)``.
  ///
  /// The corresponding C function is `dma_buf_get`.
  public func dmaBuf(
    _ descriptor: FileDescriptor, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) -> Result<DmaBuf, Errno> {
    guard let open = try await get(descriptor, file: file, line: line) else { return .failure(.badFileDescriptor) }
    if let dmabuf = open as? DmaBuf { return .success(dmabuf) }
    try await open.put(file: file, line: line)
    return .failure(.invalidArgument)
  }
}
