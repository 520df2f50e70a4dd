// SPDX-License-Identifier: GPL-2.0-only

/// What a page table entry leads to: memory on the other side of a physical address, such as a BAR.
///
/// A load or a store is one step together with the look at the page table entry, because clearing an entry waits, with
/// its flush of the TLBs, for the accesses that are under way.
public protocol PhysicalMemory: Sendable {
  /// What a load or store does to objects of the machine, to be declared together with the look at the entry.
  ///
  /// The same whatever happens meanwhile, so that it can be said before the step is taken.
  func accesses(isWrite: Bool) -> (ObjectAccess, ObjectAccess?)

  /// Reads, inside of the caller's step.
  func loadNow(_ address: UInt64, width: Int) throws(KernelFault) -> UInt64

  /// Writes, inside of the caller's step.
  func storeNow(_ address: UInt64, width: Int, _ value: UInt64) throws(KernelFault)
}
