// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel
@testable import VfioSim

/// A search by states takes two states for one if the descriptions of all actors are the same.
@Suite("A change of the device's state")
struct DescribeTests {
  @Test("changes the description of the actor that it is in", arguments: Change.all)
  func changesTheDescription(change: Change) throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let buffer = try await rig.buffer(rig.export().get())
      let actor = change.actor(rig.device, buffer)
      let before = actor.description(kernel)
      try await change.make(rig.device, buffer)
      try kernel.check(before != nil, "\(change.name): the actor cannot be described")
      try kernel.check(before != actor.description(kernel), "\(change.name) does not show")
      try await change.undo(rig.device, buffer)
    }
  }
}

/// A change of one field.
struct Change: Sendable, CustomTestStringConvertible {
  typealias Body = @Sendable (VfioPciDevice, VfioPciDmaBuf) async throws -> Void

  let name: String
  let actor: @Sendable (VfioPciDevice, VfioPciDmaBuf) -> any KernelActor
  let make: Body
  var undo: Body = { _, _ in }

  var testDescription: String { name }

  static let all: [Change] = [
    Change(name: "the status", actor: { $1.status }) { device, buffer in
      try await device.memoryLock.downWrite()
      try await device.driver.applyRevoke(buffer, revoked: true, permanently: false)
      try await device.memoryLock.upWrite()
    },
    Change(name: "the device of a buffer", actor: { $1.vdev }) { device, buffer in
      try await device.memoryLock.downWrite()
      try await buffer.dmabuf.reservation.lock()
      try await buffer.vdev.clear()
      try await buffer.dmabuf.reservation.unlock()
      try await device.memoryLock.upWrite()
    } undo: { device, buffer in
      try await device.dmabufs.remove(buffer)
      try await device.putRegistration()
    },
    Change(name: "the open count", actor: { device, _ in device.openCount }) { device, _ in
      try await device.openCount.store(2)
    },
    Change(name: "the list of buffers", actor: { device, _ in device.dmabufs }) { device, buffer in
      try await device.dmabufs.remove(buffer)
    } undo: { device, buffer in
      try await device.dmabufs.append(buffer)
    },
    Change(name: "the command as the user sees it", actor: { device, _ in device.virtualConfig }) { device, _ in
      try await device.virtualConfig.setCommand([.memory, .master])
    },
    Change(name: "the command register", actor: { device, _ in device.pci.decode }) { device, _ in
      try await device.pci.decode.writeCommand([])
    },
    Change(name: "the power state", actor: { device, _ in device.pci.decode }) { device, _ in
      try await device.pci.decode.setPower(.d3hot)
    } undo: { device, _ in
      try await device.pci.decode.setPower(.d0)
    },
    Change(name: "the power state in software", actor: { device, _ in device.pci.currentState }) { device, _ in
      try await device.pci.currentState.store(.d3hot)
    } undo: { device, _ in
      try await device.pci.currentState.store(.d0)
    },
    Change(name: "a byte of the BAR", actor: { _, buffer in buffer.bar }) { _, buffer in
      try await buffer.bar.write(at: 0, width: 1, 7)
    },
  ]
}

extension KernelActor {
  /// What a search by states knows of the actor's own fields; nothing for one that cannot say.
  nonisolated func description(_ kernel: Kernel) -> UInt64? {
    assumeIsolated { actor in
      var fingerprint = Fingerprint(kernel, seed: 0, ofOneExecution: true)
      actor.describe(to: &fingerprint)
      return fingerprint.isComplete ? fingerprint.bits : nil
    }
  }
}
