// SPDX-License-Identifier: GPL-2.0-only

/// An area as an unmap of its file sees it.
///
/// Not the area itself: that leads to its file and from there back to here, a ring that an execution would leave in
/// memory when it is given up early.
struct LinkedArea: Sendable {
  /// The object that the area is known by.
  let area: ObjectID
  let start: UInt64
  let end: UInt64
  let filePages: Range<UInt64>
  let pageTable: PageTable

  init(_ area: VirtualMemoryArea) {
    self.area = area.lock.object
    start = area.start
    end = area.end
    filePages = area.filePages
    pageTable = area.pageTable
  }

  /// The addresses at which the area maps those of the given pages of the file that it maps.
  func addresses(of pages: Range<UInt64>) -> Range<UInt64> {
    let part = filePages.clamped(to: pages)
    let first = start + (part.lowerBound - filePages.lowerBound) << Page.shift
    return first..<first + UInt64(part.count) << Page.shift
  }
}

/// The areas that map a file, in the order in which a walk visits them: by their first page of the file.
///
/// `i_mmap_rwsem` must be held for each access. It orders them, so that an access is not a step.
///
/// The corresponding C member is `i_mmap`.
actor IntervalTree: KernelActor {
  nonisolated let kernel: Kernel
  nonisolated let object: ObjectID
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe kernel.asUnownedSerialExecutor() }

  @safe @exclusivity(unchecked) private(set) var all: ContiguousArray<LinkedArea> = []

  init(_ kernel: Kernel) {
    self.kernel = kernel
    object = kernel.register("i_mmap")
  }

  /// The areas that map one of the pages.
  ///
  /// The corresponding C macro is `vma_interval_tree_foreach`.
  func areas(overlapping pages: Range<UInt64>) -> [LinkedArea] {
    let found = all.filter { $0.filePages.overlaps(pages) }
    observed(found.map(\.area))
    return found
  }

  /// Inserts an area after all that start at the same page.
  ///
  /// The corresponding C function is `vma_interval_tree_insert`.
  func insert(_ new: LinkedArea) {
    let place = all.firstIndex { $0.filePages.lowerBound > new.filePages.lowerBound } ?? all.count
    all.insert(new, at: place)
    changed()
  }

  /// Inserts an area directly after another that maps the same pages (semantics MM22).
  ///
  /// The corresponding C function is `vma_interval_tree_insert_after`.
  func insert(_ new: LinkedArea, after other: ObjectID) {
    let place = all.firstIndex { $0.area == other } ?? all.count - 1
    all.insert(new, at: place + 1)
    changed()
  }

  /// Removes an area.
  ///
  /// The corresponding C function is `vma_interval_tree_remove`.
  func remove(_ area: ObjectID) {
    all.removeAll { $0.area == area }
    changed()
  }

  func describe(to fingerprint: inout Fingerprint) { fingerprint.add(all.map(\.area)) }
}
