// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Synchronization
import Testing
import VfioSim

@Suite("The seam between postings of the series")
struct SeamTests {
  @Test("each of the eleven functions is reached through the seam")
  func reachesEveryFunction() throws {
    let seen = CalledFunctions()
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, driver: RecordsCalls(seen))
      let fd = try await rig.export().get()
      let map = try await rig.map(fd).get()
      _ = try await rig.driver.load(map)
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      try await rig.driver.reset(rig.fd)
      _ = try await rig.revoke(fd)
      try await importing.end()
      try await rig.driver.close(rig.fd)
    }
    let expected = [
      "attach", "cleanup", "export", "fault", "map", "mmap", "move", "release", "revoke", "revoke ioctl", "unmap",
    ]
    #expect(seen.names.withLock { $0.sorted() } == expected)
  }

  @Test("a call that the driver makes to itself goes through the seam, too")
  func callsItselfThroughTheSeam() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let rig = try await Rig.open(kernel, driver: NeverRevokes())
        let fd = try await rig.export().get()
        let map = try await rig.map(fd).get()
        _ = try await rig.driver.load(map)
        try await rig.setMemory(false)
        _ = try await rig.driver.load(map)
      }
    }
    #expect(failure.finding.kind == .barViolation)
  }

  @Test("a wrapper with one function passes every other one on")
  func forwards() throws {
    let outer = CalledFunctions()
    let inner = CalledFunctions()
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, driver: NotesFaults(seen: outer, base: RecordsCalls(inner)))
      let fd = try await rig.export().get()
      _ = try await rig.driver.load(try await rig.map(fd).get())
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      try await rig.driver.reset(rig.fd)
      _ = try await rig.revoke(fd)
      try await importing.end()
      try await rig.driver.close(rig.fd)
    }
    #expect(outer.names.withLock { $0 } == ["fault"])
    #expect(inner.names.withLock { $0.count } == 11)
  }

  @Test("a type without functions of its own is the posted code")
  func posted() throws {
    struct Unchanged: VfioDmaBufDriver {}
    try explore(.exhaustive, FaultRevokeRaceTests.race(Unchanged()))
  }
}

/// Does nothing where a buffer is to be revoked, so that `move` has no effect.
private struct NeverRevokes: VfioDmaBufDriver {
  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {}
}

private final class CalledFunctions: Sendable {
  let names = Mutex<Set<String>>([])

  func note(_ name: String) { names.withLock { _ = $0.insert(name) } }
}

/// A test's own look at one function.
private struct NotesFaults: ForwardingDriver {
  let seen: CalledFunctions
  let base: any VfioDmaBufDriver

  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    seen.note("fault")
    return try await base.fault(buffer, fault, order: order)
  }
}

/// Notes each call and passes it on.
private struct RecordsCalls: ForwardingDriver {
  let seen: CalledFunctions
  let base: any VfioDmaBufDriver = PostedV1()

  init(_ seen: CalledFunctions) { self.seen = seen }

  func attach(_ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment) async throws(KernelFault) -> Errno? {
    seen.note("attach")
    return try await base.attach(buffer, attachment)
  }

  func mmap(_ buffer: VfioPciDmaBuf, _ request: MmapRequest) async throws(KernelFault) -> Result<AreaSetup, Errno> {
    seen.note("mmap")
    return try await base.mmap(buffer, request)
  }

  func map(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment
  ) async throws(KernelFault) -> Result<ScatterTable, Errno> {
    seen.note("map")
    return try await base.map(buffer, attachment)
  }

  func unmap(
    _ buffer: VfioPciDmaBuf, _ attachment: DmaBufAttachment, _ table: ScatterTable
  ) async throws(KernelFault) {
    seen.note("unmap")
    try await base.unmap(buffer, attachment, table)
  }

  func release(_ buffer: VfioPciDmaBuf) async throws(KernelFault) {
    seen.note("release")
    try await base.release(buffer)
  }

  func export(
    _ vdev: VfioPciDevice, _ ranges: [PhysicalRange], _ bar: BarMemory, flags: OpenFlags, deviceFile: VfioDeviceFile?
  ) async throws(KernelFault) -> Result<VfioPciDmaBuf, Errno> {
    seen.note("export")
    return try await base.export(vdev, ranges, bar, flags: flags, deviceFile: deviceFile)
  }

  func applyRevoke(_ buffer: VfioPciDmaBuf, revoked: Bool, permanently: Bool) async throws(KernelFault) {
    seen.note("revoke")
    try await base.applyRevoke(buffer, revoked: revoked, permanently: permanently)
  }

  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {
    seen.note("move")
    try await base.move(vdev, revoked: revoked)
  }

  func cleanup(_ vdev: VfioPciDevice) async throws(KernelFault) {
    seen.note("cleanup")
    try await base.cleanup(vdev)
  }

  func revoke(
    _ vdev: VfioPciDevice, _ descriptor: FileDescriptor, of process: UserProcess
  ) async throws(KernelFault) -> Errno? {
    seen.note("revoke ioctl")
    return try await base.revoke(vdev, descriptor, of: process)
  }

  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    seen.note("fault")
    return try await base.fault(buffer, fault, order: order)
  }
}
