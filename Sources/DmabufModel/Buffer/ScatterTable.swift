// SPDX-License-Identifier: GPL-2.0-only

/// A piece of physical memory.
///
/// The corresponding C type is `struct phys_vec`.
public struct PhysicalRange: Hashable, Sendable {
  /// Where it starts.
  public let address: UInt64
  /// The length in bytes.
  public let length: UInt64

  /// Names a piece of physical memory.
  public init(address: UInt64, length: UInt64) {
    self.address = address
    self.length = length
  }
}

/// A mapping of a buffer for one importer's device; alive from map to unmap.
///
/// The corresponding C type is `struct sg_table`.
public final class ScatterTable: Sendable {
  /// The structure itself; a device that uses the mapping after it was unmapped is a use after free.
  public let allocation: Allocation
  /// What the device can reach.
  public let ranges: [PhysicalRange]

  /// Makes a mapping.
  ///
  /// Not a step. Undone by ``free(_:file:line:)``.
  public init(_ kernel: Kernel, _ ranges: [PhysicalRange]) {
    self.ranges = ranges
    allocation = kernel.allocate("struct sg_table")
  }

  /// Ends the mapping; one that has ended already is a finding.
  ///
  /// - Context: Waits for nothing. An exporter calls it from its unmap, with the reservation lock held, which is not
  ///   checked here.
  ///
  /// The corresponding C function is `dma_buf_free_sgt`.
  public func free(
    _ kernel: Kernel, file: StaticString = #fileID, line: UInt = #line
  ) async throws(KernelFault) {
    try await kernel.free(allocation, file: file, line: line)
  }
}
