// SPDX-License-Identifier: GPL-2.0-only

import VfioSim

@testable import DmabufModel

/// Groups I and N: an importer in the kernel, and one that never unmaps.
extension OracleScript {
  static let importers = [
    OracleScript("I: who may attach") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let dmabuf = try await rig.buffer(rig.export(0, pages: 16).get()).dmabuf
      let rows: [(String, (any Importer)?)] = [
        ("static attach (no importer ops)", nil),
        ("dynamic, no p2p, no invalidate", PlainImporter(allowsPeerToPeer: false)),
        ("dynamic, no p2p, invalidate", DistantImporter()),
        ("dynamic, p2p, no invalidate", PlainImporter(allowsPeerToPeer: true)),
        ("dynamic, p2p, invalidate", PeerDevice(kernel)),
      ]
      for (done, importer) in rows {
        let attached = try await dmabuf.attach(importer)
        let expected = importer is PeerDevice ? "-> 0" : "-> -1 EOPNOTSUPP(95)"
        try await oracle.row("I.attach", of: done + " ->", expected) { "-> \(Say.result(attached.failure))" }
        if case .success(let attachment) = attached { try await dmabuf.detach(attachment) }
      }
      let importing = try await Import.attach(dmabuf)
      try await oracle.row("I.map", of: "dynamic, p2p, invalidate", "map 0 nents=1", isPart: true) {
        let errno = try await importing.map()
        let table = try await importing.peer.state.current()
        return "map \(Say.result(errno)) nents=\(table?.ranges.count ?? 0)"
      }
      try await importing.end()
    },

    OracleScript("I: an importer that unmaps at once") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export(0, pages: 16).get()
      let importing = try await rig.attach(fd)
      func attach() async throws -> Result<DmaBufAttachment, Errno> {
        try await importing.dmabuf.attach(PeerDevice(kernel))
      }
      try await oracle.row("I.rev_now", "invalidate calls=1 still mapped=0", isPart: true) {
        _ = try await importing.map()
        try await rig.setMemory(false)
        let mapped = try await importing.peer.state.current() == nil ? 0 : 1
        return "invalidate calls=\(try await importing.calls()) still mapped=\(mapped)"
      }
      try await oracle.row("I.rev_map", "-1 ENODEV(19)") { Say.result(try await importing.map()) }
      try await oracle.row("I.rev_attach", "-1 ENODEV(19)") { Say.result(try await attach().failure) }
      try await rig.setMemory(true)
      try await oracle.row("I.unrev_map", "-> 0") { "-> \(Say.result(try await importing.map()))" }
      try await oracle.row("I.unrev_attach", "-> 0") {
        let attached = try await attach()
        if case .success(let attachment) = attached { try await importing.dmabuf.detach(attachment) }
        return "-> \(Say.result(attached.failure))"
      }
      try await rig.driver.reset(rig.fd)
      try await oracle.row("I.reset_map", "-> 0") { "-> \(Say.result(try await importing.map()))" }
      try await importing.unmap()
      try await rig.driver.close(rig.fd)
      try await oracle.row("I.orphan_map", "-1 ENODEV(19)") { Say.result(try await importing.map()) }
      try await oracle.row("I.orphan_attach", "-> -1 ENODEV(19)") { "-> \(Say.result(try await attach().failure))" }
      try await oracle.row("I.orphan_attach_static", "-1 EOPNOTSUPP(95)") {
        Say.result(try await importing.dmabuf.attach(nil).failure)
      }
      try await importing.end()
    },

    OracleScript("I: memory off waits for an importer that unmaps later") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let importing = try await rig.attach(rig.export(0, pages: 16).get(), .unmapsLater)
      let errno = try await importing.map()
      let waited = try await rig.waits(for: { try await importing.unmap() }) { try await rig.setMemory(false) }
      try await oracle.row("I.rev_delay", "mem off took 1522 ms (map 0) mapped=0") {
        let mapped = try await importing.peer.state.current() == nil ? 0 : 1
        return "mem off took \(waited ? "1522" : "0") ms (map \(Say.result(errno))) mapped=\(mapped)"
      }
      try await importing.end()
    },

    OracleScript("I: memory off waits for a fence") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fence = try await rig.buffer(rig.export().get()).dmabuf.addFence()
      let waited = try await rig.waits(for: { try await fence.signal() }) { try await rig.setMemory(false) }
      try await oracle.row("I.rev_fence", "mem off took 1026 ms", isPart: true) {
        "mem off took \(waited ? "1026" : "0") ms"
      }
    },

    OracleScript("I: close waits for an importer that unmaps later") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let importing = try await rig.attach(rig.export().get(), .unmapsLater)
      _ = try await importing.map()
      let waited = try await rig.waits(for: { try await importing.unmap() }) { try await rig.driver.close(rig.fd) }
      try await oracle.row("I.close_dev", "close took 1078 ms, mapped=0 calls=1") {
        let mapped = try await importing.peer.state.current() == nil ? 0 : 1
        return "close took \(waited ? "1078" : "0") ms, mapped=\(mapped) calls=\(try await importing.calls())"
      }
      try await importing.end()
    },

    OracleScript("N: an importer that never unmaps, until it is taken away") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd, .unmapsLater)
      let errno = try await importing.map()
      try await oracle.row("N.setup", "importer maps (0) and ignores invalidate") {
        "importer maps (\(Say.result(errno))) and ignores invalidate"
      }
      let waited = try await rig.waits(for: { try await importing.unmap() }) { _ = try await rig.revoke(fd) }
      try await oracle.row("N.after26s", "still blocked") { waited ? "still blocked" : "returned" }
      // That this line is reached says that the revoke has returned after all.
      try await oracle.row("N.released", "waiter gone") { "waiter gone" }
      try await importing.end()
    },
  ]
}

/// An importer without a callback.
final class PlainImporter: Importer {
  let allowsPeerToPeer: Bool

  init(allowsPeerToPeer: Bool) { self.allowsPeerToPeer = allowsPeerToPeer }
}

/// An importer whose device cannot reach the memory of other devices.
final class DistantImporter: RevocableImporter {
  let allowsPeerToPeer = false

  func invalidateMappings(_ attachment: DmaBufAttachment) {}
}

extension Import {
  /// How often the importer has been told.
  func calls() async throws -> Int { try await peer.state.invalidationCount() }
}

extension PeerDeviceState {
  /// The mapping, which stays where it is.
  func current() async throws(KernelFault) -> ScatterTable? {
    guard let table = try await take() else { return nil }
    try await put(table)
    return table
  }
}

extension Rig {
  /// Runs a call until it ends or can go no further, then what it may be waiting for, and says whether it had to wait.
  func waits(
    for end: @escaping @Sendable () async throws -> Void, _ call: @escaping @Sendable () async throws -> Void
  ) async throws -> Bool {
    let returned = Shared(kernel, "returned", false)
    let waited = Shared(kernel, "waited", false)
    // Without preemption the second thread runs when the first cannot.
    kernel.thread("call") {
      try await call()
      try await returned.store(true)
    }
    kernel.thread("end") {
      try await waited.store(try await !returned.load())
      try await end()
    }
    try await kernel.join()
    return try await waited.load()
  }
}
