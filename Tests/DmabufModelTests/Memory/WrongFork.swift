// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// In which order a broken fork makes a child's area visible and copies its page table entries.
enum WrongForkOrder: Sendable, CaseIterable {
  case linkBeforeParent
  case linkAfterCopying
}

extension ProcessMemory {
  /// A fork that gets semantics MM22 wrong in one of two ways.
  func wrongFork(_ order: WrongForkOrder) async throws(KernelFault) -> ProcessMemory {
    let child = ProcessMemory(kernel)
    try await lock.downWrite()
    for area in await areas.all {
      try await area.lock.startWrite(file: #fileID, line: #line)
      let copy = area.copy(of: area.addresses, in: child.pageTable, isWriteLocked: false)
      try await copy.file.get(file: #fileID, line: #line)
      if order == .linkBeforeParent { try await link(copy, beside: area, before: true) }
      try await child.pageTable.copy(area.addresses, from: pageTable, file: #fileID, line: #line)
      if order == .linkAfterCopying { try await link(copy, beside: area, before: false) }
      await child.areas.insertNow(copy)
    }
    try await endSystemCall(#fileID, #line)
    return child
  }

  private func link(
    _ copy: VirtualMemoryArea, beside area: VirtualMemoryArea, before: Bool
  ) async throws(KernelFault) {
    let mapping = area.file.mapping
    try await mapping.lock.downWrite()
    await mapping.areas.insert(LinkedArea(copy), after: area.lock.object)
    if before {
      await mapping.areas.remove(area.lock.object)
      await mapping.areas.insert(LinkedArea(area), after: copy.lock.object)
    }
    try await mapping.lock.upWrite()
  }
}
